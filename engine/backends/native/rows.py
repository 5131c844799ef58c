"""How a kernel in C++ is called: what a row says of a call, and the function that an op's table holds."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
FLOAT32 = np.dtype(np.float32)
# below so many elements a NumPy kernel is done before the call has crossed over
WORTHWHILE = 4096


class Native(NamedTuple):
    """A call of the kernel `name` with these operands, for results of these shapes.

    inputs: contiguous arrays; outputs: the shapes of float32 results; ints, reals: the numbers it reads
    """

    name: str
    inputs: tuple[Array, ...]
    outputs: tuple[Shape, ...]
    ints: tuple[int, ...] = ()
    reals: tuple[float, ...] = ()


# from an op's operands and attributes to the call; None where the kernel isn't made for these
Row = Callable[..., Native | None]


def takes(*arrays: Array) -> bool:
    """Whether these are float32 without gaps, and the first is large enough to be worth the call."""
    return arrays[0].size >= WORTHWHILE and all(a.dtype is FLOAT32 and a.flags.c_contiguous for a in arrays)


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
        outputs = tuple([np.empty(shape, FLOAT32) for shape in call.outputs])
        run(call.inputs, outputs, call.ints, call.reals)
        return outputs[0] if len(outputs) == 1 else outputs

    return kernel
