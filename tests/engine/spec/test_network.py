"""What a network does with the values of its nodes."""

import numpy as np

import engine
from engine.spec import build_model, check_model, to_definition

RELU = {"type": "ReLU", "inplace": True}


def values(tensor):
    return tensor.detach().numpy().tolist()


def test_a_layer_in_place_leaves_the_input_as_it_was():
    definition = {"input": {"shape": [2], "dtype": "float32"}, "layers": [RELU]}
    data = np.array([[-1.0, 2.0]], np.float32)
    model = build_model(definition)
    assert values(model(engine.from_numpy(data))) == [[0, 2]]
    assert data.tolist() == [[-1, 2]]
    assert to_definition(model) == definition


def test_a_node_in_place_leaves_the_values_of_others_as_they_were():
    nodes = [
        {"name": "sum", "type": "add", "inputs": ["input", "input"]},
        {"name": "relu", "inputs": ["sum"], **RELU},
        {"name": "both", "type": "add", "inputs": ["sum", "relu"]},
    ]
    model = build_model({"input": {"shape": [2]}, "nodes": nodes})
    assert values(model(engine.tensor([[-1.0, 2.0]]))) == [[-2, 8]]


def test_a_layer_in_place_may_follow_a_view_and_still_be_trained():
    layers = [{"type": "Linear", "out_features": 4}, {"type": "Flatten"}, {"type": "Flatten"}, RELU]
    model = build_model({"input": {"shape": [3, 2]}, "layers": layers})
    model(engine.ones(5, 3, 2)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_node_may_be_called_like_a_method_that_training_does_not_need():
    definition = {"input": {"shape": [3]}, "layers": [{"name": "half", "type": "Linear", "out_features": 2}]}
    model = build_model(definition)
    assert list(model.state_dict()) == ["half.weight", "half.bias"]
    assert [name for name, _ in model.named_children()] == ["half"]
    assert model(engine.ones(1, 3)).shape == (1, 2)
    assert to_definition(model) == check_model(definition).definition
