"""What the engine has and no definition can name, with the reason and what can be named instead."""

from collections.abc import Collection, Iterable
from typing import Any

from engine.spec.complaints import nearest, show

_HOLDERS = {
    "Module": "it is only a base; name a layer",
    "Sequential": "write its layers one after the other, or as a block",
    "ModuleList": "it only holds others; write each as a node",
    "ModuleDict": "it only holds others; write each as a node",
    "ParameterList": "it holds weights without a layer; take the layers that use them",
    "ParameterDict": "it holds weights without a layer; take the layers that use them",
    "DataParallel": "it only calls another on several devices; name that one",
    "RNNBase": "it is only a base; take RNN, LSTM or GRU",
    "RNNCellBase": "it is only a base; take RNNCell, LSTMCell or GRUCell",
}
_SCHEDULES = "MultiStepLR, ExponentialLR, LinearLR or OneCycleLR, or join several in a SequentialLR"
_OF_WEIGHTS = {
    "linear": "Linear",
    "bilinear": "Bilinear",
    "embedding": "Embedding",
    "embedding_bag": "EmbeddingBag",
    "prelu": "PReLU",
    "multi_head_attention_forward": "MultiheadAttention",
    **{f"conv{n}d": f"Conv{n}d" for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": f"ConvTranspose{n}d" for n in (1, 2, 3)},
}
_OF_STATE = {"batch_norm": "BatchNorm1d, BatchNorm2d or BatchNorm3d"}
_OF_MODES = {
    "dropout": "Dropout",
    "alpha_dropout": "AlphaDropout",
    "feature_alpha_dropout": "FeatureAlphaDropout",
    **{f"dropout{n}d": f"Dropout{n}d" for n in (1, 2, 3)},
}
# the shape of what these give depends on values
_UNFORESEEABLE = """
    argwhere combinations masked_select nonzero unique unique_consecutive
"""
# these have no batch axis in what they take or give
_WITHOUT_BATCH = """
    addbmm addmm addmv addr affine_grid corrcoef cov diag diagflat dist dot gradient index_add index_copy
    index_select inner kron mm mv outer pdist ravel renorm t take tensordot trace vdot vstack
"""


def _each(names: Iterable[str], reason: str) -> dict[str, str]:
    return dict.fromkeys(names, reason)


ABSENT: dict[str, str] = {
    **_HOLDERS,
    **_each(
        ("LambdaLR", "MultiplicativeLR"),
        f"it needs a Python function, which JSON can't hold; take {_SCHEDULES}",
    ),
    **{name: f"its weights belong to a layer; take {layer}" for name, layer in _OF_WEIGHTS.items()},
    **{name: f"its statistics belong to a layer; take {layer}" for name, layer in _OF_STATE.items()},
    **{
        name: f"it would work while measuring, too; take {layer}, which doesn't"
        for name, layer in _OF_MODES.items()
    },
    **_each(_UNFORESEEABLE.split(), "the shape of what it gives depends on values, which nobody knows yet"),
    **_each(_WITHOUT_BATCH.split(), "it has no axis for the batch in what it takes or gives"),
    "ctc_loss": "its batch isn't in front; take CTCLoss, whose is",
}


def unknown(what: str, name: Any, known: Collection[str]) -> str:
    """The complaint about a type that can't be named: why, or what may be meant."""
    if isinstance(name, str) and name in ABSENT:
        return f"{name} can't be named: {ABSENT[name]}"
    if isinstance(name, str) and name.endswith("_") and name[:-1] in known:
        return f"{name} can't be named: it overwrites its input; take {name[:-1]}"
    return f"the {what} {show(name)} isn't known{nearest(name, known)}"
