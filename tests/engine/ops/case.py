"""What one test case of an op is, and how its operands are drawn."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Draw = Callable[[np.random.Generator], npt.NDArray[Any]]


def normal(*shape: int) -> Draw:
    return lambda rng: rng.standard_normal(shape)


def complex_normal(*shape: int) -> Draw:
    return lambda rng: rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def uniform(low: float, high: float, *shape: int) -> Draw:
    return lambda rng: rng.uniform(low, high, shape)


def integers(low: int, high: int, *shape: int) -> Draw:
    return lambda rng: rng.integers(low, high, shape)


def booleans(*shape: int) -> Draw:
    return lambda rng: rng.random(shape) < 0.5


def exactly(values: Any, dtype: Any = None) -> Draw:
    return lambda rng: np.array(values, dtype)


@dataclass(frozen=True)
class Case:
    """One call of an op.

    inputs: what draws each operand; floating-point and complex ones are tried in both precisions
    attrs: the op's attributes
    torch: the same in PyTorch, called with the module, the operands and the attributes; for ops that
        overwrite, it gives the overwritten operands. None where PyTorch has nothing like it.
    finite_differences: whether the operands lie where the function is smooth
    tolerance32: relative, for float32, where the usual 1e-5 is too much to ask; the case says why
    """

    inputs: tuple[Draw, ...] = ()
    attrs: tuple[Any, ...] = ()
    torch: Callable[..., Any] | None = None
    finite_differences: bool = True
    tolerance32: float = 1e-5

    def arrays(self, name: str, floating: Any) -> list[npt.NDArray[Any]]:
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        drawn = [draw(rng) for draw in self.inputs]
        of_kind = {"f": np.dtype(floating), "c": np.result_type(floating, np.complex64)}
        return [a.astype(of_kind.get(a.dtype.kind, a.dtype)) for a in drawn]
