"""What users of PyTorch type on their first day, line by line, on both."""

from typing import Any

import numpy as np
import pytest

import engine
from engine.errors import NotDifferentiable, ShapeError


def tensors(t):
    data = [[1, 2], [3, 4]]
    x = t.tensor(data)
    shared = np.ones(5)
    from_array = t.from_numpy(shared)
    np.add(shared, 1, out=shared)
    like = t.ones_like(x)
    random = t.rand_like(x, dtype=t.float)
    shape = (2, 3)
    ones = t.ones(shape)
    if t.accelerator.is_available():
        ones = ones.to(t.accelerator.current_accelerator())
    ones[:, 1] = 0
    joined = t.cat([ones, ones, ones], dim=1)
    y1 = ones @ ones.T
    y2 = ones.matmul(ones.T)
    y3 = t.rand_like(y1)
    t.matmul(ones, ones.T, out=y3)
    z = t.rand_like(ones)
    t.mul(ones, ones, out=z)
    total = ones.sum().item()
    ones.add_(5)
    values, places = t.max(ones, dim=1)
    return [
        from_array, like, joined, y1, y2, y3, z, ones, values, places, t.tensor(total),
        t.tensor(list(random.shape)), t.tensor(ones.size(0)), t.tensor(x.dtype is t.int64),
    ]  # fmt: skip


def gradients(t):
    x = t.ones(5)
    y = t.zeros(3)
    w = t.tensor(np.linspace(-1, 1, 15).reshape(5, 3), requires_grad=True)
    b = t.zeros(3, requires_grad=True, dtype=t.float64)
    z = t.matmul(x.double(), w) + b
    loss = t.nn.functional.binary_cross_entropy_with_logits(z, y.double())
    loss.backward()
    detached = z.detach()
    with t.no_grad():
        quiet = t.matmul(x.double(), w) + b
    inp = t.eye(4, 5, requires_grad=True)
    out = (inp + 1).pow(2).t()
    out.backward(t.ones_like(out), retain_graph=True)
    out.backward(t.ones_like(out), retain_graph=True)
    twice = inp.grad.clone()
    inp.grad.zero_()
    out.backward(t.ones_like(out))
    return [w.grad, b.grad, twice, inp.grad, t.tensor([detached.requires_grad, quiet.requires_grad])]


def fitting_a_sine(t):
    x = t.linspace(-np.pi, np.pi, 200, dtype=t.float64)
    y = t.sin(x)
    powers = x.unsqueeze(-1).pow(t.tensor([1, 2, 3]))
    model = t.nn.Sequential(t.nn.Linear(3, 1), t.nn.Flatten(0, 1)).double()
    with t.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.1)
    loss_fn = t.nn.MSELoss(reduction="sum")
    optimizer = t.optim.RMSprop(model.parameters(), lr=1e-3)
    loss = t.zeros(())
    for _ in range(20):
        loss = loss_fn(model(powers), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [loss.detach(), *[p.detach() for p in model.parameters()]]


@pytest.mark.parametrize("script", [tensors, gradients, fitting_a_sine])
def test_the_script_gives_what_torch_gives(torch, script):
    ours, theirs = script(engine), script(torch)
    for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, err_msg=f"result {k}")
        assert str(a.dtype).removeprefix("engine.") == str(b.dtype).removeprefix("torch.")


def test_where_alone_says_the_places():
    where: Any = engine.where  # type checkers know the form of three
    rows, columns = where(engine.tensor([[0, 2], [3, 0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])
    assert engine.where(engine.tensor([True, False]), 1, 0).tolist() == [1, 0]


def test_results_go_to_the_tensors_that_are_given():
    t: Any = engine  # mypy doesn't see the added argument
    x = engine.tensor([[3.0, 1.0, 2.0]])
    values, places = engine.zeros(1, 3), engine.zeros(1, 3, dtype=engine.int64)
    given = t.sort(x, out=(values, places))
    assert given[0] is values
    assert (values.tolist(), places.tolist()) == ([[1, 2, 3]], [[1, 2, 0]])
    target = engine.zeros(2)
    assert t.add(engine.ones(2), 1, alpha=3, out=target) is target
    assert target.tolist() == [4, 4]
    with pytest.raises(ShapeError, match=r"the result has shape \(2,\) and doesn't fit into shape \(3,\)"):
        t.add(engine.ones(2), 1, out=engine.zeros(3))
    with pytest.raises(NotDifferentiable, match="has no gradient"):
        t.exp(engine.ones(2, requires_grad=True), out=target)
    with pytest.raises(ShapeError, match="as many tensors as there are results, 2"):
        t.sort(x, out=values)
