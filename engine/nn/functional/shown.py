"""Functions of layers that PyTorch shows at its top, too, some with other arguments there."""

from engine.nn.functional.distances import cosine_similarity, pairwise_distance
from engine.nn.functional.dropouts import alpha_dropout, dropout, feature_alpha_dropout
from engine.nn.functional.embeddings import embedding as _embedding
from engine.nn.functional.mixing import bilinear
from engine.tensor import Tensor
from engine.tensor.activations import (
    celu,
    celu_,
    hardshrink,
    prelu,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    threshold,
    threshold_,
)

__all__ = [
    "alpha_dropout",
    "alpha_dropout_",
    "bilinear",
    "celu",
    "celu_",
    "cosine_similarity",
    "dropout_",
    "embedding",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "hardshrink",
    "pairwise_distance",
    "prelu",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
]


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """nn.functional.embedding with the table first; a padding_idx below 0 stands for none."""
    padding = None if padding_idx < 0 else padding_idx
    return _embedding(indices, weight, padding, None, 2.0, scale_grad_by_freq, sparse)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """dropout, in place."""
    return dropout(input, p, train, inplace=True)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """alpha_dropout, in place."""
    return alpha_dropout(input, p, train, inplace=True)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """feature_alpha_dropout, in place."""
    return feature_alpha_dropout(input, p, train, inplace=True)
