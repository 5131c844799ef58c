"""Parametrized weights: what they compute, what is learned and saved, and how they end."""

import copy

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import EngineError, ShapeError
from engine.nn.utils import parametrizations, parametrize
from tests.engine.nn.pairs import close, compare, same_state

X = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
IMAGES = np.random.default_rng(0).standard_normal((2, 4, 5, 5)).astype(np.float32)
FORMS = [
    ("parametrizations.weight_norm", {}),
    ("parametrizations.weight_norm", {"dim": 1}),
    ("parametrizations.weight_norm", {"dim": -1}),
    ("parametrizations.spectral_norm", {}),
    ("parametrizations.spectral_norm", {"n_power_iterations": 3, "dim": 1}),
    ("weight_norm", {}),
    ("weight_norm", {"dim": 1}),
    ("weight_norm", {"dim": None}),
    ("spectral_norm", {}),
    ("spectral_norm", {"n_power_iterations": 2}),
]
ENDS = {"weight_norm": "remove_weight_norm", "spectral_norm": "remove_spectral_norm"}
# PyTorch calls the older functions deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated in favor of:FutureWarning")


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


def _applied(lib, form, layer, options):
    function = lib.nn.utils
    for name in form.split("."):
        function = getattr(function, name)
    return function(layer, **options)


def _plain(lib, form, layer):
    if form in ENDS:
        return getattr(lib.nn.utils, ENDS[form])(layer)
    return lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")


@pytest.mark.parametrize(("form", "options"), FORMS)
@pytest.mark.parametrize(("kind", "args", "x"), [("Linear", (4, 3), X), ("Conv2d", (4, 3, 3), IMAGES)])
def test_norms_of_weights_agree_with_torch_until_they_are_removed(torch, form, options, kind, args, x):
    ours, theirs = (_applied(lib, form, getattr(lib.nn, kind)(*args), options) for lib in (engine, torch))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    for _ in range(2):
        ours.zero_grad()
        theirs.zero_grad()
        compare(torch, ours, theirs, x)
        same_state(ours, theirs)
    y, _ = compare(torch, ours.eval(), theirs.eval(), x, gradients=False)
    assert _plain(engine, form, ours) is ours
    _plain(torch, form, theirs)
    same_state(ours, theirs)
    assert type(ours) is getattr(nn, kind)
    close(ours(engine.tensor(x)), y, 1e-5, "output without")
    assert ours.weight.requires_grad
    ours.weight.sum().backward()


@pytest.mark.parametrize(("form", "options"), FORMS)
def test_applying_changes_no_output_but_for_the_spectral_norm(form, options):
    layer = nn.Linear(4, 3)
    before = layer.weight.detach().clone()
    after = _applied(engine, form, layer, options).weight.detach()
    if "spectral" not in form:
        np.testing.assert_allclose(after.numpy(), before.numpy(), rtol=1e-5)
    elif form == "parametrizations.spectral_norm":
        layer.eval()
        for _ in range(20):
            layer.parametrizations.weight[0].power.advance(
                before, *layer.parametrizations.weight[0].buffers()
            )
        assert np.linalg.norm(layer.weight.detach().numpy(), 2) == pytest.approx(1, rel=1e-4)


def test_a_module_can_be_a_parametrization():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert parametrize.is_parametrized(layer)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert isinstance(layer, nn.Linear)
    assert engine.equal(layer.weight, layer.weight.mT)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    new = engine.arange(9.0).reshape(3, 3)
    setattr(layer, "weight", new + new.T)  # noqa: B010  # a plain tensor, which the type of `weight` forbids
    assert engine.equal(layer.weight.detach(), new + new.T)
    layer(engine.ones(2, 3)).sum().backward()
    grad = layer.parametrizations.weight.original.grad
    assert engine.equal(grad, grad.triu())
    original = layer.parametrizations.weight.original
    parametrize.remove_parametrizations(layer, "weight")
    assert layer.weight is original, "an optimizer that has the parameter must go on with it"
    assert engine.equal(layer.weight.detach(), new + new.T)


def test_parametrizations_follow_each_other_and_can_be_left():
    class Doubled(nn.Module):
        def forward(self, x):
            return x * 2

    layer = nn.Linear(3, 3)
    before = layer.weight.detach().clone()
    for _ in range(2):
        parametrize.register_parametrization(layer, "weight", Doubled())
    assert engine.equal(layer.weight.detach(), before * 4)
    twin = copy.deepcopy(layer)
    assert engine.equal(twin.weight.detach(), before * 4)
    assert twin.parametrizations.weight.original is not layer.parametrizations.weight.original
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert engine.equal(layer.weight.detach(), before)
    assert type(layer) is nn.Linear


def test_within_cached_a_tensor_is_computed_once():
    calls = []

    class Counted(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 1

    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Counted())
    calls.clear()
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert len(calls) == 1
    _ = layer.weight, layer.weight
    assert len(calls) == 3


def test_a_buffer_can_be_parametrized_and_stays_one():
    layer = nn.BatchNorm1d(3)
    parametrize.register_parametrization(layer, "running_var", nn.Softplus())
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert "parametrizations.running_var.original" in layer.state_dict()
    parametrize.remove_parametrizations(layer, "running_var")
    assert dict(layer.named_buffers())["running_var"].tolist() == pytest.approx(
        [np.log1p(np.e)] * 3, rel=1e-5
    )


def test_what_does_not_fit_is_refused():
    class Flat(nn.Module):
        def forward(self, x):
            return x.reshape(-1)

    layer = nn.Linear(3, 3)
    with pytest.raises(ShapeError, match=r"gives engine.float32 of shape \(9,\)"):
        parametrize.register_parametrization(layer, "weight", Flat())
    assert type(layer) is nn.Linear
    with pytest.raises(EngineError, match="no parameter or buffer 'wieght'"):
        parametrize.register_parametrization(layer, "wieght", Symmetric())
    with pytest.raises(EngineError, match="isn't parametrized"):
        parametrize.remove_parametrizations(layer, "weight")
    parametrizations.weight_norm(layer)
    with pytest.raises(EngineError, match="starts from 2 tensors"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    nn.utils.weight_norm(layer, "bias")
    with pytest.raises(EngineError, match="already"):
        nn.utils.weight_norm(layer, "bias")
    with pytest.raises(EngineError, match="isn't applied"):
        nn.utils.remove_spectral_norm(layer, "bias")
