"""Every module and every function that can be named: as a definition, built, run, and written down again."""

import pytest

import engine
from engine.spec import build_model, check_model
from engine.spec.layers import LAYERS

# one sample's shape, and the arguments that have no default and can't be inferred
IMAGE, SOUND, VOLUME, SEQUENCE, VECTOR = (2, 8, 8), (2, 8), (2, 6, 6, 6), (5, 8), (6,)
MODULES = {
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
    "RMSNorm": (VECTOR, {}),
    "RNN": (SEQUENCE, {"hidden_size": 3, "batch_first": True, "nonlinearity": "relu"}),
    "RNNCell": (VECTOR, {"hidden_size": 3}),
    "Softmax": (VECTOR, {"dim": -1}),
    "Unflatten": (VECTOR, {"dim": 1, "unflattened_size": [2, 3]}),
}
INTEGERS = {"Embedding", "EmbeddingBag"}


def definition_of(name, shape, arguments, kind="float32"):
    operands = LAYERS[name].operands or ("a", "b")
    inputs = ["input"] * len([operand for operand in operands if operand not in arguments])
    return {
        "input": {"shape": list(shape), "dtype": kind},
        "nodes": [{"name": "only", "type": name, "inputs": inputs, **arguments}],
        "output": "only",
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


def test_the_table_has_no_layer_that_is_gone():
    assert set(MODULES) <= set(LAYERS)
