"""Valid definitions: what is inferred, what they cost, and the modules that they build."""

import json
from copy import deepcopy

import numpy as np
import pytest

import engine
from engine.nn import Dropout, Linear, Sequential
from engine.spec import build_model, canonical_sha256, check_model, to_definition
from engine.tensor.random import default_generator


def test_the_designs_example_is_as_it_says(simplenet):
    report = check_model(simplenet)
    assert report.definition == simplenet
    assert (report.input_shape, report.output_shape, report.input_dtype) == ((1, 28, 28), (10,), "float32")
    assert report.parameters == 784 * 128 + 128 + 128 * 10 + 10
    assert report.flops_per_sample == 2 * (784 * 128 + 128 * 10)
    assert [layer.name for layer in report.layers] == ["0", "fc1", "2", "fc2"]
    assert [layer.pointer for layer in report.layers] == [f"/layers/{i}" for i in range(4)]
    assert [layer.output_shape for layer in report.layers] == [(784,), (128,), (128,), (10,)]


def test_a_report_is_json_safe(graph):
    document = check_model(graph).to_dict()
    assert json.loads(json.dumps(document)) == document


def test_weights_load_into_the_obvious_torch_module(torch, simplenet):
    class SimpleNet(torch.nn.Module):  # type: ignore[name-defined, misc]  # a fixture has no types
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(784, 128)
            self.fc2 = torch.nn.Linear(128, 10)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(torch.flatten(x, 1))))

    ours, theirs = build_model(simplenet, seed=1), SimpleNet()
    theirs.load_state_dict(
        {key: torch.from_numpy(w.numpy()) for key, w in ours.state_dict().items()}, strict=True
    )
    x = np.random.default_rng(0).random((5, 1, 28, 28), np.float32)
    expected = theirs(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours(engine.from_numpy(x)).detach().numpy(), expected, atol=1e-5)


def test_unnamed_layers_have_the_keys_of_a_sequential(torch):
    layers = [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}, {"type": "Linear", "out_features": 2}]
    definition = {"input": {"shape": [3]}, "layers": layers}
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    assert list(build_model(definition).state_dict()) == list(theirs.state_dict())


def test_what_is_left_out_is_inferred(simplenet):
    complete = deepcopy(simplenet)
    for layer in simplenet["layers"]:
        layer.pop("in_features", None)
    del simplenet["input"]["dtype"]
    assert check_model(simplenet).definition == complete
    assert canonical_sha256(simplenet) == canonical_sha256(complete)


def test_arguments_at_their_defaults_make_no_difference(simplenet):
    wordy = deepcopy(simplenet)
    wordy["layers"][0] |= {"start_dim": 1, "end_dim": -1}
    wordy["layers"][1]["bias"] = True
    wordy["layers"][2]["name"] = "2"
    assert check_model(wordy).definition == simplenet
    assert canonical_sha256(wordy) == canonical_sha256(simplenet)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["layers"][1].update(bias=False),
        lambda d: d["layers"][3].update(out_features=11),
        lambda d: d["layers"][1].update(name="first"),
        lambda d: d.update(name="other"),
    ],
)
def test_another_model_has_another_hash(simplenet, change):
    before = canonical_sha256(simplenet)
    change(simplenet)
    assert canonical_sha256(simplenet) != before


def test_a_graph_repeats_its_blocks_with_weights_of_their_own(torch, graph):
    model = build_model(graph)
    assert list(model.state_dict()) == [
        "body.0.fc.weight",
        "body.0.fc.bias",
        "body.1.fc.weight",
        "body.1.fc.bias",
        "body.2.fc.weight",
        "body.2.fc.bias",
        "head.weight",
        "head.bias",
    ]
    state = {key: torch.from_numpy(w.numpy()) for key, w in model.state_dict().items()}
    x = np.random.default_rng(0).random((4, 16), np.float32)
    h = given = torch.from_numpy(x)
    for turn in range(3):
        h = torch.nn.functional.linear(h, state[f"body.{turn}.fc.weight"], state[f"body.{turn}.fc.bias"]) + h
    expected = torch.nn.functional.linear(torch.cat([h, given], 1), state["head.weight"], state["head.bias"])
    np.testing.assert_allclose(model(engine.from_numpy(x)).detach().numpy(), expected.numpy(), rtol=1e-5)


def test_a_block_used_once_has_no_index_in_its_keys(graph):
    del graph["nodes"][0]["repeat"]
    assert next(iter(build_model(graph).state_dict())) == "body.fc.weight"


def test_nodes_may_come_in_any_order(graph):
    shuffled = {**graph, "nodes": graph["nodes"][::-1]}
    assert canonical_sha256(shuffled) == canonical_sha256({**graph, "output": "head"})


def test_a_blocks_inferred_argument_stays_open_where_its_uses_differ():
    definition = {
        "input": {"shape": [5]},
        "blocks": {"step": {"layers": [{"type": "Linear", "out_features": 7}, {"type": "ReLU"}]}},
        "layers": [{"type": "step", "repeat": 2}],
    }
    report = check_model(definition)
    assert report.parameters == (5 * 7 + 7) + (7 * 7 + 7)
    assert "in_features" not in report.definition["blocks"]["step"]["layers"][0]
    assert check_model(report.definition) == report


def test_blocks_may_hold_blocks():
    definition = {
        "input": {"shape": [4]},
        "blocks": {
            "inner": {"layers": [{"type": "Linear", "out_features": 4}]},
            "outer": {
                "layers": [{"name": "a", "type": "inner", "repeat": 2}, {"name": "b", "type": "inner"}]
            },
        },
        "layers": [{"name": "x", "type": "outer", "repeat": 2}],
    }
    report = check_model(definition)
    assert report.parameters == 6 * 20
    assert report.definition["blocks"]["inner"]["layers"][0]["in_features"] == 4
    assert list(build_model(definition).state_dict())[:2] == ["x.0.a.0.0.weight", "x.0.a.0.0.bias"]


def test_a_value_used_twice_is_kept_until_its_last_use():
    definition = {
        "input": {"shape": [3]},
        "nodes": [
            {"name": "a", "type": "relu", "inputs": ["input"]},
            {"name": "b", "type": "neg", "inputs": ["a"]},
            {"name": "c", "type": "add", "inputs": ["b", "a"]},
            {"name": "d", "type": "mul", "inputs": ["c", "c"]},
            {"name": "e", "type": "add", "inputs": ["d", "input"]},
        ],
    }
    x = engine.tensor([[-1.0, 2.0, 3.0]])
    assert build_model(definition)(x).tolist() == x.tolist()


def test_the_seed_alone_decides_the_weights(simplenet):
    first, again, other = (build_model(simplenet, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all((first[key] == again[key]).all() for key in first)
    assert any((first[key] != other[key]).any() for key in first)


def test_weights_are_those_of_the_same_script(simplenet):
    engine.manual_seed(5)
    fc1, fc2 = Linear(784, 128), Linear(128, 10)
    built = build_model(simplenet, seed=5).state_dict()
    assert (built["fc1.weight"] == fc1.weight.detach()).all()
    assert fc2.bias is not None
    assert (built["fc2.bias"] == fc2.bias.detach()).all()


def test_checking_draws_no_random_numbers_that_others_miss(simplenet):
    simplenet["layers"].insert(2, {"type": "Dropout"})
    simplenet["layers"] = [{k: v for k, v in layer.items() if k != "name"} for layer in simplenet["layers"]]
    before = default_generator.get_state().tolist()
    check_model(simplenet)
    assert default_generator.get_state().tolist() == before


def test_a_model_is_written_as_the_definition_that_built_it(simplenet, graph):
    for definition in (simplenet, graph):
        canonical = check_model(definition).definition
        assert to_definition(build_model(canonical)) == canonical


def test_a_sequential_can_be_written():
    module = Sequential(Linear(4, 3, bias=False), Dropout(0.25))
    definition = to_definition(module, (4,))
    assert definition == {
        "input": {"shape": [4], "dtype": "float32"},
        "layers": [
            {"type": "Linear", "in_features": 4, "out_features": 3, "bias": False},
            {"type": "Dropout", "p": 0.25},
        ],
    }
    assert check_model(definition).definition == definition
    assert list(build_model(definition).state_dict()) == list(module.state_dict())


def test_a_module_that_no_definition_can_say_is_refused(simplenet):
    class Own(engine.nn.Module):
        pass

    with pytest.raises(engine.spec.SpecError, match="Own"):
        to_definition(Own(), (3,))
    with pytest.raises(engine.spec.SpecError, match="/layers/1"):
        to_definition(Sequential(Linear(2, 2), Own()), (2,))
    with pytest.raises(engine.spec.SpecError, match="input_shape"):
        to_definition(Sequential(Linear(2, 2)))


def test_numbers_of_samples_may_be_scalars_only_where_a_layer_takes_them():
    definition = {
        "input": {"shape": []},
        "layers": [{"type": "ReLU"}, {"type": "Unflatten", "dim": 0, "unflattened_size": [-1, 1]}],
    }
    assert check_model(definition).output_shape == (1,)
