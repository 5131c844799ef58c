"""Columns of a table as numbers: categories as indices, quantities standardised."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.errors import CheckpointError, ShapeError

__all__ = ["Categories", "Columns", "Quantity", "TableEncoder"]

Values = Sequence[str | None]
Columns = Mapping[str, Values]


class Categories:
    """A column of words as indices: 0 for a missing or unknown one, then the known ones in their order.

    values: the training values, None where one is missing
    """

    def __init__(self, values: Values) -> None:
        self.names = sorted({value for value in values if value is not None})
        self._numbers = {name: number + 1 for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        """How many indices there are, as an Embedding's num_embeddings counts them."""
        return len(self.names) + 1

    def encode(self, values: Values) -> npt.NDArray[np.int64]:
        """int64 [N]"""
        return np.array([0 if v is None else self._numbers.get(v, 0) for v in values], np.int64)


class Quantity:
    """A column of numbers, with mean 0 and deviation 1 over the training values; a missing one counts as 0.

    values: the training values, None where one is missing
    """

    def __init__(self, values: Values, name: str = "the column") -> None:
        self.name = name
        known = self._numbers(values)
        known = known[~np.isnan(known)]
        if not len(known):
            raise ShapeError(f"{name} has no values to take a mean of")
        self.mean = float(known.mean())
        self.std = float(known.std()) or 1.0

    def _numbers(self, values: Values) -> npt.NDArray[np.float64]:
        try:
            return np.array([np.nan if v is None else float(v) for v in values], np.float64)
        except ValueError as error:
            raise CheckpointError(f"{self.name} should hold numbers: {error}") from None

    def encode(self, values: Values) -> npt.NDArray[np.float32]:
        """float32 [N]"""
        scaled = (self._numbers(values) - self.mean) / self.std
        return np.where(np.isnan(scaled), 0, scaled).astype(np.float32)


class TableEncoder:
    """Several columns at once, by the statistics of the training table.

    columns: the training table, by the columns' names
    numeric, categorical: which columns to take, in this order
    """

    def __init__(self, columns: Columns, numeric: Sequence[str], categorical: Sequence[str]) -> None:
        self.quantities = {name: Quantity(_column(columns, name), name) for name in numeric}
        self.categories = {name: Categories(_column(columns, name)) for name in categorical}

    @property
    def sizes(self) -> list[int]:
        """How many indices each categorical column has, for its embedding."""
        return [len(categories) for categories in self.categories.values()]

    def encode(self, columns: Columns) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """float32 [N, quantities] and int64 [N, categories] of any table with these columns."""
        count = len(next(iter(columns.values()), ()))
        numbers = [q.encode(_column(columns, name)) for name, q in self.quantities.items()]
        indices = [c.encode(_column(columns, name)) for name, c in self.categories.items()]
        return (
            np.stack(numbers, 1) if numbers else np.zeros((count, 0), np.float32),
            np.stack(indices, 1) if indices else np.zeros((count, 0), np.int64),
        )


def _column(columns: Columns, name: str) -> Values:
    if name not in columns:
        raise ShapeError(f"the table has no column {name!r}; it has {', '.join(columns)}")
    return columns[name]
