"""Half precision: computed in float32 and rounded once, as PyTorch does on the CPU."""

import subprocess
import sys

import numpy as np
import pytest

import engine
from engine import nn, optim
from engine.errors import DTypeError

ONE_ULP = 2.0**-7


def pair(torch, dtype, *shape, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return engine.from_numpy(values).to(getattr(engine, dtype)), torch.from_numpy(values).to(
        getattr(torch, dtype)
    )


def same(ours, theirs):
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(ours.detach().float().numpy(), theirs.detach().float().numpy())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_single_ops_give_the_bits_of_torch(torch, dtype):
    a, b = pair(torch, dtype, 5, 7)
    c, d = pair(torch, dtype, 5, 7, seed=1)
    for name in ("add", "sub", "mul", "div", "maximum", "hypot", "eq", "lt"):
        ours, theirs = getattr(engine, name)(a, c), getattr(torch, name)(b, d)
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
        assert ours.float().tolist() == theirs.float().tolist(), name
    for name in ("neg", "abs", "sqrt", "floor", "sign", "relu", "square"):
        same(getattr(engine, name)(a.abs()), getattr(torch, name)(b.abs()))
    for name in ("exp", "tanh", "sigmoid", "sin"):
        ours, theirs = getattr(engine, name)(a), getattr(torch, name)(b)
        np.testing.assert_allclose(ours.float().numpy(), theirs.float().numpy(), rtol=ONE_ULP)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_sums_and_products_accumulate_in_single_precision(torch, dtype):
    # 4096 ones add up to 256 in bfloat16 and to 2048 in float16, where 1 more is too little to count
    x = engine.ones(4096, dtype=getattr(engine, dtype))
    assert x.sum().item() == x.mean().item() * 4096 == (x @ x).item() == 4096
    assert x.cumsum(0)[-1].item() == 4096
    assert x.sum().dtype is getattr(engine, dtype)
    a, b = pair(torch, dtype, 3, 64)
    np.testing.assert_allclose(
        (a @ a.T).float().numpy(), (b @ b.T).float().numpy(), rtol=ONE_ULP, atol=ONE_ULP
    )
    np.testing.assert_allclose(
        a.softmax(1).float().numpy(), b.softmax(1).float().numpy(), rtol=ONE_ULP, atol=1e-6
    )


def test_conversions_round_to_the_nearest_and_back(torch):
    values = [1.0, 1.00390625, 1.01171875, 3.4e38, -0.0, float("inf"), 1e-40]
    ours, theirs = engine.tensor(values).bfloat16(), torch.tensor(values).bfloat16()
    same(ours, theirs)
    assert ours.tolist() == theirs.tolist()
    assert ours[1].item() == theirs[1].item()
    assert (ours.half().dtype, ours.to(engine.int64).dtype) == (engine.float16, engine.int64)
    assert engine.tensor([1.5], dtype=engine.bfloat16).float().tolist() == [1.5]


def test_creation_and_printing(torch):
    for make in (
        lambda m: m.zeros(2, 3, dtype=m.bfloat16),
        lambda m: m.full((2,), 0.1, dtype=m.bfloat16),
        lambda m: m.arange(5, dtype=m.bfloat16),
        lambda m: m.linspace(0, 1, 5, dtype=m.float16),
        lambda m: m.eye(2, dtype=m.bfloat16),
        lambda m: m.tensor(1.5, dtype=m.bfloat16),
    ):
        ours, theirs = make(engine), make(torch)
        same(ours, theirs)
        assert repr(ours) == repr(theirs).replace("torch.", "engine.")
    assert engine.randn(3, dtype=engine.bfloat16).dtype is engine.bfloat16
    assert engine.rand(1000, dtype=engine.float16).float().max().item() <= 1


def test_there_is_no_such_array_in_numpy():
    x = engine.ones(2, dtype=engine.bfloat16)
    with pytest.raises(DTypeError, match=r"\.float\(\)\.numpy\(\)"):
        x.numpy()
    assert engine.ones(2, dtype=engine.float16).numpy().dtype == np.float16


def test_views_and_changes_in_place_share_the_memory():
    x = engine.zeros(2, 3, dtype=engine.bfloat16)
    x[0].add_(1)
    x[1, 2] = 2.5
    x.T.mul_(2)
    assert x.tolist() == [[2, 2, 2], [0, 0, 5]]
    assert x.unique().tolist() == [0, 2, 5]
    assert x.nonzero().shape == (4, 2)
    assert x.nan_to_num(posinf=None).dtype is engine.bfloat16


def test_gradients_come_in_half_precision(torch):
    a, b = pair(torch, "bfloat16", 4, 3)
    w, v = pair(torch, "bfloat16", 2, 3, seed=1)
    for x in (a, b, w, v):
        x.requires_grad_()
    engine.nn.functional.linear(a, w).tanh().sum().backward()
    torch.nn.functional.linear(b, v).tanh().sum().backward()
    for ours, theirs in ((a, b), (w, v)):
        assert ours.grad.dtype is engine.bfloat16
        np.testing.assert_allclose(
            ours.grad.float().numpy(), theirs.grad.float().numpy(), rtol=2 * ONE_ULP, atol=2 * ONE_ULP
        )


def test_a_layer_of_half_precision_trains(torch):
    engine.manual_seed(0)
    net, inputs = nn.Linear(3, 1).bfloat16(), engine.randn(32, 3).bfloat16()
    target = inputs.sum(1, keepdim=True)
    optimizer = optim.SGD(net.parameters(), lr=0.3, momentum=0.5)
    loss = engine.ones(())
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(inputs), target)
        loss.backward()
        optimizer.step()
    assert net.weight.dtype is engine.bfloat16
    assert loss.item() < 1e-3


def test_normalisation_takes_single_precision_weights(torch):
    a, b = pair(torch, "bfloat16", 4, 6)
    ours, theirs = nn.LayerNorm(6), torch.nn.LayerNorm(6)
    out, expected = ours(a), theirs(b)
    assert out.dtype is engine.bfloat16
    np.testing.assert_allclose(out.detach().float(), expected.detach().float(), rtol=ONE_ULP, atol=ONE_ULP)
    out.sum().backward()
    assert {p.grad.dtype for p in ours.parameters()} == {engine.float32}


def test_meta_knows_half_precision():
    x = engine.zeros(2, 3, dtype=engine.bfloat16, device="meta")
    assert ((x + 1) @ x.T).sum().dtype is engine.bfloat16
    assert (x * engine.zeros(3, device="meta")).dtype is engine.float32


def test_a_program_without_half_precision_never_looks_for_it():
    code = (
        "import engine; from engine.dtypes import NARROW; from engine.autograd import tape;"
        "engine.nn.Linear(2, 2)(engine.ones(1, 2)).sum().backward(); assert not NARROW;"
        "engine.ones(2).bfloat16(); print([str(d) for d in NARROW], tape._prepare)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "['bfloat16'] None"
