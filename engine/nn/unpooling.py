"""Layers that put maxima back where MaxPool took them from."""

from collections.abc import Sequence
from typing import Any, ClassVar

from engine.nn import functional
from engine.nn.functional.spatial import per_axis
from engine.nn.pooling import Windows
from engine.tensor import Tensor

__all__ = ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"]


class _MaxUnpool(Windows):
    axes: ClassVar[int]

    def _set(self, kernel_size: Any, stride: Any, padding: Any) -> None:
        name = type(self).__name__
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.axes, 1)
        step = self.kernel_size if stride is None else stride
        self.stride = per_axis(name, "stride", step, self.axes, 1)
        self.padding = per_axis(name, "padding", padding, self.axes, 0)


class MaxUnpool1d(_MaxUnpool):
    """Zeros with each element where MaxPool1d took it from.

    kernel_size: size of the pool's windows
    stride: the pool's step; as kernel_size unless given
    padding: the pool's padding
    """

    axes = 1

    def __init__(
        self,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] | None = None,
        padding: int | tuple[int] = 0,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """output_size: the axes of the result, where several come to the same number of windows"""
        return functional.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpool):
    """Zeros with each element where MaxPool2d took it from.

    kernel_size: size of the pool's windows
    stride: the pool's step; as kernel_size unless given
    padding: the pool's padding
    """

    axes = 2

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """output_size: the axes of the result, where several come to the same number of windows"""
        return functional.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpool):
    """Zeros with each element where MaxPool3d took it from.

    kernel_size: size of the pool's windows
    stride: the pool's step; as kernel_size unless given
    padding: the pool's padding
    """

    axes = 3

    def __init__(
        self,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] | None = None,
        padding: int | tuple[int, int, int] = 0,
    ) -> None:
        super().__init__()
        self._set(kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """output_size: the axes of the result, where several come to the same number of windows"""
        return functional.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
