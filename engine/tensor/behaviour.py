"""What scripts set once for a whole program. Here most of it holds anyway, and each function says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from engine.backends import native, threads
from engine.backends.numpy.blas import blas_threads, set_blas_threads
from engine.errors import EngineError

__all__ = [
    "are_deterministic_algorithms_enabled",
    "compile",
    "get_float32_matmul_precision",
    "get_num_threads",
    "set_float32_matmul_precision",
    "set_num_threads",
    "use_deterministic_algorithms",
]

F = TypeVar("F")


class Chosen:
    deterministic = False
    precision = "highest"


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Every algorithm is deterministic, whether asked for or not."""
    Chosen.deterministic = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What use_deterministic_algorithms was told."""
    return Chosen.deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """The least precision of float32 products: "highest", "high" or "medium".

    They are computed in float32 whichever is asked for.
    """
    if precision not in ("highest", "high", "medium"):
        raise EngineError(
            f'set_float32_matmul_precision: precision is "highest", "high" or "medium", not {precision!r}'
        )
    Chosen.precision = precision


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision was told."""
    return Chosen.precision


def get_num_threads() -> int:
    """How many threads products run in."""
    return blas_threads() or threads()


def set_num_threads(num: int) -> None:
    """Let products and native kernels run in that many threads from now on; all else runs in one."""
    if num < 1:
        raise EngineError(f"set_num_threads: there must be at least one thread, not {num}")
    if not set_blas_threads(num):
        raise EngineError(
            f"set_num_threads: this NumPy brings no OpenBLAS of its own; set OPENBLAS_NUM_THREADS={num}, or "
            "the variable of its library, in the environment before Python starts"
        )
    native.set_threads(num)


def compile(
    model: F | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> F | Callable[[F], F]:
    """The module or function itself: it runs eagerly, with the same results. Without one, a decorator.

    The arguments say how PyTorch would compile, which changes its speed and never its results; there is
    nothing to choose here. state_dict keys get no "_orig_mod." in front.
    """
    if model is None:
        return lambda given: given
    if not callable(model):
        raise EngineError(f"compile takes a module or a function, not {model!r}")
    return model
