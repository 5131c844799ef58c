"""How a tensor lies in memory, as far as users can ask and choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import DeviceError, EngineError, ShapeError

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = ["channels_last", "channels_last_3d", "contiguous_format", "preserve_format"]


class MemoryFormat:
    """The name of an order of axes in memory."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"engine.{self._name}"


contiguous_format = MemoryFormat("contiguous_format")
preserve_format = MemoryFormat("preserve_format")
channels_last = MemoryFormat("channels_last")
channels_last_3d = MemoryFormat("channels_last_3d")


# with the channels as the innermost axis in memory: [N, H, W, C] and [N, D, H, W, C]
CHANNELS_INNERMOST = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def order_of(name: str, memory_format: Any, ndim: int) -> tuple[int, ...] | None:
    """The axes from outermost to innermost in memory; None is row-major. ShapeError if ndim differs."""
    if memory_format is None:
        return None
    order = CHANNELS_INNERMOST.get(memory_format) if isinstance(memory_format, MemoryFormat) else None
    if order is None:
        check_memory_format(name, memory_format)
    elif len(order) != ndim:
        raise ShapeError(
            f"{name}: {memory_format!r} is for tensors of {len(order)} axes, and this has {ndim}"
        )
    return order


def check_memory_format(name: str, memory_format: Any) -> None:
    """Refuse the orders that the engine doesn't have; None is left out."""
    if memory_format is not None and memory_format not in (contiguous_format, preserve_format):
        raise EngineError(
            f"{name}: memory_format={memory_format!r} isn't supported, tensors are made in row-major "
            "order; leave it "
            "out, or permute() the axes"
        )


def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements apart neighbours along each axis (or one axis) are in memory."""
    width = input._data.dtype.itemsize
    strides = getattr(input._data, "strides", None)
    if strides is None:  # without memory: as if contiguous
        found, step = [], 1
        for n in reversed(input._data.shape):
            found.append(step)
            step *= max(n, 1)
        steps = tuple(reversed(found))
    else:
        steps = tuple(s // width for s in strides)
    return steps if dim is None else steps[dim]


def data_ptr(input: Tensor) -> int:
    """The address of the first element."""
    if input._device.type == "meta":
        raise DeviceError("data_ptr: a meta tensor has no memory; make it on a device that has, such as cpu")
    address: int = input._data.__array_interface__["data"][0]
    return address


def storage_offset(input: Tensor) -> int:
    """How many elements into the memory of its base a view begins; 0 for one that is no view."""
    base: Any = input._view_of
    if base is None:
        return 0
    return (data_ptr(input) - data_ptr(base)) // int(input._data.dtype.itemsize)
