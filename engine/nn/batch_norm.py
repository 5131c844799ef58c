"""Normalisation of channels by the statistics of a batch, of an instance, or by running ones."""

from engine.device import Device
from engine.dtypes import DType, int64
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.norm import Norm
from engine.tensor import Tensor, creation
from engine.tensor.promotion import cast

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
]


class _RunningNorm(Norm):
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
