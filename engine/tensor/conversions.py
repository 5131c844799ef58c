"""The same values in another dtype or on another device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.autograd.tape import Variable, unary, wrap
from engine.backends import MetaArray
from engine.device import CPU, Device
from engine.dtypes import (
    DType,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int16,
    int32,
    int64,
    of,
    uint8,
)
from engine.dtypes import bfloat16 as bfloat16_dtype
from engine.dtypes import bool_ as bool_dtype
from engine.errors import DTypeError
from engine.ops.elementwise import CLONE
from engine.tensor.layouts import preserve_format
from engine.tensor.promotion import cast
from engine.tensor.shapes import contiguous

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def destination(
    args: tuple[Any, ...], dtype: DType | None = None, device: str | Device | None = None
) -> tuple[DType | None, Device | None]:
    """What the arguments of a .to() ask for: dtypes, devices and tensors, in any order."""
    for arg in args:
        if isinstance(arg, DType):
            dtype = arg
        elif isinstance(arg, np.dtype):  # how gradient rules know an operand's dtype
            dtype = of(arg)
        elif isinstance(arg, Variable):
            dtype, device = of(arg._data.dtype), arg._device
        elif isinstance(arg, str | Device):
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            raise DTypeError(f"to() takes a dtype, a device or a tensor, not {arg!r}")
    return dtype, None if device is None else Device(device)


def to(
    input: Tensor,
    *args: Any,
    dtype: DType | None = None,
    device: str | Device | None = None,
    copy: bool = False,
    non_blocking: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor with another dtype, on another device, or both as another tensor has them.

    memory_format: also laid out like that, such as channels_last
    The tensor itself where nothing changes, unless copy. non_blocking is a hint that is never needed.
    """
    dtype, place = destination(args, dtype, device)
    flags = [arg for arg in args if isinstance(arg, bool)]  # by position: non_blocking, then copy
    copy = copy or (len(flags) > 1 and flags[1])
    out = input
    if place is not None and place is not input._device:
        if place.type == "meta":
            array = place.as_array(MetaArray(input.shape, input._data.dtype))
        else:
            array = place.backend.from_numpy(input._device.backend.to_numpy(input._data))
        out = wrap(array, place)
        out._requires = input._requires
    if dtype is not None:
        out = cast(out, dtype)
    out = unary(CLONE, out) if copy and out is input else out
    return laid_out(out, memory_format)


def laid_out(x: Tensor, memory_format: Any) -> Tensor:
    """The tensor in that order of memory; None and preserve_format leave it as it is."""
    return x if memory_format is None or memory_format is preserve_format else contiguous(x, memory_format)


def type_as(input: Tensor, other: Tensor) -> Tensor:
    return cast(input, other.dtype)


def float_(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, float32), memory_format)


def double(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, float64), memory_format)


def half(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, float16), memory_format)


def bfloat16(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, bfloat16_dtype), memory_format)


def cfloat(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, complex64), memory_format)


def cdouble(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, complex128), memory_format)


def long(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, int64), memory_format)


def int_(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, int32), memory_format)


def short(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, int16), memory_format)


def byte(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, uint8), memory_format)


def bool_(input: Tensor, memory_format: Any = None) -> Tensor:
    return laid_out(cast(input, bool_dtype), memory_format)


def cpu(input: Tensor) -> Tensor:
    return to(input, CPU)
