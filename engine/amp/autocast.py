"""Mixed precision: products in bfloat16 (or float16), while weights and what is delicate stay float32."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

from engine.autograd.mode import MODE
from engine.device import Device
from engine.dtypes import DType, bfloat16, float16
from engine.errors import DTypeError
from engine.tensor.casting import casting, under_autocast

P = ParamSpec("P")
R = TypeVar("R")

_default = bfloat16


class autocast:
    """Within a with block, or a decorated function, products compute in `dtype`, losses in float32.

    device_type: of the tensors; "cpu"
    dtype: bfloat16 or float16; get_autocast_dtype() unless given
    enabled: False computes as without it, also within another autocast
    cache_enabled: convert a weight once, not for each use, until the outermost block ends

    Weights stay what they are, and their gradients come in their dtype. Call backward() outside the block: it
    computes in the dtypes of the forward pass, and is never cast. What computes in which precision says
    engine/tensor/casting.py.
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        # a block that casts nothing may be of a device that isn't here, as in enabled=cuda.is_available()
        self.device = Device(device_type).type if enabled else device_type
        self.fast_dtype = dtype or (get_autocast_dtype(device_type) if enabled else _default)
        if enabled and self.fast_dtype not in (bfloat16, float16):
            raise DTypeError(f"autocast computes in bfloat16 or float16, not {self.fast_dtype}")
        self._enabled = enabled
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._inside: list[casting] = []

    def __enter__(self) -> autocast:
        block = casting(self.fast_dtype if self._enabled else None, self._cache_enabled)
        block.__enter__()
        self._inside.append(block)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside.pop().__exit__()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return wrapped


def is_autocast_available(device_type: str) -> bool:
    """Whether there is autocast for a type of device."""
    return device_type == "cpu"


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    """Whether the calling thread's products are cast."""
    return Device(device_type).type == "cpu" and under_autocast()


def is_autocast_cache_enabled() -> bool:
    """Whether casts of weights are kept; True outside of any block."""
    return MODE.casting is None or MODE.casting.kept is not None


def get_autocast_dtype(device_type: str = "cpu") -> DType:
    """What autocast casts to: the block's dtype, or bfloat16, its default."""
    Device(device_type)
    return MODE.casting.dtype if MODE.casting is not None and MODE.casting.dtype is not None else _default
