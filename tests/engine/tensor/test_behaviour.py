"""What scripts set once for a whole program."""

import pytest

import engine
from engine import nn
from engine.errors import DeviceError, EngineError


def test_what_holds_anyway_is_taken_and_told():
    engine.use_deterministic_algorithms(True, warn_only=True)
    assert engine.are_deterministic_algorithms_enabled()
    engine.use_deterministic_algorithms(False)
    engine.set_float32_matmul_precision("high")
    assert engine.get_float32_matmul_precision() == "high"
    engine.set_float32_matmul_precision("highest")
    with pytest.raises(EngineError, match="not 'low'"):
        engine.set_float32_matmul_precision("low")


def test_products_run_in_as_many_threads_as_asked_for():
    before = engine.get_num_threads()
    try:
        engine.set_num_threads(1)
    except EngineError as refused:
        pytest.skip(f"another BLAS than NumPy's wheels have: {refused}")
    assert engine.get_num_threads() == 1
    engine.set_num_threads(before)
    with pytest.raises(EngineError, match="at least one"):
        engine.set_num_threads(0)


def test_compiling_gives_the_module_or_function_itself():
    net = nn.Linear(2, 1)
    assert engine.compile(net, mode="max-autotune") is net
    decorate = engine.compile(fullgraph=True)
    assert decorate(abs) is abs
    with pytest.raises(EngineError, match="a module or a function"):
        engine.compile(3)


def test_a_device_may_be_said_in_two_parts():
    assert engine.device("cpu", 0) is engine.device("cpu:0")
    with pytest.raises(DeviceError, match="no device 'cuda:1'"):
        engine.device("cuda", 1)


def test_tensors_are_made_on_the_default_device():
    with engine.device("meta"):
        net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        assert engine.randn(2).device.type == engine.randperm(3).device.type == "meta"
        with engine.device("cpu"):
            assert engine.ones(1).device.type == "cpu"
        assert engine.from_numpy(engine.ones(1, device="cpu").numpy()).device.type == "cpu"
    assert {p.device.type for p in [*net.parameters(), *net.buffers()]} == {"meta"}
    assert engine.ones(1).device.type == "cpu"
    engine.set_default_device("meta")
    try:
        assert engine.get_default_device() == engine.tensor([1]).device == engine.device("meta")
    finally:
        engine.set_default_device(None)
    assert engine.zeros(1).device.type == "cpu"
