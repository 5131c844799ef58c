"""What a tensor's `shape` is: a tuple that can count."""

from __future__ import annotations

from math import prod
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """A shape: a tuple of sizes. It prints as PyTorch's; within a formatted message it reads as a tuple."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of such a tensor."""
        return prod(self)

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        out = tuple.__getitem__(self, key)
        return Size(out) if out.__class__ is tuple else out

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, other))

    def __repr__(self) -> str:
        return f"engine.Size({list(self)})"

    def __format__(self, spec: str) -> str:
        return format(tuple.__repr__(self), spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)
