"""Causal attention in a definition: its flag alone, which makes the mask that torch's layers want with it."""

from typing import Any

import numpy as np
import pytest

import engine
from engine.spec import SpecError, build_model, check_model

LAYER = {"nhead": 2, "dim_feedforward": 8, "dropout": 0.0, "batch_first": True}
ENCODER = {"type": "TransformerEncoderLayer", "d_model": 4, **LAYER}
DECODER = {"type": "TransformerDecoderLayer", "d_model": 4, **LAYER}
CAUSAL_DECODER = {"tgt_is_causal": True, "memory_is_causal": True}
ATTENTION = {"num_heads": 2, "batch_first": True}
NODES: dict[str, tuple[int, dict[str, Any]]] = {
    "MultiheadAttention": (3, {**ATTENTION, "is_causal": True}),
    "MultiheadAttention without weights": (3, {**ATTENTION, "is_causal": True, "need_weights": False}),
    "TransformerEncoderLayer": (1, {**LAYER, "is_causal": True}),
    "TransformerEncoder": (1, {"encoder_layer": ENCODER, "num_layers": 2, "is_causal": True}),
    "TransformerDecoderLayer": (2, {**LAYER, **CAUSAL_DECODER}),
    "TransformerDecoder": (2, {"decoder_layer": DECODER, "num_layers": 2, **CAUSAL_DECODER}),
    "Transformer": (
        2,
        {**LAYER, "num_encoder_layers": 1, "num_decoder_layers": 1, "src_is_causal": True, **CAUSAL_DECODER},
    ),
}


def definition_of(name):
    inputs, arguments = NODES[name]
    only = {"name": "only", "type": name.split()[0], "inputs": ["input"] * inputs, **arguments}
    return {"input": {"shape": [5, 4]}, "nodes": [only]}


@pytest.mark.parametrize("name", NODES)
def test_no_step_sees_a_later_one(name):
    definition = definition_of(name)
    assert check_model(definition).definition["nodes"][0]["inputs"] == definition["nodes"][0]["inputs"]
    model = build_model(definition)
    x = engine.randn(2, 5, 4)
    changed = x.clone()
    changed[:, 3:] = 0
    with engine.no_grad():
        before, after = model(x).numpy(), model(changed).numpy()
    np.testing.assert_allclose(before[:, :3], after[:, :3], rtol=1e-5, atol=1e-6)
    assert not np.allclose(before[:, 3:], after[:, 3:])


def test_the_numbers_are_those_of_a_mask_that_is_given():
    model = build_model(definition_of("TransformerEncoder"))
    x = engine.randn(2, 5, 4)
    mask = engine.nn.Transformer.generate_square_subsequent_mask(5)
    with engine.no_grad():
        expected = model.only(x, mask=mask, is_causal=True).numpy()
        np.testing.assert_array_equal(model(x).numpy(), expected)


def test_integers_are_refused_by_the_layer_itself():
    definition = definition_of("TransformerEncoderLayer")
    definition["input"]["dtype"] = "int64"
    with pytest.raises(SpecError, match="can't take int64 samples") as caught:
        check_model(definition)
    assert "infinity" not in str(caught.value)


def test_an_attention_layer_may_have_a_norm_beside_as_many_layers_as_there_can_be():
    inner = {"type": "TransformerEncoderLayer", "d_model": 4, **LAYER}
    layer = {"type": "TransformerEncoder", "encoder_layer": inner, "num_layers": 200}
    norm = {"type": "LayerNorm", "normalized_shape": 4}
    assert check_model({"input": {"shape": [5, 4]}, "layers": [{**layer, "norm": norm}]}).parameters > 0
    with pytest.raises(SpecError, match="too deep"):
        check_model({"input": {"shape": [5, 4]}, "layers": [{**layer, "norm": norm, "num_layers": 1024}]})
