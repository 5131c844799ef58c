"""Mixed precision under CUDA's name, on a machine without."""

import pytest

import engine
from engine.cuda.amp import GradScaler, autocast
from engine.errors import DeviceError


def test_scripts_that_switch_it_off_run():
    use = engine.cuda.is_available()
    x = engine.ones(2, 2)
    scaler = GradScaler(enabled=use)
    with autocast(enabled=use), engine.autocast("cuda", enabled=use):
        assert (x @ x).dtype is engine.float32
    assert scaler.scale(x) is x
    assert engine.amp.GradScaler("cuda", enabled=use).get_scale() == 1


def test_scripts_that_need_it_are_told():
    with pytest.raises(DeviceError, match="no device 'cuda'"):
        autocast()
    with pytest.raises(DeviceError, match="no device 'cuda'"):
        GradScaler()
