"""Transposed convolutions over one, two and three spatial axes."""

from collections.abc import Sequence
from typing import Any, Literal

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.filters import Filters
from engine.tensor import Tensor

__all__ = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _TransposedConvolution(Filters):
    transposed = True

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """output_size: the spatial axes of the result (or its whole shape), instead of output_padding"""
        call = getattr(functional, f"conv_transpose{self.axes}d")
        longer = self.output_padding if output_size is None else self._longer(input, output_size)
        out: Tensor = call(
            input, self.weight, self.bias, self.stride, self.padding, longer, self.groups, self.dilation
        )
        return out

    def _longer(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that makes the result of this size."""
        padding: Any = self.padding
        wanted = tuple(output_size)[-self.axes :]
        least: list[int] = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.axes :],
                self.stride,
                padding,
                self.dilation,
                self.kernel_size,
                strict=True,
            )
        ]
        fits = len(output_size) in (self.axes, input.ndim) and len(wanted) == self.axes
        longer = tuple(n - m for n, m in zip(wanted, least, strict=False))
        if not fits or any(not 0 <= n < s for n, s in zip(longer, self.stride, strict=True)):
            most = [m + s - 1 for m, s in zip(least, self.stride, strict=True)]
            raise ShapeError(
                f"{type(self).__name__}: output_size {list(output_size)} can't be reached from input "
                f"{list(input.shape)}; its axes must be from {least} to {most}"
            )
        return longer


class ConvTranspose1d(_TransposedConvolution):
    """The adjoint of a convolution of signals: every element spreads over a window of the larger result.

    in_channels: channels of the input
    out_channels: channels of the result
    kernel_size: size of a filter
    stride: step between the windows of two neighbouring elements
    padding: elements taken away from each side of the result
    output_padding: elements added to one end of the result
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    dilation: distance of the elements in a window
    padding_mode: only "zeros"

    weight: [in_channels, out_channels / groups, K], bias: [out_channels]; both start uniform in
    +-1 / sqrt(out_channels / groups * size of a filter)
    input: [N, in_channels, L], or without N
    Returns [N, out_channels, L'], with L' = (L - 1) stride - 2 padding + dilation (K - 1) +
    output_padding + 1.
    """

    axes = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: int | tuple[int] = 0,
        output_padding: int | tuple[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int] = 1,
        padding_mode: Literal["zeros"] = "zeros",
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
            output_padding,
        )


class ConvTranspose2d(_TransposedConvolution):
    """The adjoint of a convolution of images: every element spreads over a window of the larger result.

    in_channels: channels of the input
    out_channels: channels of the result
    kernel_size: size of a filter
    stride: step between the windows of two neighbouring elements
    padding: elements taken away from each side of the result
    output_padding: elements added to one end of the result
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    dilation: distance of the elements in a window
    padding_mode: only "zeros"

    weight: [in_channels, out_channels / groups, KH, KW], bias: [out_channels]; both start uniform in
    +-1 / sqrt(out_channels / groups * size of a filter)
    input: [N, in_channels, H, W], or without N
    Returns [N, out_channels, H', W'], with L' = (L - 1) stride - 2 padding + dilation (K - 1) +
    output_padding + 1 along each axis.
    """

    axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        output_padding: int | tuple[int, int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, int] = 1,
        padding_mode: Literal["zeros"] = "zeros",
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
            output_padding,
        )


class ConvTranspose3d(_TransposedConvolution):
    """The adjoint of a convolution of volumes: every element spreads over a window of the larger result.

    in_channels: channels of the input
    out_channels: channels of the result
    kernel_size: size of a filter
    stride: step between the windows of two neighbouring elements
    padding: elements taken away from each side of the result
    output_padding: elements added to one end of the result
    groups: parts into which the channels are divided, each with filters of its own
    bias: whether a learned number is added to each channel of the result
    dilation: distance of the elements in a window
    padding_mode: only "zeros"

    weight: [in_channels, out_channels / groups, KD, KH, KW], bias: [out_channels]; both start uniform in
    +-1 / sqrt(out_channels / groups * size of a filter)
    input: [N, in_channels, D, H, W], or without N
    Returns [N, out_channels, D', H', W'], with L' = (L - 1) stride - 2 padding + dilation (K - 1) +
    output_padding + 1 along each axis.
    """

    axes = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: int | tuple[int, int, int] = 0,
        output_padding: int | tuple[int, int, int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, int, int] = 1,
        padding_mode: Literal["zeros"] = "zeros",
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
            output_padding,
        )
