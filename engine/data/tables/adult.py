"""The census data of 1994 (Becker and Kohavi, UCI Adult): is an income above 50,000 dollars?"""

from pathlib import Path

import numpy as np

from engine.data.dataset import Dataset, Indices
from engine.data.tables.columns import TableEncoder
from engine.data.tables.files import read_csv
from engine.errors import CheckpointError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy

__all__ = ["Adult"]


class Adult(Dataset):
    """32,561 people to train on and 16,281 to test on.

    Samples are (numbers float32 [6], categories int64 [8], target int64): 1 for an income above 50,000.
    Numbers are standardised and categories numbered by the training table, whichever split is read; index 0
    of a category says that it is missing.

    root: the folder of adult.data and adult.test, with the columns' names in their first rows

    numbers: float32 [N, 6]; categories: int64 [N, 8]; targets: int64 [N]
    encoder: what made them; encoder.sizes are the embeddings' sizes
    """

    numeric = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
    categorical = (
        *("workclass", "education", "marital-status", "occupation"),
        *("relationship", "race", "sex", "native-country"),
    )
    classes = ("<=50K", ">50K")

    def __init__(self, root: str | Path, train: bool = True) -> None:
        self.root = Path(root)
        self.train = train
        training = read_csv(self.root / "adult.data")
        self.encoder = TableEncoder(training, self.numeric, self.categorical)
        columns = training if train else read_csv(self.root / "adult.test")
        self.numbers, self.categories = self.encoder.encode(columns)
        labels = [(label or "").rstrip(".") for label in columns.get("target", [])]
        if len(labels) != len(self.numbers) or not set(labels) <= set(self.classes):
            raise CheckpointError(
                f"the column target in {self.root} should hold {' and '.join(self.classes)}, "
                f"not {', '.join(sorted(set(labels))[:5]) or 'nothing'}"
            )
        self.targets = np.array([self.classes.index(label) for label in labels], np.int64)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        return from_numpy(self.numbers[index]), from_numpy(self.categories[index]), int(self.targets[index])

    def fetch(self, indices: Indices) -> tuple[Tensor, Tensor, Tensor]:
        """The batch at once; see engine.data.Batched."""
        return (
            from_numpy(self.numbers[indices]),
            from_numpy(self.categories[indices]),
            from_numpy(self.targets[indices]),
        )
