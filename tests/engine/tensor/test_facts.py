"""What tensors and the engine tell about themselves, and the options that scripts set."""

import numpy as np
import pytest

import engine
from engine.errors import CheckpointError, DeviceError, DTypeError, EngineError, ShapeError


def test_a_shape_is_a_tuple_that_counts_and_prints_itself():
    shape = engine.zeros(2, 3, 4).shape
    assert isinstance(shape, engine.Size)
    assert engine.zeros(2, 3, 4).size() == shape
    assert shape.numel() == 24
    assert shape[1:].numel() == 12
    assert isinstance(shape[1:] + shape, engine.Size)
    assert shape[-1] == 4
    assert repr(shape) == "engine.Size([2, 3, 4])"
    assert f"{shape}" == "(2, 3, 4)"
    assert hash(shape) == hash((2, 3, 4))
    batch, *rest = shape
    assert (batch, rest) == (2, [3, 4])


def test_strides_and_offsets_are_counted_in_elements(torch):
    def facts(t):
        x = t.zeros(3, 4, dtype=t.float64)
        views = [x, x.t(), x[1:, ::2], x.reshape(2, 6), x.unsqueeze(0).expand(2, 3, 4)]
        return [(v.stride(), v.storage_offset(), v.is_contiguous(), v.stride(0)) for v in views]

    assert facts(engine) == facts(torch)
    x = engine.zeros(4)
    assert x[1:].data_ptr() - x.data_ptr() == 4
    assert engine.zeros(2, 3, device="meta").stride() == (3, 1)
    with pytest.raises(DeviceError, match="no memory"):
        engine.zeros(2, device="meta").data_ptr()


def test_a_tensor_tells_its_kind():
    x = engine.zeros(2, 3)
    assert (x.is_cpu, x.is_cuda, x.is_meta, x.get_device()) == (True, False, False, -1)
    assert (x.nbytes, x.ndimension(), x.type()) == (24, 2, "engine.FloatTensor")
    assert x.type("torch.LongTensor").dtype is engine.int64
    assert x.type(engine.float64).dtype is engine.float64
    assert x.char().dtype is engine.int8
    with pytest.raises(DTypeError, match="no type of tensor"):
        x.type("Tensor of floats")
    assert engine.is_tensor(x)
    assert not engine.is_tensor(np.ones(1))
    assert engine.numel(x) == 6
    assert engine.is_nonzero(engine.tensor([2]))
    with pytest.raises(ShapeError, match=r"one element, not shape \(2, 3\)"):
        x.is_nonzero()


def test_scripts_can_ask_for_devices():
    assert not engine.accelerator.is_available()
    assert engine.accelerator.current_accelerator() is None
    assert not engine.cuda.is_available()
    assert not engine.backends.mps.is_available()
    assert not engine.backends.cudnn.is_available()
    engine.cuda.manual_seed_all(3)
    engine.cuda.empty_cache()
    with pytest.raises(DeviceError, match=r"ask cuda\.is_available\(\) first"):
        engine.cuda.get_device_name()
    with pytest.raises(DeviceError, match=r"'cuda'.* the devices are cpu"):
        engine.zeros(1).cuda()


def test_what_is_row_major_stays_as_it_is():
    x = engine.zeros(1, 2, 3, 4)
    assert x.contiguous(memory_format=engine.contiguous_format) is x
    assert engine.zeros_like(x, memory_format=engine.preserve_format).shape == x.shape


def test_like_functions_take_dtype_and_device():
    x = engine.zeros(2, 3)
    assert engine.rand_like(x, dtype=engine.float64).dtype is engine.float64
    assert engine.randn_like(x, requires_grad=True).requires_grad
    assert engine.randint_like(x, 5).dtype is engine.float32
    assert engine.full_like(x, 2, device="meta").device.type == "meta"
    assert engine.empty_like(x, dtype=engine.int8).dtype is engine.int8
    whole = engine.randint_like(x, 3, 5, dtype=engine.int64)
    assert set(whole.reshape(-1).tolist()) <= {3, 4}


def test_the_old_constructor_takes_values_or_sizes():
    assert engine.Tensor([1, 2]).tolist() == [1, 2]
    assert engine.Tensor(2, 3).shape == (2, 3)
    assert engine.Tensor().shape == (0,)


@pytest.fixture
def default_options():
    yield
    engine.set_printoptions(profile="default")


@pytest.mark.usefixtures("default_options")
@pytest.mark.parametrize(
    "options",
    [
        {"precision": 2},
        {"sci_mode": True},
        {"edgeitems": 1, "threshold": 5},
        {"profile": "short"},
        {"linewidth": 30},
    ],
)
def test_print_options_do_what_torchs_do(torch, options):
    values = np.linspace(0.1, 900.0, 12).astype(np.float32)
    engine.set_printoptions(**options)
    torch.set_printoptions(**options)
    try:
        assert repr(engine.tensor(values)) == repr(torch.tensor(values))
    finally:
        torch.set_printoptions(profile="default")


def test_an_unknown_profile_is_named():
    with pytest.raises(EngineError, match="profile must be one of default, short, full, not 'long'"):
        engine.set_printoptions(profile="long")


def test_files_are_loaded_to_a_device_and_never_unpickled(tmp_path):
    path = tmp_path / "x.safetensors"
    engine.save({"a": engine.ones(2)}, path)
    assert engine.load(path, map_location="cpu", weights_only=True)["a"].tolist() == [1, 1]
    assert engine.load(path, map_location=engine.device("meta"))["a"].device.type == "meta"
    with pytest.raises(CheckpointError, match="weights_only=False"):
        engine.load(path, weights_only=False)
    assert engine.load(path, map_location=lambda storage, place: storage)["a"].device.type == "cpu"
    with pytest.raises(CheckpointError, match="map_location gave 3"):
        engine.load(path, map_location=lambda storage, place: 3)
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(CheckpointError, match=r"looks like a file of torch\.save"):
        engine.load(path)


def test_seed_begins_anew():
    assert engine.seed() == engine.initial_seed()
    engine.manual_seed(0)


def test_second_names_are_the_same_functions():
    x = engine.tensor([0.5, -0.25])
    assert engine.clip(x, -0.1, 0.1).tolist() == x.clamp(-0.1, 0.1).tolist()
    assert engine.concat([x, x]).tolist() == engine.cat([x, x]).tolist()
    assert x.absolute().tolist() == [0.5, 0.25]
    assert engine.asarray([1, 2]).dtype is engine.int64
    assert engine.swapaxes(engine.zeros(2, 3), 0, 1).shape == (3, 2)
