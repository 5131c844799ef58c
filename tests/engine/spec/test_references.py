"""Nodes that give several values, nodes that take several, and numbers in place of inputs."""

import numpy as np
import pytest

import engine
from engine.errors import SpecError
from engine.spec import build_model, check_model, to_definition


def graph(*nodes, shape=(6,), output=None, **more):
    return {
        "input": {"shape": list(shape), "dtype": "float32"},
        "nodes": list(nodes),
        **({"output": output} if output else {}),
        **more,
    }


def node(name, type, *inputs, **arguments):
    return {"name": name, "type": type, "inputs": list(inputs or ("input",)), **arguments}


def faults(definition):
    with pytest.raises(SpecError) as caught:
        check_model(definition)
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def test_one_of_several_values_is_named_by_its_number():
    definition = graph(node("parts", "chunk", chunks=2, dim=1), node("out", "mul", "parts.0", "parts.1"))
    model = build_model(definition)
    x = engine.randn(4, 6)
    np.testing.assert_array_equal(model(x).numpy(), (x[:, :3] * x[:, 3:]).numpy())
    assert check_model(definition).output_shape == (3,)
    canonical = to_definition(model)
    assert to_definition(build_model(canonical)) == canonical
    assert canonical["nodes"][1]["inputs"] == ["parts.0", "parts.1"]


def test_the_output_may_be_one_of_several_values():
    definition = graph(node("best", "topk", k=2, dim=1), output="best.1")
    report = check_model(definition)
    assert report.output_shape == (2,)
    picked = build_model(definition)(engine.tensor([[3.0, 1, 2, 9, 0, 4]]))
    assert picked.tolist() == [[3, 5]]


def test_several_values_of_a_function_must_be_told_apart():
    definition = graph(node("parts", "chunk", chunks=2, dim=1), node("out", "relu", "parts"))
    assert faults(definition) == [("/nodes/1/inputs/0", 'chunk gives 2 values; name one, such as "parts.0"')]


def test_a_list_cannot_tell_several_values_apart():
    definition = {
        "input": {"shape": [6]},
        "layers": [{"type": "chunk", "chunks": 2, "dim": 1}, {"type": "ReLU"}],
    }
    assert faults(definition) == [("/layers/1", "chunk gives 2 values; write the model as nodes to name one")]


@pytest.mark.parametrize(
    ("reference", "detail"),
    [
        ("parts.2", '"parts.2" isn\'t there: there are 2 values, numbered from 0'),
        ("parts.0.1", '"parts.0.1" names a part of a single value; leave the number out'),
        ("input.0", '"input.0" names a part of a single value; leave the number out'),
        (
            "parts.x",
            '"parts.x" is no node: after the dot stands the number of one of its values, as in "lstm.1"',
        ),
        ("prats.1", 'there is no node "prats.1"; did you mean "parts"?'),
    ],
)
def test_a_wrong_reference_is_told_at_its_place(reference, detail):
    definition = graph(
        node("parts", "chunk", chunks=2, dim=1),
        node("out", "add", "parts.0", reference),
    )
    assert ("/nodes/1/inputs/1", detail) in faults(definition)


def test_a_value_that_mixes_the_samples_is_told():
    definition = graph(node("best", "max", dim=0), node("out", "relu", "best.0"))
    ((pointer, detail),) = faults(definition)
    assert pointer == "/nodes/0"
    assert "mixes the samples" in detail


def test_a_number_may_stand_in_place_of_an_input():
    definition = graph(node("half", "mul", other=0.5), node("out", "add", "half", other=1))
    x = engine.randn(3, 6)
    np.testing.assert_array_equal(build_model(definition)(x).numpy(), (x * 0.5 + 1).numpy())
    canonical = check_model(definition).definition
    assert canonical["nodes"][0] == {"name": "half", "type": "mul", "inputs": ["input"], "other": 0.5}


def test_a_number_beside_both_inputs_is_refused():
    definition = graph(node("out", "mul", "input", "input", other=0.5))
    assert faults(definition) == [("/nodes/0/inputs", "2 inputs are given; mul takes one input")]


def test_a_missing_input_is_told_by_name():
    definition = graph(node("out", "sub", "input"))
    assert faults(definition) == [
        ("/nodes/0/inputs", "1 inputs are given; sub takes two inputs (input, other)")
    ]


def test_a_block_may_be_called_like_a_function_but_not_like_a_layer():
    block = {"nodes": [node("sum", "add", "input", "input")]}
    assert check_model(graph(node("twice", "outer"), blocks={"outer": block})).output_shape == (6,)
    ((pointer, detail),) = faults(graph(node("twice", "Linear", out_features=3), blocks={"Linear": block}))
    assert (pointer, detail.split(";")[0]) == ("/blocks/Linear", '"Linear" is a layer of the engine already')


def test_layers_of_sequences_must_take_the_batch_first():
    layer = {"type": "LSTM", "hidden_size": 3}
    definition = {"input": {"shape": [5, 4]}, "layers": [layer]}
    detail = 'LSTM needs "batch_first": true, since in a definition axis 0 is always the batch'
    assert faults(definition) == [("/layers/0", detail)]
    definition["layers"] = [{**layer, "batch_first": False}]
    assert faults(definition) == [("/layers/0/batch_first", detail)]
    definition["layers"] = [{**layer, "batch_first": True}]
    assert check_model(definition).output_shape == (5, 3)


def test_a_layers_plain_name_is_its_first_value():
    definition = graph(
        node("rnn", "LSTM", hidden_size=3, batch_first=True),
        node("out", "relu", "rnn"),
        shape=(5, 4),
    )
    assert check_model(definition).output_shape == (5, 3)


def states(*after):
    """A graph with what comes after an LSTM of two layers, of sequences [5, 4]."""
    return graph(node("rnn", "LSTM", hidden_size=3, num_layers=2, batch_first=True), *after, shape=(5, 4))


def test_the_last_state_of_a_recurrent_layer_can_be_selected():
    definition = states(node("last", "select", "rnn.1.0", dim=0, index=-1), node("out", "relu", "last"))
    report = check_model(definition)
    assert [layer.input_shape for layer in report.layers] == [(5, 4), (2, 3), (3,)]
    model, x = build_model(definition), engine.randn(7, 5, 4)
    with engine.no_grad():
        np.testing.assert_array_equal(model(x).numpy(), model.rnn(x)[1][0][-1].relu().numpy())


def test_a_state_whose_batch_is_not_in_front_is_told_where_it_is_used():
    behind = (
        '"rnn.1.0" has the batch on axis 1, and here it must be axis 0; take a select along dim 0 of it, '
        "or a transpose"
    )
    assert faults(states(node("out", "relu", "rnn.1.0"))) == [("/nodes/1", behind)]
    assert faults({**states(), "output": "rnn.1.0"}) == [("/output", behind)]


def test_a_part_that_a_layer_does_not_give_is_told():
    attention = node("mha", "MultiheadAttention", *["input"] * 3, num_heads=2, batch_first=True)
    definition = graph({**attention, "need_weights": False}, shape=(5, 4))
    detail = '"mha.1.0" isn\'t there: the layer gives nothing at that place'
    assert faults({**definition, "output": "mha.1.0"}) == [("/output", detail)]
