"""PyTorch's functions that give a copy where the function of the shorter name gives a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.tensor import blocks, placing, shapes

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "alias_copy",
    "diagonal_copy",
    "expand_copy",
    "narrow_copy",
    "permute_copy",
    "select_copy",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unsqueeze_copy",
    "view_copy",
]


def _copying(view: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def function(input: Tensor, *args: Any, **options: Any) -> Tensor:
        return shapes.clone(view(input, *args, **options))

    function.__doc__ = f"As {view.__name__}, but a copy."
    return function


alias_copy = shapes.clone
diagonal_copy = _copying(placing.diagonal)
expand_copy = _copying(shapes.expand)
narrow_copy = _copying(shapes.narrow)
permute_copy = _copying(shapes.permute)
select_copy = _copying(shapes.select)
squeeze_copy = _copying(shapes.squeeze)
t_copy = _copying(shapes.t)
transpose_copy = _copying(shapes.transpose)
unsqueeze_copy = _copying(shapes.unsqueeze)
view_copy = _copying(shapes.view)


def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """As split_with_sizes, but copies."""
    return tuple(shapes.clone(x) for x in blocks.split_with_sizes(input, split_sizes, dim))


def unfold_copy(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """As Tensor.unfold, but a copy."""
    return shapes.clone(blocks.unfold(input, dimension, size, step))


def unbind_copy(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """As unbind, but copies."""
    return tuple(shapes.clone(x) for x in shapes.unbind(input, dim))
