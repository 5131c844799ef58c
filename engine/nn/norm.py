"""Normalisation over the last axes, groups of channels or neighbouring channels."""

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation

__all__ = [
    "GroupNorm",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


class Norm(Module):
    """A weight that starts at one and a bias that starts at zero, where they are wanted."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_affine(
        self,
        shape: tuple[int, ...],
        affine: bool,
        bias: bool,
        device: str | Device | None,
        dtype: DType | None,
    ) -> None:
        self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype)) if affine else None
        self.bias = Parameter(creation.empty(shape, device=device, dtype=dtype)) if affine and bias else None

    def reset_parameters(self) -> None:
        """Set the initial values."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(Norm):
    """The last axes of each sample normalised together (Ba et al. 2016), then times weight plus bias.

    normalized_shape: the sizes of those axes; an integer for the last one
    eps: added to the variance
    elementwise_affine: whether there are weight and bias, of that shape, which start at 1 and 0
    bias: with elementwise_affine, whether there is a bias too
    input: [..., *normalized_shape]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Norm):
    """The last axes of each sample divided by their root mean square (Zhang and Sennrich 2019), times weight.

    normalized_shape: the sizes of those axes; an integer for the last one
    eps: added to the mean square; null for the smallest difference from 1 in the input's dtype
    elementwise_affine: whether there is a weight, of that shape, which starts at 1
    input: [..., *normalized_shape]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, False, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _as_shape(normalized_shape: int | tuple[int, ...]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class GroupNorm(Norm):
    """Groups of channels of each sample normalised together (Wu and He 2018), then times weight plus bias.

    num_groups: into how many groups the channels are divided, evenly
    num_channels: C
    eps: added to the variance
    affine: whether there are weight and bias, [C], which start at 1 and 0
    bias: with affine, whether there is a bias too
    input: [N, C, ...]
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ShapeError(f"GroupNorm: {num_groups} groups don't divide {num_channels} channels evenly")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make_affine((num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LocalResponseNorm(Module):
    """x / (k + alpha mean(x^2))^beta, the mean over neighbouring channels (Krizhevsky et al. 2012).

    size: how many channels are neighbours
    input: [N, C, ...]
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
