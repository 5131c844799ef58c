"""Losses that are content once a margin is kept, as layers. `reduction` is "mean", "sum" or "none"."""

from typing import Literal

from engine.nn import functional
from engine.nn.functional.margins import Distance
from engine.nn.functional.reduction import Reduction
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class SoftMarginLoss(Module):
    """log(1 + exp(-target input)), of equal shapes, targets being 1 or -1."""

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.soft_margin_loss(input, target, self.reduction)


class HingeEmbeddingLoss(Module):
    """input where the target is 1, max(0, margin - input) where it is -1; of equal shapes.

    margin: the distance from which on unlike pairs cost nothing
    """

    def __init__(self, margin: float = 1.0, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.hinge_embedding_loss(input, target, self.margin, self.reduction)


class MultiMarginLoss(Module):
    """The sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by their number.

    p: 1 or 2; margin: by how much the target's score is to lead; weight: [C], of each target class
    input [N, C], target [N] int64.
    """

    def __init__(
        self,
        p: Literal[1, 2] = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.p = p
        self.margin = margin
        self.reduction = reduction

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class MultiLabelMarginLoss(Module):
    """The sum over target and other classes of max(0, 1 - x[target] + x[other]), divided by their number.

    input [N, C], target [N, C] int64: the target classes, then -1.
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.multilabel_margin_loss(input, target, self.reduction)


class MultiLabelSoftMarginLoss(Module):
    """The mean over classes of the binary cross entropy of sigmoid(input) and targets of 0 and 1.

    weight: [C], of each class
    input and target [N, C].
    """

    def __init__(self, weight: Tensor | None = None, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction

    weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return functional.multilabel_soft_margin_loss(input, target, self.weight, self.reduction)


class MarginRankingLoss(Module):
    """max(0, margin - target (input1 - input2)): target 1 where input1 is to be the larger, -1 elsewhere.

    margin: by how much
    """

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return functional.margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class CosineEmbeddingLoss(Module):
    """1 - cos of the angle of two vectors where the target is 1, max(0, cos - margin) where it is -1.

    margin: the cosine up to which unlike pairs cost nothing
    input1 and input2 [N, D], target [N].
    """

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.margin = margin
        self.reduction = reduction

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return functional.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class TripletMarginLoss(Module):
    """max(0, margin + |anchor - positive| - |anchor - negative|), by the p-norm (Balntas et al. 2016).

    margin: by how much the negative is to be farther away; p: of the norm; eps: added to differences
    swap: take |positive - negative| where it is smaller
    anchor, positive and negative [N, D].
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap
        self.reduction = reduction

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return functional.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class TripletMarginWithDistanceLoss(Module):
    """TripletMarginLoss with a distance of your own.

    distance_function: of two tensors [N, D], gives [N]; the Euclidean distance unless given
    """

    def __init__(
        self,
        *,
        distance_function: Distance | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.distance_function = distance_function
        self.margin = margin
        self.swap = swap
        self.reduction = reduction

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
