"""How to make and call every public module of engine.nn that has parameters or buffers, here and in PyTorch.

`make` is called with `engine` and with `torch`, and gives the same module of either; `inputs` draw what it is
called with. What would drop at random is told not to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.engine.ops.case import Draw, exactly, integers, normal, uniform


@dataclass(frozen=True)
class Use:
    """One way of making and calling a module.

    options: keyword arguments of the call
    """

    make: Callable[[Any], Any]
    inputs: tuple[Draw, ...]
    options: dict[str, Any] = field(default_factory=dict)


def use(make: Callable[[Any], Any], *inputs: Draw, **options: Any) -> Use:
    return Use(make, inputs, options)


def made(name: str, *args: Any, **options: Any) -> Callable[[Any], Any]:
    """Makes the module of that name with these arguments."""
    return lambda t: getattr(t.nn, name)(*args, **options)


N, T = 4, 5
WEIGHTS = [0.5, 1.0, 2.0]

LINEAR = {
    "Linear": [
        use(lambda t: t.nn.Linear(3, 2), normal(N, 3)),
        use(lambda t: t.nn.Linear(3, 2, bias=False), normal(N, T, 3)),
    ],
    "Bilinear": [use(lambda t: t.nn.Bilinear(3, 2, 4), normal(N, 3), normal(N, 2))],
    "PReLU": [use(lambda t: t.nn.PReLU(), normal(N, 3)), use(lambda t: t.nn.PReLU(3), normal(N, 3, 2))],
    "Embedding": [
        use(lambda t: t.nn.Embedding(6, 3), integers(0, 6, N, T)),
        use(lambda t: t.nn.Embedding(6, 3, padding_idx=2), integers(0, 6, N, T)),
    ],
    "EmbeddingBag": [
        use(lambda t: t.nn.EmbeddingBag(6, 3), integers(0, 6, N, T)),
        use(lambda t: t.nn.EmbeddingBag(6, 3, mode="sum"), integers(0, 6, 7), exactly([0, 2, 5])),
    ],
    "AdaptiveLogSoftmaxWithLoss": [
        use(lambda t: t.nn.AdaptiveLogSoftmaxWithLoss(6, 9, [3, 6]), normal(N, 6), exactly([0, 4, 8, 2]))
    ],
}

NORMS = {
    f"BatchNorm{d}d": [
        use(made(f"BatchNorm{d}d", 3, **options), normal(N, 3, *(2,) * d))
        for options in (
            {},
            {"affine": False},
            {"track_running_stats": False},
            {"momentum": None, "eps": 1e-3},
        )
    ]
    for d in (1, 2, 3)
}
NORMS |= {
    f"InstanceNorm{d}d": [
        use(made(f"InstanceNorm{d}d", 3, **options), normal(N, 3, *(3,) * d))
        for options in ({"affine": True}, {"track_running_stats": True, "affine": True})
    ]
    for d in (1, 2, 3)
}
NORMS |= {
    "LayerNorm": [
        use(lambda t: t.nn.LayerNorm((3, 4)), normal(N, 3, 4)),
        use(lambda t: t.nn.LayerNorm(4, bias=False), normal(N, 3, 4)),
    ],
    "GroupNorm": [use(lambda t: t.nn.GroupNorm(2, 6), normal(N, 6, 3))],
    "RMSNorm": [use(lambda t: t.nn.RMSNorm(4), normal(N, 3, 4))],
}


def _convolutions(d: int) -> dict[str, list[Use]]:
    size = (5, 4, 6)[:d]
    given = normal(2, 4, *size)
    names = (f"Conv{d}d", f"ConvTranspose{d}d")
    found = {
        name: [
            use(made(name, 4, 6, 3, **options), given)
            for options in ({}, {"stride": 2, "padding": 1, "bias": False}, {"groups": 2, "dilation": 1})
        ]
        for name in names
    }
    found[names[0]].append(use(made(names[0], 4, 2, 3, padding="same", padding_mode="circular"), given))
    return found


CONVOLUTIONS = _convolutions(1) | _convolutions(2) | _convolutions(3)

FORMS: dict[str, list[dict[str, Any]]] = {
    "RNN": [{"nonlinearity": "relu"}],
    "LSTM": [{"proj_size": 2}],
    "GRU": [],
}
for each in FORMS.values():
    each += [{}, {"bias": False}, {"num_layers": 2, "bidirectional": True, "batch_first": True}]
RECURRENT = {
    name: [use(made(name, 3, 4, **options), normal(T, N, 3)) for options in forms]
    for name, forms in FORMS.items()
}
RECURRENT |= {
    f"{name}Cell": [use(made(f"{name}Cell", 3, 4, bias=bias), normal(N, 3)) for bias in (True, False)]
    for name in ("RNN", "LSTM", "GRU")
}


def _encoder_layer(t: Any, **options: Any) -> Any:
    return t.nn.TransformerEncoderLayer(6, 2, 8, 0.0, **options)


def _decoder_layer(t: Any, **options: Any) -> Any:
    return t.nn.TransformerDecoderLayer(6, 2, 8, 0.0, **options)


ATTENTION = {
    "MultiheadAttention": [
        use(lambda t: t.nn.MultiheadAttention(6, 2), *[normal(T, N, 6)] * 3),
        use(lambda t: t.nn.MultiheadAttention(6, 2, add_bias_kv=True), *[normal(T, N, 6)] * 3),
        use(
            lambda t: t.nn.MultiheadAttention(6, 2, bias=False, kdim=3, vdim=5, batch_first=True),
            normal(N, T, 6),
            normal(N, 3, 3),
            normal(N, 3, 5),
            need_weights=False,
        ),
    ],
    "TransformerEncoderLayer": [
        use(_encoder_layer, normal(T, N, 6)),
        use(lambda t: _encoder_layer(t, norm_first=True, batch_first=True, bias=False), normal(N, T, 6)),
    ],
    "TransformerDecoderLayer": [
        use(_decoder_layer, normal(T, N, 6), normal(3, N, 6)),
        use(lambda t: _decoder_layer(t, activation="gelu"), normal(T, N, 6), normal(3, N, 6)),
    ],
    "TransformerEncoder": [
        use(
            lambda t: t.nn.TransformerEncoder(_encoder_layer(t), 2, t.nn.LayerNorm(6), False),
            normal(T, N, 6),
        )
    ],
    "TransformerDecoder": [
        use(lambda t: t.nn.TransformerDecoder(_decoder_layer(t), 2), normal(T, N, 6), normal(3, N, 6))
    ],
    "Transformer": [
        use(
            lambda t: t.nn.Transformer(6, 2, 1, 1, 8, 0.0, batch_first=True),
            normal(N, T, 6),
            normal(N, 3, 6),
        )
    ],
}

# their weights are buffers
LOSSES = {
    "CrossEntropyLoss": [
        use(lambda t: t.nn.CrossEntropyLoss(t.tensor(WEIGHTS)), normal(N, 3), integers(0, 3, N))
    ],
    "NLLLoss": [use(lambda t: t.nn.NLLLoss(t.tensor(WEIGHTS)), normal(N, 3), integers(0, 3, N))],
    "BCELoss": [use(lambda t: t.nn.BCELoss(t.tensor(WEIGHTS)), uniform(0.1, 0.9, N, 3), uniform(0, 1, N, 3))],
    "BCEWithLogitsLoss": [
        use(
            lambda t: t.nn.BCEWithLogitsLoss(t.tensor(WEIGHTS), pos_weight=t.tensor(WEIGHTS)),
            normal(N, 3),
            uniform(0, 1, N, 3),
        )
    ],
    "MultiMarginLoss": [
        use(lambda t: t.nn.MultiMarginLoss(weight=t.tensor(WEIGHTS)), normal(N, 3), integers(0, 3, N))
    ],
    "MultiLabelSoftMarginLoss": [
        use(
            lambda t: t.nn.MultiLabelSoftMarginLoss(t.tensor(WEIGHTS)),
            normal(N, 3),
            exactly([[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]], "float32"),
        )
    ],
}

USES: dict[str, list[Use]] = {**LINEAR, **NORMS, **CONVOLUTIONS, **RECURRENT, **ATTENTION, **LOSSES}
# hold what they are given, or are only derived from
OTHERS = {
    "DataParallel",
    "Module",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "RNNBase",
    "RNNCellBase",
    "Sequential",
}
# what those without state can't be made without; others are made of twos
NEEDED: dict[str, dict[str, Any]] = {"Unflatten": {"dim": 1, "unflattened_size": (2, 2)}}
