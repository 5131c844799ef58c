"""What the tests of every layer and function give them: one sample's shape, and what has no default."""

from typing import Any

from engine.nn import functional
from engine.spec.layers import LAYERS

# one sample's shape, and the arguments that have no default and can't be inferred
IMAGE, SOUND, VOLUME, SEQUENCE, VECTOR = (2, 8, 8), (2, 8), (2, 6, 6, 6), (5, 8), (6,)
TRANSFORMER = {"nhead": 2, "dim_feedforward": 16, "batch_first": True}
SPATIAL = ((1, SOUND), (2, IMAGE), (3, VOLUME))
PADS = ("Circular", "Reflection", "Replication", "Zero")
MODULES: dict[str, Any] = {
    **{
        f"Adaptive{kind}Pool{n}d": (shape, {"output_size": 2})
        for kind in ("Avg", "Max")
        for n, shape in SPATIAL
    },
    **{f"{kind}Pad{n}d": (shape, {"padding": 1}) for kind in PADS for n, shape in SPATIAL},
    **{f"ConstantPad{n}d": (shape, {"padding": 1, "value": 0.5}) for n, shape in SPATIAL},
    "Bilinear": (VECTOR, {"out_features": 3}),
    "ChannelShuffle": (IMAGE, {"groups": 2}),
    "Fold": ((8, 9), {"output_size": [4, 4], "kernel_size": 2}),
    "FractionalMaxPool2d": (IMAGE, {"kernel_size": 2, "output_size": 3}),
    "FractionalMaxPool3d": (VOLUME, {"kernel_size": 2, "output_ratio": 0.5}),
    "PixelShuffle": ((4, 3, 3), {"upscale_factor": 2}),
    "PixelUnshuffle": (IMAGE, {"downscale_factor": 2}),
    "Unfold": (IMAGE, {"kernel_size": [2, 3]}),
    "Upsample": (IMAGE, {"scale_factor": 2, "mode": "bilinear", "align_corners": True}),
    "UpsamplingBilinear2d": (IMAGE, {"size": [5, 7]}),
    "UpsamplingNearest2d": (IMAGE, {"scale_factor": 2}),
    "AvgPool1d": (SOUND, {"kernel_size": 2}),
    "AvgPool2d": (IMAGE, {"kernel_size": [2, 3], "stride": 1}),
    "AvgPool3d": (VOLUME, {"kernel_size": 2}),
    "BatchNorm1d": (SOUND, {}),
    "BatchNorm2d": (IMAGE, {}),
    "BatchNorm3d": (VOLUME, {}),
    "Conv1d": (SOUND, {"out_channels": 4, "kernel_size": 3, "padding": "same"}),
    "Conv2d": (IMAGE, {"out_channels": 4, "kernel_size": [3, 2], "groups": 2, "padding_mode": "circular"}),
    "Conv3d": (VOLUME, {"out_channels": 4, "kernel_size": 3, "stride": 2}),
    "ConvTranspose1d": (SOUND, {"out_channels": 4, "kernel_size": 3, "stride": 2, "output_padding": 1}),
    "ConvTranspose2d": (IMAGE, {"out_channels": 4, "kernel_size": 3}),
    "ConvTranspose3d": (VOLUME, {"out_channels": 4, "kernel_size": 3}),
    "CosineSimilarity": (VECTOR, {}),
    "Embedding": (VECTOR, {"num_embeddings": 9, "embedding_dim": 4}),
    "Dropout1d": (SOUND, {}),
    "Dropout2d": (IMAGE, {}),
    "Dropout3d": (VOLUME, {}),
    "EmbeddingBag": (VECTOR, {"num_embeddings": 9, "embedding_dim": 4, "mode": "sum"}),
    "GRU": (SEQUENCE, {"hidden_size": 3, "batch_first": True, "bidirectional": True}),
    "GRUCell": (VECTOR, {"hidden_size": 3}),
    "GroupNorm": (IMAGE, {"num_groups": 2}),
    "InstanceNorm1d": (SOUND, {"affine": True}),
    "InstanceNorm2d": (IMAGE, {}),
    "InstanceNorm3d": (VOLUME, {}),
    "LSTM": (SEQUENCE, {"hidden_size": 3, "batch_first": True, "num_layers": 2, "dropout": 0.25}),
    "LSTMCell": (VECTOR, {"hidden_size": 3}),
    "LayerNorm": (IMAGE, {"normalized_shape": [8, 8]}),
    "Linear": (VECTOR, {"out_features": 3, "bias": False}),
    "LocalResponseNorm": (IMAGE, {"size": 2}),
    "LogSoftmax": (VECTOR, {"dim": 1}),
    "LPPool1d": (SOUND, {"norm_type": 2, "kernel_size": 2}),
    "LPPool2d": (IMAGE, {"norm_type": 2.5, "kernel_size": 2}),
    "LPPool3d": (VOLUME, {"norm_type": 2, "kernel_size": 2}),
    "MaxPool1d": (SOUND, {"kernel_size": 2}),
    "MaxPool2d": (IMAGE, {"kernel_size": 2, "return_indices": True}),
    "MaxPool3d": (VOLUME, {"kernel_size": 2}),
    "MaxUnpool1d": (SOUND, {"kernel_size": 2, "indices": "places"}),
    "MaxUnpool2d": (IMAGE, {"kernel_size": 2, "indices": "places"}),
    "MaxUnpool3d": (VOLUME, {"kernel_size": 2, "indices": "places"}),
    "MultiheadAttention": (SEQUENCE, {"num_heads": 2, "batch_first": True, "need_weights": False}),
    "RMSNorm": (VECTOR, {}),
    "RNN": (SEQUENCE, {"hidden_size": 3, "batch_first": True, "nonlinearity": "relu"}),
    "RNNCell": (VECTOR, {"hidden_size": 3}),
    "Softmax": (VECTOR, {"dim": -1}),
    "Softmax2d": (IMAGE, {}),
    "Threshold": (VECTOR, {"threshold": 0.5, "value": 2}),
    "Transformer": (SEQUENCE, {**TRANSFORMER, "num_encoder_layers": 1, "num_decoder_layers": 1}),
    "TransformerDecoder": (
        SEQUENCE,
        {"decoder_layer": {"type": "TransformerDecoderLayer", "d_model": 8, **TRANSFORMER}, "num_layers": 2},
    ),
    "TransformerDecoderLayer": (SEQUENCE, TRANSFORMER),
    "TransformerEncoder": (
        SEQUENCE,
        {
            "encoder_layer": {"type": "TransformerEncoderLayer", "d_model": 8, **TRANSFORMER},
            "num_layers": 2,
            "norm": {"type": "LayerNorm", "normalized_shape": 8},
        },
    ),
    "TransformerEncoderLayer": (SEQUENCE, {**TRANSFORMER, "activation": "gelu", "norm_first": True}),
    "Unflatten": (VECTOR, {"dim": 1, "unflattened_size": [2, 3]}),
}
# losses as nodes, of the input itself or of what is made of it
SPARED: dict[str, Any] = {"reduction": "none"}
OF_CLASSES = ("CrossEntropy", "NLL", "MultiMargin", "CosineEmbedding", "Focal")
OF_PAIRS = """
    BCEWithLogits HingeEmbedding Huber KLDiv L1 MSE MarginRanking MultiLabelSoftMargin PoissonNLL SmoothL1
    SoftMargin TripletMargin
"""
MODULES |= {
    **{f"{name}Loss": (VECTOR, {"target": "classes", **SPARED}) for name in OF_CLASSES},
    **{f"{name}Loss": (VECTOR, SPARED) for name in OF_PAIRS.split()},
    "BCELoss": (VECTOR, {"input": "share", "target": "share", **SPARED}),
    "CTCLoss": (SEQUENCE, {"targets": "classes", "blank": 1, **SPARED}),
    "GaussianNLLLoss": (VECTOR, {"var": "share", **SPARED}),
    "MultiLabelMarginLoss": (VECTOR, {"target": "indices", **SPARED}),
    "TripletMarginWithDistanceLoss": (
        VECTOR,
        {"distance_function": {"type": "pairwise_distance", "p": 1}, **SPARED},
    ),
}
INTEGERS = {"Embedding", "EmbeddingBag"}
MATRIX, SQUARE = (4, 6), (5, 5)
DIM = {"dim": 1}
# functions of an axis, which is the first after the batch here
ALONG = """
    all amax amin any argmax argmin cat count_nonzero cummax cummin cumprod cumsum log_softmax logcumsumexp
    logsumexp max mean median min nanmean nanmedian nansum norm prod softmax softmin squeeze stack std sum
    take_along_dim unbind unsqueeze var
"""


def _as_modules() -> dict[str, Any]:
    """The rows of the functions that a module calls: adaptive_avg_pool1d is as AdaptiveAvgPool1d."""
    rows = {name.lower(): row for name, row in MODULES.items()}
    found = {}
    for name in functional.__all__:
        plain = name.removesuffix("_with_indices").replace("_", "")
        row = rows.get(plain) or rows.get(f"{plain}loss")
        if row is not None and name in LAYERS:
            found[name] = row
    return found


FUNCTIONS = {
    "cross": ((3, 4), {"dim": 1}),
    "grid_sample": ((1, 2, 2), {}),
    "imag": ((3, 2), {"input": "complex"}),
    "interpolate": (IMAGE, {"scale_factor": 2, "mode": "bicubic"}),
    "mvlgamma": (MATRIX, {"p": 1}),
    "nanquantile": (MATRIX, {"q": 0.5, **DIM}),
    "pad": (MATRIX, {"pad": [1, 2], "value": 0.5}),
    "quantile": (MATRIX, {"q": 0.5, **DIM}),
    "view_as_complex": ((3, 2), {}),
    "view_as_real": ((3, 2), {"input": "complex"}),
    **dict.fromkeys(ALONG.split(), (MATRIX, DIM)),
    **_as_modules(),
    "binary_cross_entropy": MODULES["BCELoss"],
    "binary_cross_entropy_with_logits": MODULES["BCEWithLogitsLoss"],
    "upsample_bilinear": MODULES["UpsamplingBilinear2d"],
    "upsample_nearest": MODULES["UpsamplingNearest2d"],
    **{name: (SQUARE, {}) for name in ("baddbmm", "bmm", "matmul", "matrix_exp")},
    **{name: (SQUARE, {"input": "gram"}) for name in ("cholesky", "det", "inverse", "slogdet")},
    **{name: (SQUARE, {"A": "gram"}) for name in ("eigh", "eigvalsh", "solve")},
    "matrix_power": (SQUARE, {"n": 3}),
    "solve_triangular": (SQUARE, {"A": "gram", "upper": True}),
    "vector_norm": (MATRIX, DIM),
    **dict.fromkeys(("gather", "scatter_add"), (SQUARE, DIM)),
    "scatter": (SQUARE, {"value": 0.5, **DIM}),
    "aminmax": (MATRIX, DIM),
    "broadcast_to": ((1, 6), {"shape": [-1, 4, 6]}),
    "chunk": (MATRIX, {"chunks": 2, **DIM}),
    "clamp": (MATRIX, {"min": -0.5}),
    "diagonal": (SQUARE, {"dim1": 1, "dim2": 2}),
    "diagonal_scatter": (SQUARE, {"dim1": 1, "dim2": 2, "src": "row"}),
    "einsum": (SQUARE, {"equation": "nij,njk->nik"}),
    "flatten": (MATRIX, {"start_dim": 1}),
    "flip": (MATRIX, {"dims": [2]}),
    "kthvalue": (MATRIX, {"k": 2}),
    "movedim": (MATRIX, {"source": 1, "destination": 2}),
    "narrow": (MATRIX, {"dim": 1, "start": 1, "length": 2}),
    "permute": (MATRIX, {"dims": [0, 2, 1]}),
    "masked_fill": (MATRIX, {"value": 0.5}),
    "one_hot": (MATRIX, {"num_classes": 9}),
    "reshape": (MATRIX, {"shape": [-1, 24]}),
    "roll": (MATRIX, {"shifts": 1, "dims": 1}),
    "rot90": (MATRIX, {"dims": [1, 2]}),
    "select": (MATRIX, {"dim": 1, "index": -1}),
    "select_scatter": (MATRIX, {"dim": 1, "index": 0, "src": "row"}),
    "split": (MATRIX, {"split_size": 2, **DIM}),
    "split_with_sizes": (MATRIX, {"split_sizes": [1, 3], **DIM}),
    "polygamma": (MATRIX, {"n": 1}),
    "scatter_reduce": (SQUARE, {"reduce": "amax", **DIM}),
    "tile": (MATRIX, {"dims": [1, 2, 3]}),
    "threshold": (MATRIX, {"threshold": 0.5, "value": 0.0}),
    "topk": (MATRIX, {"k": 2}),
    "transpose": (MATRIX, {"dim0": 1, "dim1": 2}),
    "unflatten": (MATRIX, {"dim": 2, "sizes": [2, 3]}),
}
