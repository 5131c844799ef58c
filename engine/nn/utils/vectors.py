"""All parameters as one vector, and back."""

from collections.abc import Iterable

from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.shapes import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other: [total]. Gradients flow through it."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters be pieces of the vector, whose memory they share from then on.

    Raises ShapeError, and changes nothing, if the vector has another number of elements than they have.
    """
    found = list(parameters)
    total = sum(p.numel() for p in found)
    if vec.shape != (total,):
        raise ShapeError(f"parameters of {total} elements can't be taken from a vector of shape {vec.shape}")
    start = 0
    for p in found:
        p.data = vec.detach()[start : start + p.numel()].reshape(p.shape)
        start += p.numel()
