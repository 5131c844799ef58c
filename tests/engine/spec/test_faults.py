"""Invalid definitions: each fault is told at its place, with what would have been right."""

import math

import pytest

from engine.spec import SpecError, check_model


def told(definition):
    with pytest.raises(SpecError) as caught:
        check_model(definition)
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def layers(*items, shape=(784,)):
    return {"input": {"shape": list(shape)}, "layers": list(items)}


def nodes(*items, shape=(4,), **more):
    return {"input": {"shape": list(shape)}, "nodes": list(items), **more}


LINEAR = {"type": "Linear", "out_features": 10}
EXAMPLE = 'such as {"shape": [1, 28, 28], "dtype": "float32"}'

CASES = {
    "not an object": ([], [("", "the definition is [], not an object")]),
    "empty": (
        {},
        [
            ("", f"input is missing; it must be an object {EXAMPLE}"),
            ("", "layers is missing; give either layers (a list, run in order) or nodes (a graph)"),
        ],
    ),
    "layers and nodes": (
        {**layers(LINEAR), "nodes": []},
        [
            (
                "",
                "both layers and nodes are given; "
                "give either layers (a list, run in order) or nodes (a graph)",
            )
        ],
    ),
    "in_features": (
        layers({"type": "Linear", "out_features": 128}, {"type": "ReLU"}, {**LINEAR, "in_features": 100}),
        [("/layers/2/in_features", "in_features is 100, the layer before gives 128")],
    ),
    "first in_features": (
        layers({**LINEAR, "in_features": 100}),
        [("/layers/0/in_features", "in_features is 100, the input gives 784")],
    ),
    "in_features in a graph": (
        nodes(
            {"name": "a", **LINEAR, "inputs": ["input"]},
            {"name": "b", **LINEAR, "in_features": 3, "inputs": ["a"]},
        ),
        [("/nodes/1/in_features", 'in_features is 3, its input "a" gives 10')],
    ),
    "unknown type": (
        layers({"type": "Linaer", "out_features": 3}),
        [("/layers/0/type", 'the layer type "Linaer" isn\'t known; did you mean "Linear"?')],
    ),
    "unknown argument": (
        layers({"type": "Linear", "out_feature": 3}),
        [
            ("/layers/0", "Linear needs out_features, which is missing"),
            ("/layers/0/out_feature", 'Linear has no argument "out_feature"; did you mean "out_features"?'),
        ],
    ),
    "no arguments": (
        layers({"type": "Tanh", "p": 1}),
        [("/layers/0/p", 'Tanh has no argument "p"; it takes none')],
    ),
    "bool for int": (
        layers({"type": "Linear", "out_features": True}),
        [("/layers/0/out_features", "out_features is true, not an integer")],
    ),
    "string for int": (
        layers({"type": "Linear", "out_features": "64"}),
        [("/layers/0/out_features", 'out_features is "64", not an integer; write 64 without the quotes')],
    ),
    "negative": (
        layers({"type": "Linear", "out_features": -5}),
        [("/layers/0/out_features", "out_features is -5; it must be at least 1")],
    ),
    "NaN": (layers({"type": "Dropout", "p": math.nan}), [("/layers/0/p", "p is NaN; it must be finite")]),
    "probability": (
        layers({"type": "Dropout", "p": 1.5}),
        [("/layers/0/p", "p is 1.5; it must be at least 0 and at most 1")],
    ),
    "no type": (layers({}), [("/layers/0", 'type is missing; name a layer, such as {"type": "Linear"}')]),
    "layer no object": (
        layers("ReLU"),
        [("/layers/0", 'a layer is "ReLU", not an object such as {"type": "ReLU"}')],
    ),
    "no layers": (layers(), [("/layers", "layers is [], not a list of 1 to 2048 layers")]),
    "unknown field": (
        {**layers(LINEAR), "layer": 1},
        [("/layer", 'the field "layer" isn\'t known; did you mean "layers"?')],
    ),
    "dot in a name": (
        layers({**LINEAR, "name": "fc.1"}),
        [
            (
                "/layers/0/name",
                'name is "fc.1"; it must be 1 to 64 letters, digits, _ or -; '
                "a dot would break the keys of the weights",
            )
        ],
    ),
    "reserved name": (
        layers({**LINEAR, "name": "forward"}),
        [("/layers/0/name", 'the name "forward" is reserved; choose another')],
    ),
    "same name": (
        layers({**LINEAR, "name": "fc"}, {**LINEAR, "name": "fc"}),
        [("/layers/1/name", 'the name "fc" is taken by /layers/0; names within a body must differ')],
    ),
    "name is a later index": (
        layers({**LINEAR, "name": "1"}, LINEAR),
        [("/layers/1", 'the name "1" is taken by /layers/0; names within a body must differ')],
    ),
    "inputs in a list": (
        layers({**LINEAR, "inputs": ["input"]}),
        [
            (
                "/layers/0/inputs",
                "in a layer list each layer takes the one before; "
                "write the model as nodes to wire it yourself",
            )
        ],
    ),
    "two inputs in a list": (
        layers({"type": "add"}),
        [("/layers/0/type", "add takes two inputs (input, other); write the model as nodes to give them")],
    ),
    "output of a list": (
        {**layers({**LINEAR, "name": "a"}), "output": "a"},
        [("/output", "a layer list gives the value of its last layer; output is for graphs")],
    ),
    "node without name and inputs": (
        nodes({"type": "ReLU"}),
        [
            ("/nodes/0", "name is missing; every node of a graph has one"),
            ("/nodes/0", 'inputs is missing; name the nodes that it takes, or "input"'),
        ],
    ),
    "inputs as a string": (
        nodes({"name": "a", "type": "ReLU", "inputs": "input"}),
        [("/nodes/0/inputs", 'inputs is "input", not a list of names of nodes; write ["input"]')],
    ),
    "number of inputs": (
        nodes({"name": "a", "type": "ReLU", "inputs": ["input", "input"]}),
        [("/nodes/0/inputs", "2 inputs are given; ReLU takes one input")],
    ),
    "dangling input": (
        nodes({"name": "first", "type": "ReLU", "inputs": ["frist"]}),
        [("/nodes/0/inputs/0", 'there is no node "frist"; did you mean "first"?')],
    ),
    "cycle": (
        nodes({"name": "a", "type": "ReLU", "inputs": ["b"]}, {"name": "b", "type": "ReLU", "inputs": ["a"]}),
        [("/nodes/0/inputs", "the nodes run in a circle: a -> b -> a; each must come from earlier ones")],
    ),
    "several outputs": (
        nodes(
            {"name": "a", "type": "ReLU", "inputs": ["input"]},
            {"name": "b", "type": "ReLU", "inputs": ["input"]},
        ),
        [("", "2 nodes are used by no other (a, b), and a model gives one value; name it in output")],
    ),
    "unused node": (
        nodes(
            {"name": "a", "type": "ReLU", "inputs": ["input"]},
            {"name": "b", "type": "ReLU", "inputs": ["input"]},
            output="a",
        ),
        [("/nodes/1", '"b" is never used on the way to the output "a"; remove it or wire it in')],
    ),
    "unknown output": (
        nodes({"name": "relu", "type": "ReLU", "inputs": ["input"]}, output="rleu"),
        [("/output", 'there is no node "rleu" to give as the output; did you mean "relu"?')],
    ),
    "list of outputs": (
        nodes({"name": "a", "type": "ReLU", "inputs": ["input"]}, output=["a", "b", "a.1", "input"]),
        [("/output/1", 'there is no node "b" to give as the output; known: a')],
    ),
    "no output of several": (
        nodes({"name": "a", "type": "ReLU", "inputs": ["input"]}, output=[]),
        [("/output", "output is [], not the name of a node or a list of 1 to 8 names")],
    ),
    "unused beside several outputs": (
        nodes(*({"name": n, "type": "ReLU", "inputs": ["input"]} for n in "abc"), output=["a", "c"]),
        [("/nodes/1", '"b" is never used on the way to the output "a", "c"; remove it or wire it in')],
    ),
    "several outputs of a block": (
        {
            **layers({"type": "b"}),
            "blocks": {
                "b": {"nodes": [{"name": "a", "type": "ReLU", "inputs": ["input"]}], "output": ["a", "a"]}
            },
        },
        [("/blocks/b/output", "output is a list of 2 items, not the name of one node")],
    ),
    "loss for a whole batch": (
        nodes(
            {"name": "a", "type": "MSELoss", "inputs": ["input", "input"]},
            {"name": "b", "type": "mse_loss", "inputs": ["input", "input"], "reduction": "sum"},
            output=["a", "b"],
        ),
        [
            (
                "/nodes/0",
                'MSELoss with the reduction "mean" gives one number for the whole batch, and a node gives '
                'something for each sample; write "reduction": "none"',
            ),
            (
                "/nodes/1/reduction",
                'mse_loss with the reduction "sum" gives one number for the whole batch, and a node gives '
                'something for each sample; write "reduction": "none"',
            ),
        ],
    ),
    "what only holds others": (
        layers({"type": "Sequential"}, {"type": "conv2d"}, {"type": "clip"}, {"type": "relu_"}),
        [
            (
                "/layers/0/type",
                "Sequential can't be named: write its layers one after the other, or as a block",
            ),
            ("/layers/1/type", "conv2d can't be named: its weights belong to a layer; take Conv2d"),
            ("/layers/2/type", "clip is another name of clamp; write that"),
            ("/layers/3/type", "relu_ can't be named: it overwrites its input; take relu"),
        ],
    ),
    "block that is a layer": (
        {**layers(LINEAR), "blocks": {"ReLU": {"layers": [LINEAR]}}},
        [("/blocks/ReLU", '"ReLU" is a layer of the engine already; choose another name for the block')],
    ),
    "unused block": (
        {**layers(LINEAR), "blocks": {"b": {"layers": [LINEAR]}}},
        [("/blocks/b", 'the block "b" is never used; remove it, or name it as a type')],
    ),
    "blocks in a circle": (
        {
            **layers({"type": "a"}),
            "blocks": {"a": {"layers": [{"type": "b"}]}, "b": {"layers": [{"type": "a"}]}},
        },
        [("/blocks/a", "the blocks contain one another in a circle: a -> b -> a")],
    ),
    "fault in a block told once": (
        {**layers({"type": "b", "repeat": 9}), "blocks": {"b": {"layers": [{**LINEAR, "in_features": 784}]}}},
        [("/blocks/b/layers/0/in_features", "in_features is 784, the input gives 10")],
    ),
    "block with arguments": (
        {**layers({"type": "b", "p": 1}), "blocks": {"b": {"layers": [LINEAR]}}},
        [("/layers/0/p", 'the block takes no arguments, yet "p" is given')],
    ),
    "repeat of a layer": (
        layers({**LINEAR, "repeat": 2}),
        [("/layers/0/repeat", "only a block can be repeated; put the layer in a block")],
    ),
    "repeat without end": (
        {**layers({"type": "b", "repeat": 10**9}), "blocks": {"b": {"layers": [LINEAR]}}},
        [("/layers/0/repeat", "repeat is 1000000000, not an integer from 1 to 1024")],
    ),
    "input shape": (
        {"input": {"shape": [1, 0, True, 2.0]}, "layers": [LINEAR]},
        [
            ("/input/shape/1", "the size is 0, not an integer from 1 to 2147483647"),
            ("/input/shape/2", "the size is true, not an integer from 1 to 2147483647"),
            ("/input/shape/3", "the size is 2.0, not an integer from 1 to 2147483647"),
        ],
    ),
    "input dtype": (
        {"input": {"shape": [1], "dtype": "float16"}, "layers": [LINEAR]},
        [("/input/dtype", 'dtype is "float16", not one of float32, float64, int64, int32, uint8')],
    ),
    "scalar samples": (
        layers(LINEAR, shape=()),
        [("/layers/0", "Linear needs samples with at least one axis, the input gives single numbers")],
    ),
    "batch mixed by Flatten": (
        layers({"type": "Flatten", "start_dim": 0}, LINEAR, shape=(3,)),
        [
            (
                "/layers/0",
                "Flatten mixes the samples of a batch: for 2 samples it gives shape [6], for 3 [9]; "
                "axis 0 is the batch, which must stay as it is",
            )
        ],
    ),
    "too many parameters": (
        layers({"type": "Linear", "out_features": 10**9}),
        [
            (
                "/layers/0",
                "too large: the layer has 785,000,000,000 parameters, 2.86 TiB as float32; "
                "the limit is 2,147,483,648",
            )
        ],
    ),
    "samples too large": (
        layers({"type": "Flatten"}, shape=(2**20, 2**20)),
        [
            (
                "/input/shape",
                "too large: the input has 1,099,511,627,776 values a sample, 4 TiB as float32; "
                "the limit is 2,147,483,648",
            )
        ],
    ),
    "model name": (
        {**layers(LINEAR), "name": "a\x00b"},
        [("/name", 'name is "a\\u0000b", not a string of 1 to 200 printable characters')],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_told_at_its_place_with_what_would_be_right(case):
    definition, expected = CASES[case]
    assert told(definition) == expected


def test_all_faults_are_told_at_once_in_document_order():
    definition = layers(
        {"type": "Flatten"},
        {"type": "Linear", "in_features": 784, "out_features": 128},
        {"type": "Linear", "in_features": 100, "out_features": 64},
        {"type": "Linaer"},
        {"type": "Linear", "out_features": "64"},
        {"type": "Dropout", "p": 2},
        shape=(1, 28, 28),
    )
    assert [pointer for pointer, _ in told({**definition, "nam": "x"})] == [
        "/layers/2/in_features",
        "/layers/3/type",
        "/layers/4/out_features",
        "/layers/5/p",
        "/nam",
    ]


def test_a_layer_that_cannot_run_says_why():
    ((pointer, detail),) = told(
        nodes({"name": "a", "type": "matmul", "inputs": ["input", "input"]}, shape=(3, 4))
    )
    assert pointer == "/nodes/0"
    assert "matmul can't take samples of shape [3, 4] and [3, 4]" in detail
    assert "(2, 3, 4)" in detail


def test_the_total_of_all_layers_is_limited_too():
    wide = {"type": "Linear", "out_features": 40_000}
    ((pointer, detail),) = told(layers(wide, wide, wide, shape=(40_000,)))
    assert pointer == "/layers/1"
    assert detail.startswith("too large: with this layer the model has 3,200,080,000 parameters, 11.9 GiB")


def test_blocks_that_multiply_are_counted_before_they_are_written_out():
    blocks = {"b0": {"layers": [LINEAR]}}
    for depth in range(1, 9):
        blocks[f"b{depth}"] = {"layers": [{"type": f"b{depth - 1}", "repeat": 1000}]}
    ((pointer, detail),) = told({**layers({"type": "b8"}), "blocks": blocks})
    assert (pointer, detail[:9]) == ("", "the model")
    assert "1000000000000000000000000 layers" in detail


def test_blocks_nested_too_deep_are_refused_without_recursion():
    blocks = {"b0": {"layers": [LINEAR]}}
    for depth in range(1, 1500):
        blocks[f"b{depth}"] = {"layers": [{"type": f"b{depth - 1}"}]}
    assert told({**layers({"type": "b1499"}), "blocks": blocks}) == [
        ("/blocks/b16", "the block nests blocks 17 deep; at most 16 are taken")
    ]


def test_a_list_of_two_thousand_layers_is_checked_in_seconds():
    report = check_model(layers(*[{"type": "ReLU"}] * 2048))
    assert len(report.layers) == 2048


def test_a_chain_of_two_thousand_nodes_needs_no_recursion():
    chain = [{"name": "n0", "type": "ReLU", "inputs": ["input"]}]
    chain += [{"name": f"n{i}", "type": "ReLU", "inputs": [f"n{i - 1}"]} for i in range(1, 2048)]
    assert check_model(nodes(*chain[::-1])).definition["nodes"][0]["name"] == "n0"
