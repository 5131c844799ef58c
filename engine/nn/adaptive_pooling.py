"""Layers that divide the axes into a given number of windows, or into random ones."""

from typing import Any

from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
]


class _AdaptivePool(Module):
    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of even parts of the axes of [N, C, L], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    """

    def __init__(self, output_size: int | tuple[int | None] | None) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return functional.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of even parts of the axes of [N, C, H, W], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    """

    def __init__(self, output_size: int | tuple[int | None, int | None] | None) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptivePool):
    """The means of even parts of the axes of [N, C, D, H, W], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    """

    def __init__(self, output_size: int | tuple[int | None, int | None, int | None] | None) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return functional.adaptive_avg_pool3d(input, self.output_size)


class AdaptiveMaxPool1d(_AdaptivePool):
    """The largest elements of even parts of the axes of [N, C, L], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    return_indices: whether to return also the places of the largest elements
    """

    def __init__(self, output_size: int | tuple[int | None] | None, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return functional.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest elements of even parts of the axes of [N, C, H, W], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    return_indices: whether to return also the places of the largest elements
    """

    def __init__(
        self, output_size: int | tuple[int | None, int | None] | None, return_indices: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return functional.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptivePool):
    """The largest elements of even parts of the axes of [N, C, D, H, W], or without N.

    output_size: how many parts each axis is divided into; null keeps the axis
    return_indices: whether to return also the places of the largest elements
    """

    def __init__(
        self,
        output_size: int | tuple[int | None, int | None, int | None] | None,
        return_indices: bool = False,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return functional.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _FractionalMaxPool(Module):
    def _set(
        self, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
    ) -> None:
        if (output_size is None) == (output_ratio is None):
            raise ShapeError(f"{type(self).__name__}: give output_size or output_ratio, one of the two")
        self.kernel_size = kernel_size
        self.output_size = output_size
        self.output_ratio = output_ratio
        self.return_indices = return_indices
        self.register_buffer("_random_samples", samples)

    def _arguments(self) -> tuple[Any, ...]:
        sizes = (self.kernel_size, self.output_size, self.output_ratio)
        return (*sizes, self.return_indices, self._random_samples)


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest elements of windows at random distances in [N, C, H, W], or without N (Graham 2014).

    kernel_size: size of a window
    output_size: how many windows
    output_ratio: how many windows, as a share of the input's size; one of the two is given
    return_indices: whether to return also the places of the largest elements
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        output_size: int | tuple[int, int] | None = None,
        output_ratio: float | tuple[float, float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self._set(kernel_size, output_size, output_ratio, return_indices, _random_samples)

    def forward(self, input: Tensor) -> Any:
        return functional.fractional_max_pool2d(input, *self._arguments())


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest elements of windows at random distances in [N, C, D, H, W], or without N (Graham 2014).

    kernel_size: size of a window
    output_size: how many windows
    output_ratio: how many windows, as a share of the input's size; one of the two is given
    return_indices: whether to return also the places of the largest elements
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int, int],
        output_size: int | tuple[int, int, int] | None = None,
        output_ratio: float | tuple[float, float, float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        self._set(kernel_size, output_size, output_ratio, return_indices, _random_samples)

    def forward(self, input: Tensor) -> Any:
        return functional.fractional_max_pool3d(input, *self._arguments())
