"""Mixed precision: dtypes of results, float32 weights and gradients, and training as in PyTorch."""

import threading

import numpy as np
import pytest

import engine
from engine import nn, optim
from engine.autograd import tape
from engine.errors import DTypeError
from engine.utils.checkpoint import checkpoint


def mlp(lib):
    return lib.nn.Sequential(lib.nn.Linear(8, 32), lib.nn.ReLU(), lib.nn.LayerNorm(32), lib.nn.Linear(32, 4))


@pytest.mark.parametrize("given", ["float32", "bfloat16"])
def test_results_come_in_the_dtypes_of_torch(torch, given):
    calls = [
        lambda m, x: x @ x.mT,
        lambda m, x: m.nn.functional.linear(x, x),
        lambda m, x: m.bmm(x[None], x.mT[None]),
        lambda m, x: m.addmm(x, x, x),
        lambda m, x: m.einsum("ij,jk->ik", x, x),
        lambda m, x: m.nn.functional.conv1d(x[None], x[:, :, None]),
        lambda m, x: m.nn.functional.conv_transpose1d(x[None], x[:, :, None]),
        lambda m, x: m.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None]),
        lambda m, x: m.nn.functional.prelu(x, x[0]),
        lambda m, x: m.dot(x[0], x[0]),
        lambda m, x: m.mv(x, x[0]),
        lambda m, x: x.softmax(1),
        lambda m, x: x.exp() + x.sum(),
        lambda m, x: x * m.ones(4),
        lambda m, x: m.cat([x @ x, m.ones(4, 4)]),
        lambda m, x: m.nn.functional.layer_norm(x, (4,), m.ones(4), m.ones(4)),
        lambda m, x: m.nn.functional.mse_loss(x, x),
        lambda m, x: m.nn.functional.cross_entropy(x, m.tensor([0, 1, 2, 3])),
        lambda m, x: m.nn.functional.huber_loss(x, x),
        lambda m, x: m.nn.functional.binary_cross_entropy_with_logits(x, x),
        lambda m, x: x.prod(),
        lambda m, x: m.fft.rfft(x),
        lambda m, x: x.double() @ x.double(),
    ]
    for k, call in enumerate(calls):
        with engine.autocast("cpu"):
            ours = call(engine, engine.ones(4, 4, dtype=getattr(engine, given)))
        with torch.autocast("cpu"):
            theirs = call(torch, torch.ones(4, 4, dtype=getattr(torch, given)))
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch."), k


def test_an_mlp_learns_and_follows_torchs_own_run(torch):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((256, 8)).astype(np.float32)
    targets = (inputs @ rng.standard_normal((8, 4))).argmax(1)
    ours, theirs = mlp(engine), mlp(torch)
    ours.load_state_dict({k: engine.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    losses = []
    for lib, net in ((engine, ours), (torch, theirs)):
        x, y = lib.from_numpy(inputs), lib.from_numpy(targets)
        optimizer = lib.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        found = []
        for step in range(60):
            batch = slice(32 * (step % 8), 32 * (step % 8) + 32)
            optimizer.zero_grad()
            with lib.autocast("cpu", dtype=lib.bfloat16):
                logits = net(x[batch])
                loss = lib.nn.functional.cross_entropy(logits, y[batch])
            assert (logits.dtype, loss.dtype) == (lib.bfloat16, lib.float32)
            loss.backward()
            assert {p.grad.dtype for p in net.parameters()} == {lib.float32}
            optimizer.step()
            found.append(loss.item())
        assert {p.dtype for p in net.parameters()} == {lib.float32}
        losses.append(found)
    # bfloat16 has 8 bits, 0.4 %; roundings that fall differently drift apart slowly
    np.testing.assert_allclose(losses[0][:10], losses[1][:10], rtol=0.002)
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02, atol=0.02)
    assert np.mean(losses[0][-8:]) < 0.1 * losses[0][0]


def origin(product):
    """Where the gradient of a product's second operand goes."""
    return product.grad_fn.next_functions[1]


def test_weights_are_cast_once_until_the_block_ends():
    weight, x = engine.ones(3, 3, requires_grad=True), engine.ones(2, 3)
    with engine.autocast("cpu"):
        a, b = x @ weight, x @ weight
        assert origin(a) == origin(b)
        with engine.no_grad():
            assert (x @ weight).grad_fn is None
            weight.mul_(2)
            assert (x @ weight)[0, 0].item() == 6
        assert (x @ weight).requires_grad
    with engine.autocast("cpu", cache_enabled=False):
        a, b = x @ weight, x @ weight
        assert origin(a) != origin(b)
    (a + b).sum().backward()
    assert weight.grad.dtype is engine.float32


def test_blocks_nest_and_end_with_what_was_before():
    x = engine.ones(2, 2)
    assert not engine.is_autocast_enabled("cpu")
    with engine.autocast("cpu", dtype=engine.float16):
        assert engine.get_autocast_dtype("cpu") is engine.float16
        assert (x @ x).dtype is engine.float16
        with engine.autocast("cpu", enabled=False):
            assert not engine.is_autocast_enabled("cpu")
            assert (x @ x).dtype is engine.float32
        with engine.autocast("cpu"):
            assert (x @ x).dtype is engine.float16
        assert engine.is_autocast_enabled("cpu")
    assert tape._prepare is None
    with pytest.raises(ZeroDivisionError), engine.autocast("cpu"):
        _ = 1 / 0
    assert tape._prepare is None


def test_it_decorates_and_belongs_to_its_thread():
    x = engine.ones(2, 2)

    @engine.autocast("cpu")
    def product(a):
        """A product."""
        return a @ a

    assert (product(x).dtype, product.__doc__) == (engine.bfloat16, "A product.")
    assert product(product(x)).dtype is engine.bfloat16
    found = []
    with engine.autocast("cpu"):
        other = threading.Thread(target=lambda: found.append((x @ x).dtype))
        other.start()
        other.join()
    assert found == [engine.float32]


def test_backward_is_never_cast():
    x = engine.ones(2, 2, requires_grad=True)
    with engine.autocast("cpu"):
        with engine.autocast("cpu", enabled=False):
            y = (x @ x).sum()
        y.backward()
    assert x.grad.dtype is engine.float32
    assert x.grad.tolist() == [[4, 4], [4, 4]]


def test_a_checkpoint_computes_again_what_it_computed():
    net, x = nn.Linear(3, 3), engine.randn(4, 3)
    grads = []
    for run in (net, lambda x: checkpoint(net, x)):
        net.zero_grad()
        with engine.autocast("cpu"):
            out = run(x)
        out.float().square().sum().backward()
        grads.append(net.weight.grad.tolist())
    assert grads[0] == grads[1]


def test_recurrent_networks_and_attention_take_part():
    x = engine.randn(5, 2, 8)
    with engine.autocast("cpu"):
        assert nn.LSTM(8, 8)(x)[0].dtype is engine.bfloat16
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0)
        out = layer(x)
    out.float().sum().backward()
    assert {p.grad.dtype for p in layer.parameters()} == {engine.float32}


def test_what_cannot_be_cast_to_is_refused():
    with pytest.raises(DTypeError, match="bfloat16 or float16, not"):
        engine.autocast("cpu", dtype=engine.float64)
    with engine.autocast("cpu"), pytest.raises(DTypeError, match="leaves float64 alone"):
        engine.ones(2, 2) @ engine.ones(2, 2, dtype=engine.float64)


def test_convolutions_train_under_it():
    engine.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    x = engine.randn(16, 1, 8, 8)
    y = (x.mean((1, 2, 3)) > 0).long()
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        with engine.autocast("cpu"):
            loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert net[1].running_var.dtype is engine.float32
    assert losses[-1] < 0.2 * losses[0]
