"""Every module and every function that can be named: as a definition, built, run, and written down again."""

import itertools

import pytest

import engine
from engine.errors import SpecError
from engine.spec import build_model, check_model
from engine.spec.layers import LAYERS

# one sample's shape, and the arguments that have no default and can't be inferred
IMAGE, SOUND, VOLUME, SEQUENCE, VECTOR = (2, 8, 8), (2, 8), (2, 6, 6, 6), (5, 8), (6,)
TRANSFORMER = {"nhead": 2, "dim_feedforward": 16, "batch_first": True}
MODULES = {
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
INTEGERS = {"Embedding", "EmbeddingBag"}
MATRIX, SQUARE = (4, 6), (5, 5)
DIM = {"dim": 1}
# functions of an axis, which is the first after the batch here
ALONG = """
    all amax amin any argmax argmin cat count_nonzero cummax cummin cumprod cumsum log_softmax logcumsumexp
    logsumexp max mean median min nanmean nansum norm prod softmax softmin squeeze stack std sum
    take_along_dim unbind unsqueeze var
"""
FUNCTIONS = {
    **dict.fromkeys(ALONG.split(), (MATRIX, DIM)),
    **{name: (SQUARE, {}) for name in ("baddbmm", "bmm", "matmul")},
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
    "threshold": (MATRIX, {"threshold": 0.5, "value": 0.0}),
    "topk": (MATRIX, {"k": 2}),
    "transpose": (MATRIX, {"dim0": 1, "dim1": 2}),
    "unflatten": (MATRIX, {"dim": 2, "sizes": [2, 3]}),
}


# what some operands must be, made of the input
HELD = {
    "condition": {"name": "condition", "type": "gt", "inputs": ["input"], "other": 0},
    "mask": {"name": "mask", "type": "gt", "inputs": ["input"], "other": 0},
    "index": {"name": "index", "type": "argsort", "inputs": ["input"], "dim": 1},
    "indices": {"name": "indices", "type": "argsort", "inputs": ["input"], "dim": 1},
}
ROW = {"name": "row", "type": "select", "inputs": ["input"], "dim": 1, "index": 0}


def definition_of(name, shape, arguments, kind="float32", output="only"):
    """A graph of that one node, after those that make what it needs."""
    given = {key: value for key, value in arguments.items() if value not in ("row", "places")}
    operands = [each for each in LAYERS[name].operands or ("a", "b") if each not in given]
    inputs = [arguments.get(each, each if each in HELD else "input") for each in operands]
    before = [HELD[each] for each in operands if each in inputs and each in HELD]
    if "row" in inputs:
        before.append(ROW)
    if "places" in inputs:
        size = name[-2:]
        pool = {"type": f"MaxPool{size}", "kernel_size": 2, "return_indices": True}
        before.append({"name": "pool", "inputs": ["input"], **pool})
        inputs = ["pool.0", "pool.1"]
    return {
        "input": {"shape": list(shape), "dtype": kind},
        "nodes": [*before, {"name": "only", "type": name, "inputs": inputs, **given}],
        "output": output,
    }


def there_and_back(definition, batch):
    report = check_model(definition)
    again = check_model(report.definition)
    assert again.definition == report.definition
    assert again.parameters == report.parameters
    model = build_model(report.definition, seed=3)
    output = model(batch)
    assert tuple(output.shape) == (len(batch), *report.output_shape)
    return model, output


# layers without required arguments need no row above
@pytest.mark.parametrize("name", [name for name, entry in LAYERS.items() if entry.kind == "module"])
def test_a_layer_goes_to_a_module_and_back(name):
    shape, arguments = MODULES.get(name, (VECTOR, {}))
    kind = "int64" if name in INTEGERS else "float32"
    batch = engine.randint(0, 9, (2, *shape)) if kind == "int64" else engine.randn(2, *shape)
    model, output = there_and_back(definition_of(name, shape, arguments, kind), batch)
    if list(model.parameters()):
        output.sum().backward()
        assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("name", [name for name, entry in LAYERS.items() if entry.kind == "function"])
def test_a_function_goes_to_a_node_and_back(name):
    shape, arguments = FUNCTIONS.get(name, (MATRIX, {}))
    refused = []
    for kind, output in itertools.product(("float32", "int64"), ("only", "only.0")):
        definition = definition_of(name, shape, arguments, kind, output)
        batch = engine.randn(2, *shape) if kind == "float32" else engine.randint(0, 9, (2, *shape))
        try:
            there_and_back(definition, batch)
        except SpecError as error:
            refused.append(str(error))
        else:
            return
    pytest.fail("\n".join(refused))


def test_the_tables_have_no_row_for_what_is_gone():
    assert MODULES.keys() | FUNCTIONS.keys() <= LAYERS.keys()
