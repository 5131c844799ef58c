"""Losses as layers. `reduction` is "mean", "sum" or "none"."""

from typing import Literal

from engine.nn import functional
from engine.nn.functional.ctc import Lengths
from engine.nn.functional.losses import check_delta
from engine.nn.functional.reduction import Reduction, reduced
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
]


class CrossEntropyLoss(Module):
    """Negative log-likelihood of target classes under unnormalised scores; see functional.cross_entropy."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class NLLLoss(Module):
    """Negative log-likelihood of target classes under log-probabilities; see functional.nll_loss."""

    def __init__(
        self, weight: Tensor | None = None, ignore_index: int = -100, reduction: Reduction = "mean"
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class MSELoss(Module):
    """The squared difference of input and target, of one shape."""

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(input, target, self.reduction)


class L1Loss(Module):
    """The absolute difference of input and target, of one shape."""

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.l1_loss(input, target, self.reduction)


class SmoothL1Loss(Module):
    """d^2 / (2 beta) where the distance d of input and target is below beta, d - beta / 2 beyond.

    beta: where the parabola ends; 0 gives L1Loss
    """

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        super().__init__()
        self.reduction = reduction
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.smooth_l1_loss(input, target, self.reduction, self.beta)


class HuberLoss(Module):
    """d^2 / 2 where the distance d of input and target is below delta, delta (d - delta / 2) beyond.

    delta: where the parabola ends
    """

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        super().__init__()
        check_delta(delta)
        self.reduction = reduction
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.huber_loss(input, target, self.reduction, self.delta)


class KLDivLoss(Module):
    """target (log target - input): how far log-probabilities are from a distribution (Kullback and Leibler).

    reduction: "batchmean" divides the sum by the batch, and is the divergence itself
    log_target: the targets are log-probabilities too
    """

    def __init__(
        self,
        reduction: Literal["mean", "sum", "none", "batchmean"] = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__()
        self.reduction = reduction
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.kl_div(input, target, self.reduction, self.log_target)


class BCELoss(Module):
    """-(y log p + (1 - y) log(1 - p)) of probabilities p and targets y, of one shape.

    weight: of each element, a shape that broadcasts
    """

    def __init__(self, weight: Tensor | None = None, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Module):
    """BCELoss of sigmoid(input), without overflow.

    weight: of each element; pos_weight: of the positive targets; shapes that broadcast
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        reduction: Reduction = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = reduction

    weight: Tensor | None
    pos_weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )


class FocalLoss(Module):
    """Cross entropy times (1 - p)^gamma, p the probability of what is so (Lin et al. 2017).

    gamma: how much less what is already known counts; 0 gives the cross entropy
    alpha: for targets of 0 and 1, weight of the positives, with 1 - alpha for the negatives; below 0: none
    weight: for classes, [C], of each target class
    input [N, C] or [N, C, d1, ...] logits with int64 target [N] or [N, d1, ...]: softmax over the classes;
    or input and float target of one shape: a sigmoid for each element, as functional.sigmoid_focal_loss.
    The mean is over all losses.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 0.25,
        weight: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.gamma = gamma
        self.alpha = alpha
        self.reduction = reduction

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if target.is_floating_point():
            return functional.sigmoid_focal_loss(input, target, self.alpha, self.gamma, self.reduction)
        losses = functional.cross_entropy(input, target, reduction="none")
        losses = (1 - (-losses).exp()) ** self.gamma * losses
        if self.weight is not None:
            losses = losses * self.weight[target]
        return reduced(losses, self.reduction)


class PoissonNLLLoss(Module):
    """exp(x) - target x, for counts whose rate has the logarithm x.

    log_input: x is the logarithm of the rate, not the rate; full: add Stirling's term for targets above 1
    eps: added to a rate before its logarithm is taken
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.poisson_nll_loss(input, target, self.log_input, self.full, self.eps, self.reduction)


class GaussianNLLLoss(Module):
    """(log var + (input - target)^2 / var) / 2 for targets that are normal around input.

    full: add the constant log(2 pi) / 2; eps: the least variance that counts
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return functional.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class CTCLoss(Module):
    """The loss of sequences whose alignment isn't known (Graves et al. 2006); see functional.ctc_loss.

    blank: the class that stands for nothing
    zero_infinity: count targets that are too long for their input as 0 instead of inf
    """

    def __init__(self, blank: int = 0, reduction: Reduction = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.blank = blank
        self.reduction = reduction
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Lengths, target_lengths: Lengths
    ) -> Tensor:
        return functional.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
