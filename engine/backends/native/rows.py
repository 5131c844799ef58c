"""How a kernel in C++ is called: what a row says of a call, and the function that an op's table holds."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Form = tuple[Shape, np.dtype[Any]]
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
INT32, INT64 = np.dtype(np.int32), np.dtype(np.int64)
UINT8, BOOL = np.dtype(np.uint8), np.dtype(np.bool_)
# what a kernel's array may have
MOST_AXES = 8
# below so many elements a NumPy kernel is done before the call has crossed over
WORTHWHILE = 4096


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
# shapes, dtypes and strides alone, never at values: a captured step asks once and makes the call many times.
Row = Callable[..., Native | None]


def takes(*arrays: Array) -> bool:
    """Whether these are float32 without gaps, and the first isn't empty."""
    return arrays[0].size > 0 and all(a.dtype is FLOAT32 and a.flags.c_contiguous for a in arrays)


def like(x: Array) -> Form:
    """The form of a result of the same shape and dtype."""
    return x.shape, x.dtype


def packing(row: Row) -> Row:
    """The row, asked once more for copies of operands with gaps where it doesn't take them as they are."""

    def packed(*operands: Any) -> Native | None:
        found = row(*operands)
        if found is None and any(has_gaps(each) for each in operands):
            return row(*[np.ascontiguousarray(each) if has_gaps(each) else each for each in operands])
        return found

    return packed


def has_gaps(operand: Any) -> bool:
    """Whether an operand is an array that isn't without gaps."""
    return operand.__class__ is np.ndarray and not operand.flags.c_contiguous


def eager(core: Any, row: Row, fallback: Kernel) -> Kernel:
    """A kernel for the table of ops: in C++ where the row says so, else `fallback`."""
    handles: dict[str, Any] = {}

    def kernel(*operands: Any) -> Any:
        call = row(*operands)
        if call is None:
            return fallback(*operands)
        run = handles.get(call.name)
        if run is None:
            run = handles[call.name] = core.kernel(call.name)
        outputs = tuple([np.empty(shape, dtype) for shape, dtype in call.outputs])
        run(call.inputs, outputs, call.ints, call.reals)
        if len(outputs) == 1:
            return outputs[0]
        return outputs or None

    return kernel
