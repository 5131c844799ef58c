"""What convolutions and transposed convolutions share: arguments, weights, and how these start."""

import math
from typing import Any, ClassVar

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import init
from engine.nn.functional.spatial import per_axis
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import creation


class Filters(Module):
    """What all of them share: the arguments, the weight and the bias, and how both start."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False
    # "same" and "valid" are resolved where they are used
    padding: str | tuple[int, ...]

    def _set(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: str | Device | None,
        dtype: DType | None,
        output_padding: Any = 0,
    ) -> None:
        name = type(self).__name__
        for what, count in (("in_channels", in_channels), ("out_channels", out_channels)):
            if count < 1:
                raise ShapeError(f"{name}: {what} must be at least 1, not {count}")
            if groups < 1 or count % groups:
                raise ShapeError(f"{name}: {what} {count} isn't divisible into {groups} groups")
        modes = ("zeros",) if self.transposed else ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ShapeError(f"{name}: padding_mode must be one of {', '.join(modes)}, not {padding_mode!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.axes, 1)
        self.stride = per_axis(name, "stride", stride, self.axes, 1)
        self.padding = self._padding(name, padding)
        self.dilation = per_axis(name, "dilation", dilation, self.axes, 1)
        self.output_padding = per_axis(name, "output_padding", output_padding, self.axes, 0)
        self.groups = groups
        self.padding_mode = padding_mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype))
        self.bias = Parameter(creation.empty(out_channels, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def _padding(self, name: str, padding: Any) -> str | tuple[int, ...]:
        if not isinstance(padding, str) or self.transposed:
            return per_axis(name, "padding", padding, self.axes, 0)
        if padding not in ("same", "valid"):
            raise ShapeError(f"{name}: padding must be a number, 'same' or 'valid', not {padding!r}")
        if padding == "same" and set(self.stride) != {1}:
            raise ShapeError(
                f"{name}: padding 'same' keeps the size, which a stride of {self.stride} doesn't; "
                "give it as numbers"
            )
        return padding

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        # kaiming_uniform with a = sqrt(5) comes to this bound for the weight as well
        bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        parts.append(f"stride={self.stride}")
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * self.axes:
                parts.append(f"{name}={value}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)
