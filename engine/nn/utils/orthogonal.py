"""Orthogonal weights, learned without a constraint."""

from typing import Literal

from engine.autograd import no_grad
from engine.errors import EngineError, ShapeError
from engine.nn.module import Module
from engine.nn.utils.parametrize import register_parametrization
from engine.tensor import Tensor, creation
from engine.tensor.decompositions import matrix_exp, qr
from engine.tensor.elimination import householder_product
from engine.tensor.random import randn
from engine.tensor.shapes import cat
from engine.tensor.solvers import solve

__all__ = ["orthogonal"]

Map = Literal["matrix_exp", "cayley", "householder"]
_EPS = {2: 2.0**-7, 4: 2.0**-23, 8: 2.0**-52}


def _eye(n: int, like: Tensor) -> Tensor:
    return creation.eye(n, dtype=like.dtype, device=like.device)


def _orthonormalized(x: Tensor) -> Tensor:
    """The columns made orthonormal one after the other, none turned round."""
    q, r = qr(x)
    return q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)


class _Orthogonal(Module):
    """From a tall matrix [..., n, k] one with orthonormal columns; a wide one counts as its transpose."""

    def __init__(self, orthogonal_map: Map) -> None:
        super().__init__()
        self.orthogonal_map = orthogonal_map

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2] < x.shape[-1]:
            return self._mapped(x.mT).mT
        return self._mapped(x)

    def _mapped(self, x: Tensor) -> Tensor:
        rows, columns = x.shape[-2:]
        if self.orthogonal_map == "householder":
            # the diagonal only says signs, which aren't learned
            below = x.tril(-1)
            signs = x.detach().diagonal(dim1=-2, dim2=-1).trunc()
            reflectors = householder_product(below, 2 / (below.square().sum(-2) + 1))
            return reflectors * signs.unsqueeze(-2)
        lower = x.tril()
        if columns < rows:
            lower = cat([lower, lower.new_zeros(*lower.shape[:-1], rows - columns)], -1)
        skew = lower - lower.mT
        if self.orthogonal_map == "matrix_exp":
            return matrix_exp(skew)[..., :columns]
        identity = _eye(rows, x)
        return solve(identity - skew * 0.5, identity + skew * 0.5)[..., :columns]


class _FromBase(_Orthogonal):
    """The same, times an orthogonal matrix that isn't learned, so that learning starts at the identity."""

    base: Tensor | None

    def __init__(self, orthogonal_map: Map) -> None:
        super().__init__(orthogonal_map)
        self.register_buffer("base", None)

    def _mapped(self, x: Tensor) -> Tensor:
        if self.base is None:
            raise EngineError("orthogonal: this weight has no base yet; assign a matrix to it")
        return self.base @ super()._mapped(x)

    @no_grad()
    def right_inverse(self, value: Tensor) -> Tensor:
        """Let `value`, its columns made orthonormal where they aren't, be where learning starts."""
        tall = value if value.shape[-2] >= value.shape[-1] else value.mT
        rows, columns = tall.shape[-2:]
        if columns < rows:
            further = randn(*tall.shape[:-1], rows - columns, dtype=tall.dtype, device=tall.device)
            tall = cat([tall, further], -1)
        product = tall.mT @ tall
        tolerance = 10 * rows * _EPS[tall.dtype.itemsize]
        whole = columns == rows and bool((product - _eye(rows, tall)).abs().max() <= tolerance)
        self.base = tall.clone() if whole else _orthonormalized(tall)
        # what every map takes to the identity: it sees only what is below the diagonal, or only signs on it
        return (
            -creation.eye(*value.shape[-2:], dtype=value.dtype, device=value.device)
            .expand(value.shape)
            .clone()
        )


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: Map | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Let a weight have orthonormal columns, or rows where it is wide (Lezcano-Casado 2019).

    orthogonal_map: "matrix_exp" of a skew-symmetric matrix, its "cayley" transform, or "householder"
        reflections; None for matrix_exp of square weights and householder of others
    use_trivialization: start from the present weight, kept in a buffer `base`, and allow assignment; without
        it the map alone makes the weight, and "householder" isn't available
    Returns the module. Raises ShapeError for a weight that is no matrix (or batch of them).
    """
    weight = getattr(module, name)
    if weight.ndim < 2:
        raise ShapeError(f"orthogonal needs a matrix or a batch of them, and {name} has shape {weight.shape}")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise EngineError(
            f"orthogonal_map must be 'matrix_exp', 'cayley' or 'householder', not {orthogonal_map!r}"
        )
    if not use_trivialization and orthogonal_map == "householder":
        raise EngineError("orthogonal: 'householder' needs use_trivialization=True here; or use 'cayley'")
    made = _FromBase(orthogonal_map) if use_trivialization else _Orthogonal(orthogonal_map)
    return register_parametrization(module, name, made, unsafe=True)
