"""The native backend: NumPy's arrays and kernels, and kernels in C++ where they are quicker.

The core is built when the package is installed. Without a compiler there is none, and everything runs on the
numpy backend.
"""

import importlib
from typing import Any, cast

import numpy as np

from engine.backends.native import (
    activations,
    attention,
    convolutions,
    copies,
    elementwise,
    extremes,
    indexing,
    losses,
    norms,
    orders,
    pools,
    products,
    random,
    recurrence,
    reductions,
    sampling,
    scans,
    steps,
    updates,
)
from engine.backends.native.rows import Row
from engine.backends.numpy import BACKEND as NUMPY
from engine.backends.numpy import narrow
from engine.backends.numpy.blas import blas_threads
from engine.backends.registry import Backend, Kernel, threads

__all__ = [
    "BACKEND",
    "IN_PLACE",
    "LEADING",
    "OVERWRITING",
    "ROWS",
    "STEPS",
    "TILE",
    "eager",
    "get_threads",
    "guards",
    "handle",
    "is_own",
    "program",
    "report",
    "set_threads",
    "unheld",
]

ROWS: dict[str, Row] = {
    **activations.ROWS,
    **attention.ROWS,
    **convolutions.ROWS,
    **copies.ROWS,
    **elementwise.ROWS,
    **extremes.ROWS,
    **indexing.ROWS,
    **losses.ROWS,
    **norms.ROWS,
    **orders.ROWS,
    **pools.ROWS,
    **products.ROWS,
    **random.ROWS,
    **recurrence.ROWS,
    **reductions.ROWS,
    **sampling.ROWS,
    **scans.ROWS,
    **steps.ROWS,
    **updates.ROWS,
}
# ops that overwrite operands, which therefore aren't copied to be without gaps
OVERWRITING = frozenset(
    {*steps.ROWS, *updates.ROWS, "accumulate", "assign", "copy", "fill", "track_statistics"}
)
# ops whose result may lie where an operand of the same form does: each element is read, then written
IN_PLACE = frozenset({*activations.ROWS, *elementwise.ROWS})
# ops that step an optimizer; many can be made together
STEPS = frozenset({*steps.ROWS, *updates.ROWS})
# kernels that say which parts of their first result are complete, for chains to follow them
LEADING = frozenset(
    {
        *("conv", "conv_no_bias", "conv_input_grad", "linear", "matmul", "max_pool_grad"),
        *("conv_volumes", "conv_volumes_no_bias", "conv_volumes_input_grad"),
    }
)


def _loaded() -> tuple[Any, str]:
    """The core, or None and why there is none."""
    try:
        core = importlib.import_module("engine.backends.native._core")
    except ImportError as error:
        if error.name == "engine.backends.native._core":
            return None, "it wasn't built when the package was installed, which takes a C++ compiler"
        return None, str(error)
    if not core.level():
        return None, "this processor is older than x86-64-v2"
    core.set_threads(blas_threads() or threads())
    return core, ""


_core, _reason = _loaded()
# elements that chained calls work on at a time
TILE: int = 0 if _core is None else _core.TILE


def eager(row: Row, fallback: Kernel, overwrites: bool) -> Kernel:
    """A kernel for the table of ops: in C++ where the row says so, else the fallback.

    What the row has said of operands it isn't asked again for others of the same form: arrays of the same
    shape, dtype and strides, and else the same values.
    overwrites: whether it changes operands, which then aren't copied to be without gaps
    """
    return cast(Kernel, _core.Eager(row, fallback, overwrites))


def _backend() -> Backend:
    kernels = {name: eager(row, NUMPY.kernels[name], name in OVERWRITING) for name, row in ROWS.items()}
    return Backend(
        "native",
        [{**NUMPY.kernels, **kernels, "expand": _core.expand}],
        array_type=np.ndarray,
        as_array=np.asarray,
        from_numpy=np.asarray,
        to_numpy=np.asarray,
        widened=narrow.widened,
    )


# None where there is no core
BACKEND: Backend | None = None if _core is None else _backend()


def is_own(op: str, kernel: Kernel) -> bool:
    """Whether this is the kernel of an op that has a row."""
    return op in ROWS and BACKEND is not None and BACKEND.kernels[op] is kernel


def handle(name: str) -> Any:
    """A kernel in C++."""
    return _core.kernel(name)


def program(slots: int) -> Any:
    """A list of calls to be made, for operands some of which lie in arrays that come with each run."""
    return _core.Program(slots)


def guards() -> Any:
    """Containers and what they hold, compared quickly; None without a core."""
    return None if _core is None else _core.Guards()


def unheld(arrays: list[Any]) -> Any:
    """The first array of a list that nobody else holds; None where there is none."""
    return _core.unheld(arrays)


def set_threads(count: int) -> None:
    """Let kernels share their work among so many threads from now on."""
    if _core is not None:
        _core.set_threads(count)


def get_threads() -> int:
    """How many threads kernels share their work among; 1 where there is no core."""
    return 1 if _core is None else int(_core.threads())


def report() -> dict[str, Any]:
    """Whether there is a native backend and what it was built for, JSON-safe."""
    if _core is None:
        return {"available": False, "reason": _reason}
    return {"available": True, "level": _core.level(), "kernels": len(_core.names())}
