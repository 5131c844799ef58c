"""Orders of axes in memory, as far as users can ask and choose."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import ShapeError


def test_channels_last_moves_memory_and_not_values(torch):
    x = np.arange(48, dtype=np.float32).reshape(2, 3, 2, 4)
    ours = engine.tensor(x).to(memory_format=engine.channels_last)
    theirs = torch.tensor(x).to(memory_format=torch.channels_last)
    assert ours.stride() == theirs.stride()
    np.testing.assert_array_equal(ours.numpy(), x)
    assert ours.is_contiguous(memory_format=engine.channels_last)
    assert not ours.is_contiguous()
    assert ours.contiguous(memory_format=engine.channels_last) is ours
    assert ours.to(memory_format=engine.contiguous_format).stride() == torch.tensor(x).stride()
    assert ours.float(memory_format=engine.preserve_format) is ours


def test_gradients_flow_through_a_change_of_layout():
    x = engine.randn(2, 3, 2, 2, requires_grad=True)
    (x.contiguous(memory_format=engine.channels_last) * engine.arange(2)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to([0.0, 1.0], (2, 3, 2, 2)))


def test_a_module_in_channels_last_computes_the_same():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    x = engine.randn(2, 3, 6, 6)
    before = net(x).detach().numpy()
    net.to(memory_format=engine.channels_last)
    assert net[0].weight.is_contiguous(memory_format=engine.channels_last)
    after = net(x.to(memory_format=engine.channels_last)).detach().numpy()
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)


def test_a_layout_of_other_axes_is_refused():
    with pytest.raises(ShapeError, match=r"channels_last is for tensors of 4 axes, and this has 2"):
        engine.ones(2, 2).to(memory_format=engine.channels_last)
