"""Convolutions over one, two and three spatial axes."""

from typing import Any, Literal

from engine.device import Device
from engine.dtypes import DType
from engine.nn import functional
from engine.nn.filters import Filters
from engine.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d"]

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


class _Convolution(Filters):
    def forward(self, input: Tensor) -> Tensor:
        call = getattr(functional, f"conv{self.axes}d")
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = functional.pad(input, self._widths(), self.padding_mode)
            padding = 0
        out: Tensor = call(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        return out

    def _widths(self) -> list[int]:
        """The padding as functional.pad takes it: the last axis first, before and after."""
        if self.padding == "valid":
            return [0] * (2 * self.axes)
        if not isinstance(self.padding, str):
            return [n for n in reversed(self.padding) for _ in range(2)]
        total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return [part for n in reversed(total) for part in (n // 2, n - n // 2)]


class Conv1d(_Convolution):
    """Cross-correlation of signals with learned filters.

    in_channels: channels of the input
    out_channels: filters, the channels of the result
    kernel_size: size of a filter
    stride: step from one window to the next
    padding: elements laid around each side, "same" (as many as keep the size) or "valid" (none)
    dilation: distance of the elements in a window
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    padding_mode: what is laid around: zeros, mirror images, copies of the edge, or the other end

    weight: [out_channels, in_channels / groups, K], bias: [out_channels]; both start uniform in
    +-1 / sqrt(in_channels / groups * size of a filter)
    input: [N, in_channels, L], or without N
    Returns [N, out_channels, L'], with L' = (L + 2 padding - dilation (K - 1) - 1) // stride + 1.
    """

    axes = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: int | tuple[int] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self._set(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class Conv2d(_Convolution):
    """Cross-correlation of images with learned filters.

    in_channels: channels of the input
    out_channels: filters, the channels of the result
    kernel_size: size of a filter, one number or one for each axis
    stride: step from one window to the next
    padding: elements laid around each side, "same" (as many as keep the size) or "valid" (none)
    dilation: distance of the elements in a window
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    padding_mode: what is laid around: zeros, mirror images, copies of the edge, or the other end

    weight: [out_channels, in_channels / groups, KH, KW], bias: [out_channels]; both start uniform in
    +-1 / sqrt(in_channels / groups * size of a filter)
    input: [N, in_channels, H, W], or without N
    Returns [N, out_channels, H', W'], with L' = (L + 2 padding - dilation (K - 1) - 1) // stride + 1
    along each axis.
    """

    axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self._set(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class Conv3d(_Convolution):
    """Cross-correlation of volumes with learned filters.

    in_channels: channels of the input
    out_channels: filters, the channels of the result
    kernel_size: size of a filter, one number or one for each axis
    stride: step from one window to the next
    padding: elements laid around each side, "same" (as many as keep the size) or "valid" (none)
    dilation: distance of the elements in a window
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    padding_mode: what is laid around: zeros, mirror images, copies of the edge, or the other end

    weight: [out_channels, in_channels / groups, KD, KH, KW], bias: [out_channels]; both start uniform in
    +-1 / sqrt(in_channels / groups * size of a filter)
    input: [N, in_channels, D, H, W], or without N
    Returns [N, out_channels, D', H', W'], with L' = (L + 2 padding - dilation (K - 1) - 1) // stride + 1
    along each axis.
    """

    axes = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: int | tuple[int, int, int] | Literal["same", "valid"] = 0,
        dilation: int | tuple[int, int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self._set(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )
