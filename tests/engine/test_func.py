"""Modules called with other weights."""

import pytest

import engine
from engine import func, nn
from engine.errors import CheckpointError, ShapeError


def test_a_module_is_called_with_other_weights_and_keeps_its_own(torch):
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    twin = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1)).eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    other = {"0.weight": [[1.0, 2], [3, 4], [5, 6]], "1.running_mean": [1.0, 2, 3], "2.bias": [4.0]}
    twin.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in before.items()})
    found = []
    for t, module in ((engine, net), (torch, twin)):
        given = {k: t.tensor(v) for k, v in other.items()}
        given["0.weight"].requires_grad_()
        out = t.func.functional_call(module, given, (t.ones(4, 2),))
        out.sum().backward()
        found.append((out.detach().numpy(), given["0.weight"].grad.numpy()))
    for a, b in zip(*found, strict=True):
        assert a == pytest.approx(b, rel=1e-5)
    assert all(engine.equal(before[k], v) for k, v in net.state_dict().items())
    assert isinstance(net[0].weight, nn.Parameter)
    assert net[0].weight.grad is None


def test_tied_weights_are_replaced_together():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    twice = engine.eye(2) * 2
    x = engine.ones(1, 2)
    assert func.functional_call(net, {"0.weight": twice}, x).tolist() == [[4, 4]]
    alone = func.functional_call(net, {"0.weight": twice}, x, tie_weights=False)
    assert alone.allclose(net[1](x * 2))


def test_mistakes_are_named_and_the_weights_restored():
    net = nn.Linear(2, 1)
    own = net.weight
    with pytest.raises(CheckpointError, match=r"Linear holds weight, bias; it has no \['wieght'\]"):
        func.functional_call(net, {"wieght": engine.ones(1, 2)}, engine.ones(1, 2))
    with pytest.raises(CheckpointError, match=r"\['bias'\] are missing"):
        func.functional_call(net, {"weight": engine.ones(1, 2)}, engine.ones(1, 2), strict=True)
    with pytest.raises(CheckpointError, match="given twice"):
        func.functional_call(net, ({"bias": own}, {"bias": own}), engine.ones(1, 2))
    with pytest.raises(ShapeError):
        func.functional_call(net, {"weight": engine.ones(1, 5)}, engine.ones(1, 2))
    assert net.weight is own


def test_what_it_lacks_says_what_to_use():
    with pytest.raises(ImportError):
        from engine.func import vmap  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(AttributeError, match=r"autograd\.functional\.jacobian"):
        getattr(func, "jacrev")  # noqa: B009 - type checkers know that it isn't there
