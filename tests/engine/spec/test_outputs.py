"""Models that give several values, losses among their nodes, and functions as arguments."""

import pytest

import engine
from engine.spec import build_model, check_model
from tests.engine.spec.test_faults import told

PAIR = {
    "input": {"shape": [2, 6]},
    "nodes": [
        {"name": "encoder", "type": "Linear", "inputs": ["input"], "out_features": 3},
        {"name": "parts", "type": "unbind", "inputs": ["encoder"], "dim": 1},
        {"name": "score", "type": "PairwiseDistance", "inputs": ["parts.0", "parts.1"]},
    ],
    "output": ["parts.1", "score", "parts.0", "input"],
}


def test_several_values_are_given_in_the_order_of_their_names():
    report = check_model(PAIR)
    assert report.output_shapes == ((3,), (), (3,), (2, 6))
    assert report.output_shape == (3,)
    assert report.definition["output"] == PAIR["output"]
    assert check_model(report.definition) == report
    batch = engine.randn(4, 2, 6)
    network = build_model(PAIR)
    right, score, left, given = network(batch)
    assert engine.equal(given, batch)
    assert engine.equal(engine.stack([left, right], 1), network.encoder(batch))
    assert engine.equal(score, engine.nn.PairwiseDistance()(left, right))


def test_a_list_of_one_name_is_that_name():
    one = {**PAIR, "output": ["score"]}
    assert check_model(one).definition["output"] == "score"
    assert check_model(one) == check_model({**PAIR, "output": "score"})
    assert check_model(one).output_shapes == ((),)


def test_an_output_whose_batch_is_not_in_front_is_told_at_its_place():
    lstm = {"name": "lstm", "type": "LSTM", "inputs": ["input"], "hidden_size": 3, "batch_first": True}
    definition = {"input": {"shape": [2, 6]}, "nodes": [lstm], "output": ["lstm", "lstm.1.0"]}
    ((pointer, detail),) = told(definition)
    assert pointer == "/output/1"
    assert detail.startswith('"lstm.1.0" has the batch on axis 1')


def test_what_works_in_place_leaves_other_nodes_alone():
    definition = {
        "input": {"shape": [3]},
        "nodes": [
            {"name": "a", "type": "relu", "inputs": ["input"], "inplace": True},
            {"name": "b", "type": "ReLU", "inputs": ["input"], "inplace": True},
        ],
        "output": ["a", "b", "input"],
    }
    batch = engine.tensor([[-1.0, 0.0, 2.0]])
    outputs = build_model(definition)(batch)
    assert [output.tolist() for output in outputs] == [[[0, 0, 2]], [[0, 0, 2]], [[-1, 0, 2]]]
    assert batch.tolist() == [[-1, 0, 2]]


def test_a_loss_among_the_nodes_takes_its_weights_and_numbers_from_json():
    definition = {
        "input": {"shape": [3]},
        "nodes": [
            {"name": "class", "type": "argmax", "inputs": ["input"], "dim": 1},
            {
                "name": "entropy",
                "type": "CrossEntropyLoss",
                "inputs": ["input", "class"],
                "weight": [1, 2, 0.5],
                "reduction": "none",
            },
            {
                "name": "normal",
                "type": "GaussianNLLLoss",
                "inputs": ["input", "input"],
                "var": 0.25,
                "reduction": "none",
            },
        ],
        "output": ["entropy", "normal"],
    }
    report = check_model(definition)
    assert report.definition["nodes"] == definition["nodes"]
    assert report.output_shapes == ((), (3,))
    batch = engine.randn(5, 3)
    entropy, normal = build_model(definition)(batch)
    losses = engine.nn.functional.cross_entropy(
        batch, batch.argmax(1), engine.tensor([1, 2, 0.5]), reduction="none"
    )
    assert engine.allclose(entropy, losses)
    assert normal.tolist() == [[pytest.approx(-0.693147)] * 3] * 5


def test_a_distance_is_a_function_of_the_catalogue():
    node = {
        "name": "loss",
        "type": "TripletMarginWithDistanceLoss",
        "inputs": ["input"] * 3,
        "distance_function": {"type": "pairwise_distance", "p": 1.0},
        "reduction": "none",
    }
    definition = {"input": {"shape": [3]}, "nodes": [node], "output": "loss"}
    assert check_model(definition).definition["nodes"] == [node]
    assert build_model(definition)(engine.randn(2, 3)).tolist() == [1, 1]
    for distance in ("Linear", "relu", 3):  # no function of two tensors
        changed = {**node, "distance_function": {"type": distance}}
        ((pointer, detail),) = told({**definition, "nodes": [changed]})
        assert pointer == "/nodes/0/distance_function/type"
        assert "isn't known here" in detail
    ((pointer, detail),) = told({**definition, "nodes": [{**node, "distance_function": "pairwise_distance"}]})
    assert pointer == "/nodes/0/distance_function"
    assert "not an object that names a function" in detail


def test_an_activation_is_a_function_of_the_catalogue():
    layer = {
        "type": "TransformerEncoderLayer",
        "d_model": 8,
        "nhead": 2,
        "activation": {"type": "leaky_relu", "negative_slope": 0.1},
        "batch_first": True,
    }
    stack = {"type": "TransformerEncoder", "encoder_layer": layer, "num_layers": 2}
    report = check_model({"input": {"shape": [5, 8]}, "layers": [layer, stack]})
    assert report.definition["layers"] == [layer, stack]
    first = build_model(report.definition).get_submodule("0")
    assert first.activation(engine.tensor([-1.0])).item() == pytest.approx(-0.1)
