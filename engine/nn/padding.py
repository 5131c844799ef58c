"""Layers that lay elements around their input."""

from collections.abc import Sequence
from typing import ClassVar

from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Padding(Module):
    axes: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def _set(self, padding: int | Sequence[int]) -> None:
        count = 2 * self.axes
        self.padding = (padding,) * count if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != count:
            raise ShapeError(
                f"{type(self).__name__}: padding must be one integer, or {count}: before and after each "
                f"axis, the last axis first; not {padding!r}"
            )

    def forward(self, input: Tensor) -> Tensor:
        return functional.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class CircularPad1d(_Padding):
    """The other end of each axis laid before and after it, of [N, C, L] or without N.

    padding: left, right, or one number for all; negative ones take away
    """

    axes = 1
    mode = "circular"

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self._set(padding)


class CircularPad2d(_Padding):
    """The other end of each axis laid before and after it, of [N, C, H, W] or without N.

    padding: left, right, top, bottom, or one number for all; negative ones take away
    """

    axes = 2
    mode = "circular"

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class CircularPad3d(_Padding):
    """The other end of each axis laid before and after it, of [N, C, D, H, W] or without N.

    padding: left, right, top, bottom, front, back, or one number for all; negative ones take away
    """

    axes = 3
    mode = "circular"

    def __init__(self, padding: int | tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ConstantPad1d(_Padding):
    """A constant laid around [N, C, L].

    padding: left, right, or one number for all; negative ones take away
    value: the constant
    """

    axes = 1

    def __init__(self, padding: int | tuple[int, int], value: float) -> None:
        super().__init__()
        self._set(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return functional.pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(_Padding):
    """A constant laid around [N, C, H, W].

    padding: left, right, top, bottom, or one number for all; negative ones take away
    value: the constant
    """

    axes = 2

    def __init__(self, padding: int | tuple[int, int, int, int], value: float) -> None:
        super().__init__()
        self._set(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return functional.pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad3d(_Padding):
    """A constant laid around [N, C, D, H, W].

    padding: left, right, top, bottom, front, back, or one number for all; negative ones take away
    value: the constant
    """

    axes = 3

    def __init__(self, padding: int | tuple[int, int, int, int, int, int], value: float) -> None:
        super().__init__()
        self._set(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return functional.pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad1d(_Padding):
    """Mirror images laid around, without the edge element itself, of [N, C, L] or without N.

    padding: left, right, or one number for all; negative ones take away
    """

    axes = 1
    mode = "reflect"

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self._set(padding)


class ReflectionPad2d(_Padding):
    """Mirror images laid around, without the edge element itself, of [N, C, H, W] or without N.

    padding: left, right, top, bottom, or one number for all; negative ones take away
    """

    axes = 2
    mode = "reflect"

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ReflectionPad3d(_Padding):
    """Mirror images laid around, without the edge element itself, of [N, C, D, H, W] or without N.

    padding: left, right, top, bottom, front, back, or one number for all; negative ones take away
    """

    axes = 3
    mode = "reflect"

    def __init__(self, padding: int | tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ReplicationPad1d(_Padding):
    """Copies of the edge laid around, of [N, C, L] or without N.

    padding: left, right, or one number for all; negative ones take away
    """

    axes = 1
    mode = "replicate"

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self._set(padding)


class ReplicationPad2d(_Padding):
    """Copies of the edge laid around, of [N, C, H, W] or without N.

    padding: left, right, top, bottom, or one number for all; negative ones take away
    """

    axes = 2
    mode = "replicate"

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ReplicationPad3d(_Padding):
    """Copies of the edge laid around, of [N, C, D, H, W] or without N.

    padding: left, right, top, bottom, front, back, or one number for all; negative ones take away
    """

    axes = 3
    mode = "replicate"

    def __init__(self, padding: int | tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ZeroPad1d(_Padding):
    """Zeros laid around [N, C, L].

    padding: left, right, or one number for all; negative ones take away
    """

    axes = 1

    def __init__(self, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self._set(padding)


class ZeroPad2d(_Padding):
    """Zeros laid around [N, C, H, W].

    padding: left, right, top, bottom, or one number for all; negative ones take away
    """

    axes = 2

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)


class ZeroPad3d(_Padding):
    """Zeros laid around [N, C, D, H, W].

    padding: left, right, top, bottom, front, back, or one number for all; negative ones take away
    """

    axes = 3

    def __init__(self, padding: int | tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self._set(padding)
