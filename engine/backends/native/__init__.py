"""The native backend: NumPy's arrays and kernels, and kernels in C++ where they are quicker.

The core is built when the package is installed. Without a compiler there is none, and everything runs on the
numpy backend.
"""

import importlib
from typing import Any

import numpy as np

from engine.backends.native import activations, norms, updates
from engine.backends.native.rows import Row, eager
from engine.backends.numpy import BACKEND as NUMPY
from engine.backends.numpy import narrow
from engine.backends.numpy.blas import blas_threads
from engine.backends.registry import Backend, threads

__all__ = ["BACKEND", "ROWS", "get_threads", "report", "set_threads"]

ROWS: dict[str, Row] = {**activations.ROWS, **norms.ROWS, **updates.ROWS}


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


def _backend(core: Any) -> Backend:
    kernels = {name: eager(core, row, NUMPY.kernels[name]) for name, row in ROWS.items()}
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
BACKEND: Backend | None = None if _core is None else _backend(_core)


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
