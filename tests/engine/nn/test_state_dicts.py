"""Weights go both ways between every module and PyTorch's, and mean the same there."""

import inspect
import zlib
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import CheckpointError
from tests.engine.nn.parametrised import NEEDED, OTHERS, USES

# PyTorch's own remark on how it computes
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
MODULES = {
    name: each
    for name, each in vars(nn).items()
    if inspect.isclass(each) and issubclass(each, nn.Module) and not name.startswith("_")
}
every_use = pytest.mark.parametrize(
    ("name", "use"),
    [
        pytest.param(name, use, id=f"{name}-{k}")
        for name, uses in USES.items()
        for k, use in enumerate(uses)
        if name in MODULES
    ],
)


def arrays(state: Any) -> dict[str, Any]:
    """A state dict of either side as copies of NumPy arrays."""
    return {key: np.array(value.detach().numpy()) for key, value in state.items()}


def drawn(name, use):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    found = [draw(rng) for draw in use.inputs]
    return [x.astype(np.float32) if x.dtype.kind == "f" else x for x in found]


def as_torch(torch, state):
    return {key: torch.from_numpy(value) for key, value in state.items()}


def assert_same_state(ours, theirs, tolerance=0.0):
    ours, theirs = arrays(ours), arrays(theirs)
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert ours[key].dtype == value.dtype, key
        np.testing.assert_allclose(ours[key], value, rtol=tolerance, atol=tolerance, err_msg=key)


def flat(value):
    if isinstance(value, list | tuple):
        return [each for item in value for each in flat(item)]
    return [] if value is None else [value]


def close(found, expected, what):
    scale = max(float(np.abs(expected).max(initial=0.0)), 1e-2)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale, err_msg=what)


def pair(torch, name, use):
    """The module here and in PyTorch, with random weights and used once there, so that no buffer is new."""
    theirs = use.make(torch)
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(
                torch.from_numpy(rng.uniform(-0.3, 0.3, tuple(parameter.shape)).astype(np.float32))
            )
        theirs(*[torch.from_numpy(x) for x in drawn(name, use)], **use.options)
    ours = use.make(engine)
    ours.load_state_dict(arrays(theirs.state_dict()), strict=True)
    return ours, theirs


def test_every_module_with_a_state_has_an_entry():
    """A new module fails here? If it has parameters or buffers, parametrised.py is to say how it is made."""
    for name in sorted(MODULES.keys() - USES.keys() - OTHERS):
        needed = {
            key: 2
            for key, parameter in inspect.signature(MODULES[name]).parameters.items()
            if parameter.default is parameter.empty
        }
        if name.startswith("Fractional"):
            needed["output_ratio"] = 0.5  # type: ignore[assignment]  # one of the two is enough
        module: Any = MODULES[name](**{**needed, **NEEDED.get(name, {})})
        assert not module.state_dict(), f"{name} has a state; add it to USES in parametrised.py"
        assert not list(module.buffers()), name


@every_use
def test_the_state_goes_both_ways(torch, name, use):
    ours, theirs = pair(torch, name, use)
    assert_same_state(ours.state_dict(), theirs.state_dict())
    again = use.make(torch)
    again.load_state_dict(as_torch(torch, arrays(ours.state_dict())), strict=True)
    assert_same_state(ours.state_dict(), again.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in again.named_parameters()]
    assert [name for name, _ in ours.named_buffers()] == [name for name, _ in again.named_buffers()]


@every_use
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_with_the_same_state_it_computes_the_same(torch, name, use, training):
    ours, theirs = pair(torch, name, use)
    ours.train(training)
    theirs.train(training)
    given = drawn(name, use)
    found = flat(ours(*[engine.from_numpy(x.copy()) for x in given], **use.options))
    expected = flat(theirs(*[torch.from_numpy(x.copy()) for x in given], **use.options))
    total, other = engine.zeros(()), torch.zeros(())
    rng = np.random.default_rng(2)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        close(a.detach().numpy(), b.detach().numpy(), f"result {k}")
        if b.requires_grad:
            weights = rng.standard_normal(tuple(b.shape)).astype(np.float32)
            total = total + (a * engine.from_numpy(weights)).sum()
            other = other + (b * torch.from_numpy(weights)).sum()
    assert_same_state(ours.state_dict(), theirs.state_dict(), 1e-6)
    if other.requires_grad:
        total.backward()
        other.backward()
    for (key, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None), key
        if b.grad is not None:
            close(a.grad.numpy(), b.grad.numpy(), f"gradient of {key}")


def test_the_gates_of_an_lstm_lie_as_in_torch(torch):
    """Rows of ones in one gate's biases at a time: a wrong order would be seen in the states."""
    for gate in range(4):
        ours, theirs = nn.LSTM(2, 3), torch.nn.LSTM(2, 3)
        state = {key: np.zeros_like(value) for key, value in arrays(theirs.state_dict()).items()}
        state["bias_ih_l0"][3 * gate : 3 * gate + 3] = 1
        state["bias_hh_l0"][:] = 0.25
        ours.load_state_dict(state)
        theirs.load_state_dict(as_torch(torch, state))
        x = np.ones((4, 1, 2), np.float32)
        for a, b in zip(flat(ours(engine.from_numpy(x))), flat(theirs(torch.from_numpy(x))), strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-6)


def test_the_packed_projection_lies_as_in_torch(torch):
    """Query, key and value each seen alone."""
    ours, theirs = nn.MultiheadAttention(2, 1), torch.nn.MultiheadAttention(2, 1)
    x = np.random.default_rng(0).standard_normal((3, 1, 2)).astype(np.float32)
    for part in range(3):
        state = arrays(theirs.state_dict())
        state["in_proj_weight"][2 * part : 2 * part + 2] *= 5
        ours.load_state_dict(state)
        other = torch.nn.MultiheadAttention(2, 1)
        other.load_state_dict(as_torch(torch, state))
        found, expected = ours(*[engine.from_numpy(x)] * 3), other(*[torch.from_numpy(x)] * 3)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=1e-6)


def test_batches_are_counted_in_int64_as_in_torch(torch):
    ours, theirs = nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    for _ in range(3):
        ours(engine.randn(4, 2))
        theirs(torch.randn(4, 2))
    state = arrays(ours.state_dict())
    assert state["num_batches_tracked"].shape == ()
    assert state["num_batches_tracked"].dtype == np.int64
    assert state["num_batches_tracked"] == theirs.state_dict()["num_batches_tracked"] == 3


@every_use
def test_a_state_that_lacks_something_is_refused(name, use):
    state = arrays(use.make(engine).state_dict())
    if not state:
        return
    missing, value = state.popitem()
    with pytest.raises(CheckpointError) as error:
        use.make(engine).load_state_dict({**state, "more": value})
    assert missing in str(error.value)
    assert "more" in str(error.value)
