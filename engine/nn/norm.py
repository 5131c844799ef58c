"""Normalisation over the batch, an instance, groups of channels or the last axes."""

from engine.device import Device
from engine.dtypes import DType, int64
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation
from engine.tensor.promotion import cast

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


class _Norm(Module):
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


class _RunningNorm(_Norm):
    """Channels normalised by their own or by running statistics."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: str | Device | None,
        dtype: DType | None,
        bias: bool,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._make_affine((num_features,), affine, bias, device, dtype)
        mean = var = batches = None
        if track_running_stats:
            mean = creation.empty(num_features, device=device, dtype=dtype)
            var = creation.empty(num_features, device=device, dtype=dtype)
            batches = creation.zeros((), device=device, dtype=int64)
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", var)
        self.register_buffer("num_batches_tracked", batches)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget all batches: mean 0, variance 1."""
        if self.running_mean is not None and self.running_var is not None:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
        if self.num_batches_tracked is not None:
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Set the initial values, also of the running statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def _normalize(self, input: Tensor, ranks: tuple[int, ...]) -> Tensor:
        if input.ndim not in ranks or input.shape[1] != self.num_features:
            _refuse(self, input, ranks)
        momentum: float | Tensor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1 / cast(self.num_batches_tracked, input.dtype)
        return functional.batch_norm(
            input,
            self.running_mean if not self.training or self.track_running_stats else None,
            self.running_var if not self.training or self.track_running_stats else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            momentum,
            self.eps,
        )


def _refuse(layer: _RunningNorm, input: Tensor, ranks: tuple[int, ...]) -> None:
    raise ShapeError(
        f"{type(layer).__name__}({layer.num_features}) needs an input of "
        f"{' or '.join(str(n) for n in ranks)} axes with {layer.num_features} channels, not {input.shape}"
    )


class BatchNorm1d(_BatchNorm):
    """Each channel normalised over the batch (Ioffe and Szegedy 2015), then times weight plus bias.

    In training by the batch's own statistics, which the running ones follow; in evaluation by those.
    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's; null for the plain mean over all batches
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: without, evaluation uses the batch's own statistics too
    bias: with affine, whether there is a bias too
    input: [N, C] or [N, C, L]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, (2, 3))


class BatchNorm2d(_BatchNorm):
    """Each channel normalised over the batch and both axes of places; see BatchNorm1d.

    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's; null for the plain mean over all batches
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: without, evaluation uses the batch's own statistics too
    bias: with affine, whether there is a bias too
    input: [N, C, H, W]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, (4,))


class BatchNorm3d(_BatchNorm):
    """Each channel normalised over the batch and all three axes of places; see BatchNorm1d.

    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's; null for the plain mean over all batches
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: without, evaluation uses the batch's own statistics too
    bias: with affine, whether there is a bias too
    input: [N, C, D, H, W]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, (5,))


class _InstanceNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def _normalize(self, input: Tensor, rank: int) -> Tensor:
        """rank: the axes of an input with a batch; without one, it has one less."""
        if input.ndim not in (rank - 1, rank) or input.shape[1 - rank] != self.num_features:
            _refuse(self, input, (rank - 1, rank))
        if input.ndim == rank - 1:
            return self._normalize(input.unsqueeze(0), rank).squeeze(0)
        return functional.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample normalised by itself (Ulyanov et al. 2016).

    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's mean ones
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: gather running statistics in training, and normalise by them in evaluation
    bias: with affine, whether there is a bias too
    input: [N, C, L] or [C, L]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each sample normalised by itself; see InstanceNorm1d.

    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's mean ones
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: gather running statistics in training, and normalise by them in evaluation
    bias: with affine, whether there is a bias too
    input: [N, C, H, W] or [C, H, W]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each sample normalised by itself; see InstanceNorm1d.

    num_features: C
    eps: added to the variance
    momentum: how far the running statistics move towards a batch's mean ones
    affine: whether there are weight and bias, [C], which start at 1 and 0
    track_running_stats: gather running statistics in training, and normalise by them in evaluation
    bias: with affine, whether there is a bias too
    input: [N, C, D, H, W] or [C, D, H, W]
    """

    def forward(self, input: Tensor) -> Tensor:
        return self._normalize(input, 5)


class LayerNorm(_Norm):
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


class RMSNorm(_Norm):
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


class GroupNorm(_Norm):
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
