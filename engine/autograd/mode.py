"""Whether ops are recorded: a switch per thread, as context managers that are decorators too."""

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


class Mode(threading.local):
    """The switches of the calling thread.

    anomaly: None, or whether gradients are looked through for NaN (nodes remember where they were made)
    packing: the (pack, unpack) functions of saved_tensors_hooks, the innermost last
    casting: what autocast casts to (engine.tensor.casting), None outside of it
    """

    enabled = True
    inference = False
    anomaly: bool | None = None
    packing: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = ()
    casting: Any = None

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
        self._switch()

    def _switch(self) -> None:
        enabled, inference = self._wanted
        if inference is not None:
            MODE.inference = inference
        # nothing records within inference_mode but inference_mode(False)
        MODE.enabled = enabled and not MODE.inference

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        MODE.enabled, MODE.inference = self._before.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if inspect.isgeneratorfunction(function):
            return self._generator(function)  # type: ignore[return-value]  # of the same kind as `function`
        enabled, inference = self._wanted

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Switch(enabled, inference):
                return function(*args, **kwargs)

        return wrapped

    def _generator(self, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The switch holds while the generator runs, and not while its consumer does."""
        enabled, inference = self._wanted

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Iterator[Any]:
            generator: Any = function(*args, **kwargs)
            step, given = generator.send, None
            while True:
                try:
                    with _Switch(enabled, inference):
                        value = step(given)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]  # what the generator returns
                try:
                    given = yield value
                    step = generator.send
                except GeneratorExit:
                    generator.close()
                    raise
                except BaseException as error:  # whatever the consumer throws in, the generator sees
                    step, given = generator.throw, error

        return wrapped


class no_grad(_Switch):
    """Nothing is recorded; results don't require gradients. As `@no_grad` or `@no_grad()`, for a function."""

    def __new__(cls, orig_func: Any = None) -> Any:
        return super().__new__(cls) if orig_func is None else cls()(orig_func)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Switch):
    """Recording goes on, also within no_grad (but not within inference_mode)."""

    def __new__(cls, orig_func: Any = None) -> Any:
        return super().__new__(cls) if orig_func is None else cls()(orig_func)

    def __init__(self) -> None:
        super().__init__(True)


class inference_mode(_Switch):
    """As no_grad, and enable_grad doesn't end it; inference_mode(False) does.

    The engine gains nothing from knowing that a tensor was made here, so it may be used in a graph later,
    which PyTorch refuses.
    """

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode, mode)


class set_grad_enabled(_Switch):
    """Recording on or off: from the call on, until a `with` block ends, or within a decorated function."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._at_call = (MODE.enabled, MODE.inference)
        self._switch()

    def __enter__(self) -> None:
        self._before.append(self._at_call)
        self._switch()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        MODE.enabled, MODE.inference = self._at_call
        return super().__call__(function)


def is_grad_enabled() -> bool:
    return MODE.enabled


def is_inference_mode_enabled() -> bool:
    return MODE.inference
