"""Layers that pool sliding windows."""

from typing import Any

from engine.nn import functional
from engine.nn.functional.spatial import per_axis
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]


class Windows(Module):
    """What layers of sliding windows show of themselves."""

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _MaxPool(Windows):
    def _set(
        self, kernel_size: Any, stride: Any, padding: Any, dilation: Any, indices: bool, ceil_mode: bool
    ) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = indices
        self.ceil_mode = ceil_mode

    def _arguments(self) -> tuple[Any, ...]:
        windows = (self.kernel_size, self.stride, self.padding, self.dilation)
        return (*windows, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class MaxPool1d(_MaxPool):
    """The largest element of each window of signals [N, C, L], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: elements around each side, at most half a window; they are never the largest
    dilation: distance of the elements in a window
    return_indices: whether to return also the places of the largest elements, for MaxUnpool1d
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: int | tuple[int] = 0,
        dilation: int | tuple[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding, dilation, return_indices, ceil_mode)

    def forward(self, input: Tensor) -> Any:
        return functional.max_pool1d(input, *self._arguments())


class MaxPool2d(_MaxPool):
    """The largest element of each window of images [N, C, H, W], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: elements around each side, at most half a window; they are never the largest
    dilation: distance of the elements in a window
    return_indices: whether to return also the places of the largest elements, for MaxUnpool2d
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding, dilation, return_indices, ceil_mode)

    def forward(self, input: Tensor) -> Any:
        return functional.max_pool2d(input, *self._arguments())


class MaxPool3d(_MaxPool):
    """The largest element of each window of volumes [N, C, D, H, W], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: elements around each side, at most half a window; they are never the largest
    dilation: distance of the elements in a window
    return_indices: whether to return also the places of the largest elements, for MaxUnpool3d
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] | None = None,
        padding: int | tuple[int, int, int] = 0,
        dilation: int | tuple[int, int, int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding, dilation, return_indices, ceil_mode)

    def forward(self, input: Tensor) -> Any:
        return functional.max_pool3d(input, *self._arguments())


class AvgPool1d(Windows):
    """The mean of each window of signals [N, C, L], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: zeros around each side, at most half a window
    ceil_mode: whether windows count that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    """

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: int | tuple[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = per_axis("AvgPool1d", "kernel_size", kernel_size, 1, 1)
        step = self.kernel_size if stride is None else stride
        self.stride = per_axis("AvgPool1d", "stride", step, 1, 1)
        self.padding = per_axis("AvgPool1d", "padding", padding, 1, 0)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return functional.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class AvgPool2d(Windows):
    """The mean of each window of images [N, C, H, W], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: zeros around each side, at most half a window
    ceil_mode: whether windows count that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    divisor_override: what sums are divided by, instead of the number of elements
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return functional.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool3d(Windows):
    """The mean of each window of volumes [N, C, D, H, W], or without N.

    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    padding: zeros around each side, at most half a window
    ceil_mode: whether windows count that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    divisor_override: what sums are divided by, instead of the number of elements
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] | None = None,
        padding: int | tuple[int, int, int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return functional.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class _LPPool(Module):
    def _set(self, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> None:
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """(sum of x^p)^(1/p) of each window of signals [N, C, L], or without N.

    norm_type: p
    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(norm_type, kernel_size, stride, ceil_mode)

    def forward(self, input: Tensor) -> Tensor:
        return functional.lp_pool1d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPool):
    """(sum of x^p)^(1/p) of each window of images [N, C, H, W], or without N.

    norm_type: p
    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(norm_type, kernel_size, stride, ceil_mode)

    def forward(self, input: Tensor) -> Tensor:
        return functional.lp_pool2d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPool):
    """(sum of x^p)^(1/p) of each window of volumes [N, C, D, H, W], or without N.

    norm_type: p
    kernel_size: size of a window
    stride: step from one window to the next; as kernel_size unless given
    ceil_mode: whether windows count that begin within the input and end beyond it
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self._set(norm_type, kernel_size, stride, ceil_mode)

    def forward(self, input: Tensor) -> Tensor:
        return functional.lp_pool3d(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
