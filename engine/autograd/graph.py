"""Looking into the graph, and deciding how it keeps tensors: PyTorch's `torch.autograd.graph`."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from engine.autograd.mode import MODE
from engine.autograd.node import AccumulateGrad, Node
from engine.autograd.tape import watch

__all__ = [
    "AccumulateGrad",
    "Node",
    "detect_anomaly",
    "is_anomaly_enabled",
    "saved_tensors_hooks",
    "set_detect_anomaly",
]


class saved_tensors_hooks:
    """Within this block, what the graph keeps of tensors goes through two functions.

    pack_hook: gets a tensor (outside the graph) when it is kept; what it returns is kept instead
    unpack_hook: gets that, when the gradient needs the tensor, and returns a tensor of the same values
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self._pair = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        MODE.packing = (*MODE.packing, self._pair)
        watch(1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        MODE.packing = MODE.packing[:-1]
        watch(-1)


class set_detect_anomaly:
    """Look for NaN in gradients from here on, or within a block; see detect_anomaly."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = MODE.anomaly
        self._set(bool(check_nan) if mode else None)

    @staticmethod
    def _set(anomaly: bool | None) -> None:
        watch((anomaly is not None) - (MODE.anomaly is not None))
        MODE.anomaly = anomaly

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._set(self._before)


class detect_anomaly:
    """Within this block, backward() raises NonFinite as soon as a rule gives NaN.

    The message names the op, and where the forward pass called it. For debugging: it slows everything down.
    check_nan: False keeps the record of where ops were called, without looking for NaN
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._switches: list[set_detect_anomaly] = []

    def __enter__(self) -> None:
        self._switches.append(set_detect_anomaly(True, self._check_nan))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._switches.pop().__exit__(kind, error, trace)


def is_anomaly_enabled() -> bool:
    return MODE.anomaly is not None
