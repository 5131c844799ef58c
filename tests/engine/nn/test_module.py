"""Modules: what they are made of, their state, modes and text."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import CheckpointError, DeviceError, EngineError


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.rest = nn.Sequential(nn.ReLU(), nn.Dropout(0.2), nn.Linear(3, 2, bias=False))
        self.scale = nn.Parameter(engine.ones(2))
        self.register_buffer("seen", engine.zeros(()))
        self.register_buffer("scratch", engine.zeros(2), persistent=False)

    def forward(self, x):
        return self.rest(self.first(x)) * self.scale


def _twin(torch):
    class Twin(torch.nn.Module):  # type: ignore[misc, name-defined]  # the oracle comes as a fixture
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(4, 3)
            self.rest = torch.nn.Sequential(
                torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(3, 2, bias=False)
            )
            self.scale = torch.nn.Parameter(torch.ones(2))
            self.register_buffer("seen", torch.zeros(()))
            self.register_buffer("scratch", torch.zeros(2), persistent=False)

        def forward(self, x):
            return self.rest(self.first(x)) * self.scale

    return Twin()


def test_names_come_in_torchs_order(torch):
    net, twin = Net(), _twin(torch)
    assert [n for n, _ in net.named_parameters()] == [n for n, _ in twin.named_parameters()]
    assert [n for n, _ in net.named_buffers()] == [n for n, _ in twin.named_buffers()]
    assert [n for n, _ in net.named_modules()] == [n for n, _ in twin.named_modules()]
    assert list(net.state_dict()) == list(twin.state_dict())


def test_state_goes_both_ways_between_the_engine_and_torch(torch):
    net, twin = Net().eval(), _twin(torch).eval()
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    twin.load_state_dict({k: torch.tensor(v.numpy()) for k, v in net.state_dict().items()}, strict=True)
    np.testing.assert_allclose(
        net(engine.tensor(x)).detach(), twin(torch.tensor(x)).detach(), rtol=1e-5, atol=1e-6
    )
    fresh = Net().eval()
    fresh.load_state_dict(twin.state_dict(), strict=True)
    np.testing.assert_array_equal(fresh(engine.tensor(x)).detach(), net(engine.tensor(x)).detach())


def test_it_prints_as_in_torch(torch):
    assert repr(Net()).replace("Net(", "Twin(", 1) == repr(_twin(torch))
    ours, theirs = (
        lib.nn.Sequential(
            lib.nn.Flatten(),
            lib.nn.Unflatten(1, (2, 2)),
            lib.nn.Tanh(),
            lib.nn.Sigmoid(),
            lib.nn.GELU(),
            lib.nn.Softmax(dim=1),
            lib.nn.LogSoftmax(dim=-1),
            lib.nn.Identity(),
            lib.nn.ModuleList([lib.nn.ReLU(inplace=True)]),
            lib.nn.ModuleDict({"a": lib.nn.MSELoss()}),
            lib.nn.CrossEntropyLoss(),
        )
        for lib in (engine, torch)
    )
    assert repr(ours) == repr(theirs)


def test_loading_lists_every_complaint_at_once_and_changes_nothing():
    net = Net()
    before = {k: v.tolist() for k, v in net.state_dict().items()}
    state = {k: engine.zeros_like(v) for k, v in net.state_dict().items()}
    del state["scale"]
    state["first.weight"] = engine.zeros(3, 5)
    state["extra"] = engine.zeros(1)
    with pytest.raises(CheckpointError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert "missing keys: scale" in text
    assert "unexpected keys: extra" in text
    assert "first.weight has shape (3, 5), and the module's is (3, 4)" in text
    assert {k: v.tolist() for k, v in net.state_dict().items()} == before


def test_loading_without_strict_tells_what_was_skipped():
    net = Net()
    result = net.load_state_dict({"scale": engine.full((2,), 3.0), "extra": engine.zeros(1)}, strict=False)
    assert net.scale.tolist() == [3, 3]
    assert result.unexpected_keys == ["extra"]
    assert "first.weight" in result.missing_keys
    with pytest.raises(CheckpointError, match="has shape"):
        net.load_state_dict({"scale": engine.zeros(5)}, strict=False)


def test_loading_keeps_the_parameters_themselves():
    net = Net()
    weight = net.first.weight
    net.load_state_dict(net.state_dict())
    assert net.first.weight is weight
    assert weight.requires_grad


def test_train_and_eval_reach_every_module():
    net = Net()
    net.eval()
    assert not any(m.training for m in net.modules())
    x = engine.ones(2, 4)
    assert engine.equal(net(x), net(x))
    assert net.train() is net
    assert all(m.training for m in net.modules())


def test_shared_parameters_are_listed_once_but_saved_under_both_names(torch):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert [n for n, _ in net.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    twin = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    twin[1].weight = twin[0].weight
    assert set(net.state_dict()) == set(twin.state_dict())


def test_a_parameter_cannot_silently_become_a_plain_tensor():
    net: Any = nn.Linear(2, 2)
    with pytest.raises(EngineError, match="weight is a parameter of Linear"):
        net.weight = engine.zeros(2, 2)
    net.bias = None
    assert [n for n, _ in net.named_parameters()] == ["weight"]


def test_conversion_keeps_identity_and_moves_gradients():
    net = Net()
    weight = net.first.weight
    net(engine.ones(1, 4)).sum().backward()
    net.double()
    assert net.first.weight is weight
    assert (weight.dtype, weight.grad.dtype, net.seen.dtype) == (engine.float64,) * 3
    net.to(engine.float32)
    assert weight.dtype is engine.float32
    net.to(device="meta")
    assert net(engine.zeros(7, 4, device="meta")).shape == (7, 2)


def test_zero_grad_and_requires_grad():
    net = Net()
    net(engine.ones(1, 4)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert all(p.grad is None or not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(engine.ones(1, 4)).requires_grad


def test_hooks_see_and_replace():
    net: Any = nn.Linear(2, 2)
    seen: list[Any] = []

    def plus_one(module, args, out):
        seen.append(args[0].tolist())
        return out + 1

    before = net.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    after = net.register_forward_hook(plus_one)
    out = net(engine.ones(1, 2))
    assert seen == [[[0, 0]]]
    assert engine.allclose(out, net.bias + 1)
    before.remove()
    after.remove()
    assert not engine.allclose(net(engine.ones(1, 2)), net.bias + 1)


def test_a_deep_copy_shares_nothing():
    net = Net()
    twin = copy.deepcopy(net)
    with engine.no_grad():
        twin.first.weight.zero_()
    assert net.first.weight.any()
    assert isinstance(twin.first.weight, nn.Parameter)


def test_apply_visits_children_first():
    names = []
    Net().apply(lambda m: names.append(type(m).__name__))
    assert names == ["Linear", "ReLU", "Dropout", "Linear", "Sequential", "Net"]


def test_paths_lead_to_modules_and_parameters():
    net = Net()
    assert net.get_submodule("rest.2") is net.rest[2]
    assert net.get_parameter("first.bias") is net.first.bias
    with pytest.raises(EngineError, match="no sub-module"):
        net.get_submodule("rest.9")
    with pytest.raises(EngineError, match="doesn't define forward"):
        nn.Module()(1)


def test_containers_behave_as_lists_and_dicts():
    seq = nn.Sequential(nn.ReLU(), nn.Tanh())
    seq.append(nn.Sigmoid())
    seq.insert(0, nn.Identity())
    assert [type(m).__name__ for m in seq] == ["Identity", "ReLU", "Tanh", "Sigmoid"]
    del seq[0]
    assert [n for n, _ in seq.named_children()] == ["0", "1", "2"]
    assert isinstance(seq[1:], nn.Sequential)
    assert len(seq[1:]) == 2
    assert isinstance(seq[-1], nn.Sigmoid)
    with pytest.raises(IndexError):
        seq[3]
    listed = nn.ModuleList([nn.Linear(1, 1)]).extend([nn.ReLU()])
    assert [n for n, _ in listed.named_parameters()] == ["0.weight", "0.bias"]
    assert len(listed[:1]) == 1
    named = nn.ModuleDict({"a": nn.Linear(1, 1)})
    named["b"] = nn.ReLU()
    assert list(named.keys()) == ["a", "b"]
    assert "a" in named
    del named["a"]
    assert len(named) == 1
    with pytest.raises(EngineError, match="ModuleDict has an attribute 'forward' already"):
        named["forward"] = nn.ReLU()
    with pytest.raises(EngineError, match="Sequential takes modules"):
        nn.Sequential(nn.ReLU(), engine.relu)


def test_a_module_in_two_places_is_run_twice_and_saved_twice():
    layer = nn.Linear(2, 2)
    seq = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(seq) == 3
    assert len(list(seq.children())) == 2
    assert len(list(seq.parameters())) == 2
    assert [n for n, _ in seq.named_modules()] == ["", "0", "1"]
    assert [n for n, _ in seq.named_modules(remove_duplicate=False)] == ["", "0", "1", "2"]
    assert list(seq.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    x = engine.ones(1, 2)
    np.testing.assert_array_equal(seq(x).detach().numpy(), layer(layer(x).relu()).detach().numpy())


def test_parts_are_found_and_replaced_by_path():
    net: Any = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.BatchNorm1d(2))
    assert net.get_parameter("0.0.weight") is net[0][0].weight
    assert net.get_buffer("1.running_mean") is net[1].running_mean
    net.set_submodule("0.0", nn.Linear(2, 3))
    assert net[0][0].out_features == 3
    with pytest.raises(EngineError, match="has no module '5', only 0"):
        net.get_submodule("0.5")
    with pytest.raises(EngineError, match="no parameter 'wight', only weight, bias"):
        net.get_parameter("0.0.wight")


def test_assigning_a_state_dict_takes_over_tensors_and_dtypes():
    net = nn.Linear(2, 1)
    state = {"weight": engine.ones(1, 2, dtype=engine.float64), "bias": engine.zeros(1)}
    assert repr(net.load_state_dict(state, assign=True)) == "<All keys matched successfully>"
    assert isinstance(net.weight, nn.Parameter)
    assert net.weight.dtype is engine.float64
    assert np.shares_memory(net.weight.detach().numpy(), state["weight"].numpy())


def test_a_wrapped_networks_keys_are_recognised():
    net = nn.Linear(2, 1)
    state = {f"module.{k}": v for k, v in net.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"without 'module\.' in front"):
        net.load_state_dict(state)


def test_names_that_cannot_be_are_refused():
    net: Any = nn.Linear(2, 1)
    with pytest.raises(EngineError, match=r"have a dot in it: 'a\.b'"):
        net.register_buffer("a.b", None)
    with pytest.raises(EngineError, match="has an attribute 'forward' already"):
        net.add_module("forward", nn.ReLU())
    with pytest.raises(EngineError, match="must be a Parameter or None, not Tensor"):
        net.register_parameter("extra", engine.ones(1))
    with pytest.raises(EngineError, match="has an attribute 'bias' already"):
        net.register_module("bias", nn.ReLU())
    net.register_buffer("table", engine.ones(2), persistent=False)
    assert "table" not in net.state_dict()
    assert "table" in dict(net.named_buffers())
    with pytest.raises(EngineError, match="table is a buffer of Linear and can't become int"):
        net.table = 3


def test_a_forgotten_super_init_is_named():
    class Forgetful(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(1, 1)

    with pytest.raises(EngineError, match=r"Forgetful.__init__ must call super\(\).__init__\(\)"):
        Forgetful()
    with pytest.raises(AttributeError, match="Linear has no attribute 'wieght'; it has in_features"):
        _ = nn.Linear(1, 1).wieght


def test_modules_print_as_torchs_do(torch):
    def build(t):
        blocks = t.nn.ModuleList([t.nn.Linear(2, 2) for _ in range(3)] + [t.nn.ReLU()])
        named = t.nn.ModuleDict({"a": t.nn.Dropout(0.1)})
        return repr(t.nn.Sequential(t.nn.Linear(4, 2, bias=False), blocks, named)).replace(
            "torch.", "engine."
        )

    assert build(engine) == build(torch)


def test_parameter_lists_and_dicts_hold_parameters():
    listed = nn.ParameterList([engine.ones(2), nn.Parameter(engine.zeros(1))])
    listed.append(engine.ones(3))
    listed += [engine.ones(1)]
    assert [n for n, _ in listed.named_parameters()] == ["0", "1", "2", "3"]
    assert [p.numel() for p in listed[1:3]] == [1, 3]
    listed[-1] = engine.zeros(5)
    assert listed[3].numel() == 5
    named = nn.ParameterDict({"w": engine.ones(2)})
    named["b"] = engine.zeros(1)
    assert list(named.keys()) == list(named.state_dict()) == ["w", "b"]
    assert named.pop("w").numel() == 2
    assert len(named) == 1
    assert named.get("gone") is None
    with pytest.raises(KeyError, match="there is no parameter 'gone'; there are b"):
        named["gone"]


def test_modules_are_copied_and_pickled():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net(engine.ones(3, 2))
    pickled = pickle.loads(pickle.dumps(net))  # noqa: S301 - it was pickled in this line
    for again in (copy.deepcopy(net), pickled):
        for (name, ours), theirs in zip(net.state_dict().items(), again.state_dict().values(), strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=name)
            assert not np.shares_memory(ours.numpy(), theirs.numpy())
        assert [p.requires_grad for p in again.parameters()] == [True] * 4
        assert isinstance(again[0].weight, nn.Parameter)


def test_dtypes_and_devices_are_changed_in_place():
    net: Any = nn.BatchNorm1d(2)
    weight = net.weight
    assert net.bfloat16().weight.dtype is engine.bfloat16
    assert net.half().double().running_var.dtype is engine.float64
    assert net.num_batches_tracked.dtype is engine.int64
    assert net.weight is weight
    with pytest.raises(DeviceError, match="cuda"):
        net.cuda()
    assert nn.Linear(2, 1, device="meta").to_empty(device="cpu").weight.device.type == "cpu"
    with pytest.raises(EngineError, match="floating-point or complex, not engine"):
        net.to(engine.int64)


def test_a_copied_module_starts_without_gradients(torch):
    for lib in (engine, torch):
        layer = lib.nn.Linear(2, 1)
        layer(lib.ones(1, 2)).sum().backward()
        assert copy.deepcopy(layer).weight.grad is None
        assert layer.weight.grad is not None
