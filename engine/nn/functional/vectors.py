"""Vectors of classes and of directions."""

from engine.errors import DTypeError, IndexError_
from engine.tensor import Tensor
from engine.tensor.creation import arange
from engine.tensor.promotion import cast

__all__ = ["normalize", "one_hot"]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 [..., C] with a 1 at each class of an int64 tensor; C is the largest class + 1 unless given."""
    if tensor.is_floating_point():
        raise DTypeError(f"one_hot needs an integer tensor, not {tensor.dtype}")
    classes = int(tensor.max()) + 1 if num_classes == -1 else num_classes
    # a meta tensor has no values that could be wrong
    has_values = tensor.numel() > 0 and tensor.device.type != "meta"
    if has_values and not 0 <= int(tensor.min()) <= int(tensor.max()) < classes:
        raise IndexError_(f"one_hot: the classes must be in [0, {classes})")
    return (tensor.unsqueeze(-1) == arange(classes, device=tensor.device)).long()


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its p-norm along `dim`, which counts as eps where it is smaller."""
    return input / cast(input.norm(p, dim, keepdim=True).clamp(min=eps), input.dtype)
