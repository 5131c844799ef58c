"""How far two vectors are apart."""

from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.blocks import broadcast_tensors
from engine.tensor.distances import vector_norm
from engine.tensor.grids import triu_indices
from engine.tensor.promotion import pair

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`: their product after division by their lengths.

    x1, x2: shapes that broadcast; lengths below eps count as eps. Returns their shape without `dim`.
    """
    a, b = broadcast_tensors(*pair(x1, x2))
    return (_direction(a, dim, eps) * _direction(b, dim, eps)).sum(dim)


def _direction(x: Tensor, dim: int, eps: float) -> Tensor:
    return x / x.norm(2, dim, True).clamp(min=eps)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last axis; shapes broadcast. Returns them without that axis."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distances between all rows.

    input: [N, D] float
    Returns [N (N - 1) / 2]: of row 0 to all later ones, then of row 1, and so on.
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist takes rows [N, D], not shape {tuple(input.shape)}")
    first, second = triu_indices(len(input), len(input), 1, device=input.device)
    return vector_norm(input[first] - input[second], p, -1)
