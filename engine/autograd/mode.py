"""Whether ops are recorded: a switch per thread, as context managers that are decorators too."""

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


class Mode(threading.local):
    """The switches of the calling thread."""

    enabled = True
    inference = False

    def __init__(self) -> None:
        # Like PyTorch, the engine gives inf and NaN without comment. NumPy's own switch is per thread and
        # costs more than a small op where it is set around each kernel, so it is set where a thread starts.
        np.seterr(all="ignore")


MODE = Mode()


class _Switch:
    """Sets the mode within a `with` block, or within each call of a decorated function."""

    def __init__(self, enabled: bool, inference: bool | None = None) -> None:
        self._wanted = (enabled, inference)
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((MODE.enabled, MODE.inference))
        MODE.enabled = self._wanted[0]
        if self._wanted[1] is not None:
            MODE.inference = self._wanted[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        MODE.enabled, MODE.inference = self._before.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        enabled, inference = self._wanted

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Switch(enabled, inference):
                return function(*args, **kwargs)

        return wrapped


class no_grad(_Switch):
    """Nothing is recorded; results don't require gradients."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Switch):
    """Recording goes on, also within no_grad."""

    def __init__(self) -> None:
        super().__init__(True)


class inference_mode(_Switch):
    """As no_grad; `is_inference_mode_enabled` tells the two apart."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode, mode)


class set_grad_enabled(_Switch):
    """Recording on or off, from the call on; as a context manager, until the block ends."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self._at_call = (MODE.enabled, MODE.inference)
        MODE.enabled = mode

    def __enter__(self) -> None:
        self._before.append(self._at_call)
        MODE.enabled = self._wanted[0]


def is_grad_enabled() -> bool:
    return MODE.enabled


def is_inference_mode_enabled() -> bool:
    return MODE.inference
