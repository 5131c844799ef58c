"""Limits for gradients.

`foreach` chooses among PyTorch's implementations, which give the same numbers; it may be given here too.
"""

from collections.abc import Iterable

from engine.autograd import no_grad
from engine.errors import EngineError, NonFinite
from engine.tensor import Tensor, creation
from engine.tensor.matrix_norms import vector_norm
from engine.tensor.promotion import cast
from engine.tensor.shapes import stack

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Several = Tensor | Iterable[Tensor]


def _all(tensors: Several) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Several) -> list[Tensor]:
    return [p.grad for p in _all(parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Several,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The p-norm of all elements of all tensors, as if they were one vector: [].

    norm_type: p, a number or inf
    Raises NonFinite, if asked to, where the norm is NaN or infinite.
    """
    found = _all(tensors)
    if not found:
        return creation.tensor(0.0)
    p = float(norm_type)
    norms = [vector_norm(x, p) for x in found]
    # narrower ones are widened, so that no sum overflows in half precision
    widest = max((n.dtype for n in norms), key=lambda d: d.itemsize)
    total = vector_norm(stack([cast(n, widest) for n in norms]), p)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise NonFinite(
            f"the {p:g}-norm of the gradients is {total.item()}, so they can't be clipped; look for what "
            "makes them so, or pass error_if_nonfinite=False"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Several, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients, in place, by max_norm / total_norm where that is below 1."""
    factor = (max_norm / (total_norm + 1e-6)).clamp(max=1.0)
    for g in _gradients(parameters):
        g.mul_(cast(factor, g.dtype))


def clip_grad_norm_(
    parameters: Several,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together, in place, so that their norm is at most max_norm (Pascanu et al. 2012).

    parameters: those whose .grad counts, or one of them
    norm_type: p of the p-norm, a number or inf
    Returns the norm before, []. Raises NonFinite, if asked to, where it is NaN or infinite.
    """
    found = _all(parameters)
    total = get_total_norm(_gradients(found), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(found, float(max_norm), total, foreach)
    return total


# PyTorch's old name
clip_grad_norm = clip_grad_norm_


@no_grad()
def clip_grad_value_(parameters: Several, clip_value: float, foreach: bool | None = None) -> None:
    """Move each element of the gradients into [-clip_value, clip_value], in place."""
    if clip_value < 0:
        raise EngineError(f"clip_grad_value_: clip_value must not be negative, and is {clip_value}")
    for g in _gradients(parameters):
        g.clamp_(-float(clip_value), float(clip_value))
