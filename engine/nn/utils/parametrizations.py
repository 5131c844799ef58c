"""Parametrizations of weights: by length and direction, of largest singular value 1, and orthogonal."""

from engine.autograd import no_grad
from engine.errors import ShapeError
from engine.nn.functional.vectors import normalize
from engine.nn.module import Module
from engine.nn.utils.orthogonal import orthogonal
from engine.nn.utils.parametrize import register_parametrization
from engine.tensor import Tensor, creation
from engine.tensor.shapes import movedim

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def norm_except(v: Tensor, dim: int | None) -> Tensor:
    """The 2-norms of the slices along `dim`, with size 1 in all other axes; of all of it, [], for None."""
    if dim is None or dim == -1:
        return v.norm()
    others = [k for k in range(v.ndim) if k != dim % v.ndim]
    return v.norm(2, others, keepdim=True) if others else v.abs()


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight.clone()


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Learn a weight as length times direction, g v / |v| (Salimans and Kingma 2016).

    dim: the axis whose slices have a length each; -1 for one length for the whole weight
    In the state dict g and v are parametrizations.<name>.original0 and .original1. Returns the module.
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class PowerIteration:
    """The largest singular value of a weight, followed from call to call (Miyato et al. 2018, appendix A).

    The weight counts as a matrix whose rows are its slices along `dim`.
    u_first: which of the two singular vectors a step turns first
    """

    def __init__(self, dim: int, count: int, eps: float, u_first: bool) -> None:
        if count < 1:
            raise ShapeError(f"spectral_norm: n_power_iterations must be at least 1, not {count}")
        self.dim = dim
        self.count = count
        self.eps = eps
        self.u_first = u_first

    def matrix(self, weight: Tensor) -> Tensor:
        rows = movedim(weight, self.dim, 0) if self.dim else weight
        return rows.reshape(rows.shape[0], -1)

    def unit(self, x: Tensor) -> Tensor:
        return normalize(x, dim=0, eps=self.eps)

    @no_grad()
    def advance(self, weight: Tensor, u: Tensor, v: Tensor, count: int | None = None) -> None:
        """Turn u and v, in place, towards the singular vectors."""
        matrix = self.matrix(weight.detach())
        steps = [(u, matrix, v), (v, matrix.T, u)]
        for _ in range(count or self.count):
            for mine, map_, other in steps if self.u_first else reversed(steps):
                mine.copy_(self.unit(map_ @ other))

    def start(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Random unit vectors u and v for it."""
        rows, columns = self.matrix(weight.detach()).shape
        u, v = (
            creation.empty(n, dtype=weight.dtype, device=weight.device).normal_() for n in (rows, columns)
        )
        return self.unit(u), self.unit(v)

    def sigma(self, weight: Tensor, u: Tensor, v: Tensor) -> Tensor:
        # copies, since the next call overwrites what this one's gradient needs
        matrix = self.matrix(weight)
        return u.clone() @ (matrix @ v.clone())


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, count: int, dim: int, eps: float) -> None:
        super().__init__()
        self.power = PowerIteration(dim, count, eps, u_first=True)
        if weight.ndim > 1:
            u, v = self.power.start(weight)
            self.power.advance(weight, u, v, 15)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.power.eps)
        if self.training:
            self.power.advance(weight, self._u, self._v)
        return weight / self.power.sigma(weight, self._u, self._v)

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def rows_axis(module: Module, dim: int | None) -> int:
    """The axis of a weight's outputs, which transposed convolutions have second."""
    if dim is not None:
        return dim
    return 1 if any("ConvTranspose" in c.__name__ for c in type(module).__mro__) else 0


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, estimated by power iteration (Miyato et al. 2018).

    n_power_iterations: steps of it at each use in training
    eps: the least norm that a vector is divided by
    dim: the axis of the rows; None for that of the outputs
    In the state dict the weight is parametrizations.<name>.original, and the singular vectors are
    parametrizations.<name>.0._u and ._v. Returns the module.
    """
    weight = getattr(module, name)
    made = _SpectralNorm(weight, n_power_iterations, rows_axis(module, dim), eps)
    return register_parametrization(module, name, made)
