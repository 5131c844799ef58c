"""How a kernel in C++ is called: what a row says of a call."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Form = tuple[Shape, np.dtype[Any]]
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
UINT8, BOOL = np.dtype(np.uint8), np.dtype(np.bool_)
# what a kernel's array may have
MOST_AXES = 8


class Native(NamedTuple):
    """A call of the kernel `name`.

    inputs: operands, or views of them; it overwrites those that the op overwrites
    outputs: shapes and dtypes of the results, which are new arrays without gaps
    ints, reals: the numbers it reads
    """

    name: str
    inputs: tuple[Array, ...]
    outputs: tuple[Form, ...]
    ints: tuple[int, ...] = ()
    reals: tuple[float, ...] = ()


# From an op's operands and attributes to the call; None where the kernel isn't made for these. It looks at
# shapes, dtypes, strides and flags alone, never at values, and what it says is remembered: a captured step
# asks once and makes the call many times, as does an eager one (src/eager.cpp), which shows it arrays that
# only look like the operands. One that overwrites may also look whether operands share memory.
Row = Callable[..., Native | None]


def takes(*arrays: Array) -> bool:
    """Whether these are float32 without gaps, and the first isn't empty."""
    return arrays[0].size > 0 and all(a.dtype is FLOAT32 and a.flags.c_contiguous for a in arrays)


def takes_step(*arrays: Array, step: Array | None = None, lr: Array | None = None) -> bool:
    """Whether these are what an optimizer's step is made of.

    arrays: the parameter, its gradient and its state, float32 without gaps, which the kernel reads as far as
        the parameter goes
    step, lr: the count of steps, in either dtype, and the learning rate, which is float64; a number each
    """
    if not takes(*arrays) or any(x.shape != arrays[0].shape for x in arrays):
        return False
    if step is not None and not (step.size == 1 and step.dtype in (FLOAT32, FLOAT64)):
        return False
    return lr is None or (lr.size == 1 and lr.dtype is FLOAT64)


def like(x: Array) -> Form:
    """The form of a result of the same shape and dtype."""
    return x.shape, x.dtype


def has_gaps(operand: Any) -> bool:
    """Whether an operand is an array that isn't without gaps."""
    return operand.__class__ is np.ndarray and not operand.flags.c_contiguous
