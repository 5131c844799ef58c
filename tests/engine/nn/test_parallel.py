"""The wrapper for several GPUs, on one device."""

import pytest

import engine
from engine import nn
from engine.errors import DeviceError


def test_it_calls_the_module_and_names_its_weights_as_pytorch_does():
    net = nn.Linear(2, 1)
    wrapped = nn.DataParallel(net)
    assert wrapped.module is net
    assert engine.equal(wrapped(engine.ones(1, 2)), net(engine.ones(1, 2)))
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]


def test_several_devices_are_refused():
    with pytest.raises(DeviceError, match="leave them out"):
        nn.DataParallel(nn.Linear(1, 1), device_ids=[0, 1])
