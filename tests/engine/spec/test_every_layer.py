"""Every module and every function that can be named: as a definition, built, run, and written down again."""

import itertools

import pytest

import engine
from engine.errors import SpecError
from engine.spec import build_model, check_model
from engine.spec.layers import LAYERS
from tests.engine.spec.calls import FUNCTIONS, INTEGERS, MATRIX, MODULES, VECTOR

# what some operands must be; where the operand has another name, its row in calls.py says so
HELD: dict[str, dict[str, object]] = {
    "condition": {"type": "gt", "other": 0},
    "mask": {"type": "gt", "other": 0},
    "index": {"type": "argsort", "dim": 1},
    "indices": {"type": "argsort", "dim": 1},
    "row": {"type": "select", "dim": 1, "index": 0},
    "complex": {"type": "view_as_complex"},
    "gram": {"type": "einsum", "inputs": ["input", "input"], "equation": "nij,nkj->nik"},
    "classes": {"type": "argmax", "dim": 1},
    "share": {"type": "sigmoid"},
}
MADE = ("places", *HELD)


def definition_of(name, shape, arguments, kind="float32", output="only"):
    """A graph of that one node, after those that make what it needs."""
    given = {key: value for key, value in arguments.items() if value not in MADE}
    operands = [each for each in LAYERS[name].operands or ("a", "b") if each not in given]
    inputs = [arguments.get(each, each if each in HELD else "input") for each in operands]
    before = [
        {"name": each, "inputs": ["input"], **HELD[each]} for each in dict.fromkeys(inputs) if each in HELD
    ]
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
