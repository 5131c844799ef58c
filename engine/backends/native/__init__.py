"""The native backend: NumPy's arrays and kernels, and kernels in C++ where they are quicker.

The core is built when the package is installed. Without a compiler there is none, and everything runs on the
numpy backend.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
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
    pools,
    products,
    random,
    recurrence,
    reductions,
    steps,
    updates,
)
from engine.backends.native.rows import WORTHWHILE, Row, eager, packing
from engine.backends.numpy import BACKEND as NUMPY
from engine.backends.numpy import narrow
from engine.backends.numpy.blas import blas_threads
from engine.backends.registry import Backend, Kernel, threads

__all__ = [
    "BACKEND",
    "EVERY",
    "IN_PLACE",
    "OVERWRITING",
    "ROWS",
    "everywhere",
    "get_threads",
    "guards",
    "handle",
    "is_own",
    "program",
    "report",
    "set_threads",
    "unheld",
    "whole",
]

ROWS: dict[str, Row] = {
    **activations.ROWS,
    **attention.ROWS,
    **convolutions.ROWS,
    **copies.CREATION,
    **copies.ROWS,
    **elementwise.ROWS,
    **extremes.ROWS,
    **indexing.ROWS,
    **losses.ROWS,
    **norms.ROWS,
    **pools.ROWS,
    **products.ROWS,
    **random.ROWS,
    **recurrence.ROWS,
    **reductions.ROWS,
    **steps.ROWS,
    **updates.ROWS,
}
# elements that a first operand must have in an eager step, where that isn't the usual number
LEAST: dict[str, int] = {**elementwise.LEAST, **random.LEAST}

# ops that overwrite operands, which therefore aren't copied to be without gaps
OVERWRITING = frozenset(
    {*steps.ROWS, *updates.ROWS, "accumulate", "assign", "copy", "fill", "track_statistics"}
)
# ops whose result may lie where an operand of the same form does: each element is read, then written
IN_PLACE = frozenset({*activations.ROWS, *elementwise.ROWS})


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


def _kernel(core: Any, name: str, row: Row, least: int) -> Kernel:
    """least: elements that the first operand must have, but within `everywhere`; 0 where it needn't be one"""
    fallback = NUMPY.kernels[name]
    kernel = eager(core, row if name in OVERWRITING else packing(row), fallback)
    return cast(Kernel, core.Choice(kernel, fallback, least)) if least else kernel


@contextmanager
def everywhere() -> Iterator[None]:
    """A `with` block in whose thread small operands aren't left to NumPy: eager steps then have the bits of
    captured ones, whose native kernels take operands of any size."""
    before = _core is not None and _core.set_everywhere(True)
    try:
        yield
    finally:
        if _core is not None:
            _core.set_everywhere(before)


def _backend(core: Any, small: bool) -> Backend:
    """small: whether operands are too that NumPy has done with before a call has crossed over"""
    kernels = {
        name: _kernel(core, name, row, 0 if small else LEAST.get(name, WORTHWHILE))
        for name, row in ROWS.items()
        if small or name not in copies.CREATION
    }
    return Backend(
        "native",
        [{**NUMPY.kernels, **kernels}],
        array_type=np.ndarray,
        as_array=np.asarray,
        from_numpy=np.asarray,
        to_numpy=np.asarray,
        widened=narrow.widened,
    )


# None where there is no core
BACKEND: Backend | None = None if _core is None else _backend(_core, small=False)
# the same, small operands or large: what a captured step is recorded with
EVERY: Backend | None = None if _core is None else _backend(_core, small=True)


def is_own(op: str, kernel: Kernel) -> bool:
    """Whether this is the kernel of an op that has a row."""
    return op in ROWS and any(each is not None and each.kernels[op] is kernel for each in (BACKEND, EVERY))


def whole(op: str, kernel: Kernel) -> Kernel:
    """The kernel that computes small operands natively too, where there is one; else the one given."""
    return EVERY.kernels[op] if EVERY is not None and is_own(op, kernel) else kernel


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
