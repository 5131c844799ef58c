"""Saving and loading: safetensors only, whole files only."""

import argparse
import io
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import engine
from engine import nn
from engine.errors import CheckpointError


def test_a_state_dict_is_a_plain_safetensors_file(tmp_path):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    engine.save(net.state_dict(), tmp_path / "net.safetensors")
    read = load_file(tmp_path / "net.safetensors")
    assert set(read) == {"0.weight", "0.bias"}
    np.testing.assert_array_equal(read["0.weight"], net[0].weight.detach().numpy())
    fresh = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    fresh.load_state_dict(engine.load(tmp_path / "net.safetensors"))
    assert engine.equal(fresh[0].weight, net[0].weight)


def test_keys_come_back_in_their_order(tmp_path):
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    engine.save(net.state_dict(), tmp_path / "net")
    assert list(engine.load(tmp_path / "net")) == list(net.state_dict())
    save_file(load_file(tmp_path / "net"), tmp_path / "another's", {"engine.order": '["gone"]'})
    assert set(engine.load(tmp_path / "another's")) == set(net.state_dict())


def test_torch_loads_what_was_saved(tmp_path, torch):
    net = nn.Linear(3, 2)
    engine.save(net.state_dict(), tmp_path / "net")
    twin = torch.nn.Linear(3, 2)
    saved = load_file(tmp_path / "net")
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in saved.items()}, strict=True)
    np.testing.assert_array_equal(twin.weight.detach().numpy(), net.weight.detach().numpy())


def test_trees_come_back_as_they_were(tmp_path):
    tree = {
        "step": 3,
        "rates": [0.1, float("inf")],
        "pair": (True, None),
        "name": "run",
        "state": {0: {"m": engine.arange(3)}, 1: {}},
        "a": {"b.c": engine.ones(1)},
        "a.b": {"c": engine.zeros(1)},
    }
    engine.save(tree, tmp_path / "tree")
    back = engine.load(tmp_path / "tree")
    assert back["state"][0]["m"].tolist() == [0, 1, 2]
    assert (back["a"]["b.c"].item(), back["a.b"]["c"].item()) == (1, 0)
    for key in ("step", "rates", "pair", "name"):
        assert back[key] == tree[key]
    assert list(back["state"]) == [0, 1]
    engine.save(engine.eye(2), tmp_path / "tensor")
    assert engine.load(tmp_path / "tensor").tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 2), (3,)])
def test_every_dtype_and_shape_comes_back(tmp_path, dtype, shape):
    x = engine.ones(shape, dtype=getattr(engine, dtype))
    engine.save({"x": x}, tmp_path / "x")
    y = engine.load(tmp_path / "x")["x"]
    assert (y.shape, y.dtype, y.tolist()) == (x.shape, x.dtype, x.tolist())


def test_views_and_tensors_in_a_graph_can_be_saved(tmp_path):
    x = engine.arange(6.0).reshape(2, 3).requires_grad_()
    engine.save({"t": x.t(), "y": x * 2}, tmp_path / "x")
    assert engine.load(tmp_path / "x")["t"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_loaded_tensors_can_be_changed(tmp_path):
    engine.save({"x": engine.zeros(2)}, tmp_path / "x")
    assert engine.load(tmp_path / "x")["x"].add_(1).tolist() == [1, 1]


def test_objects_are_not_saved(tmp_path):
    with pytest.raises(CheckpointError, match=r"net is a Linear.*save a module's state_dict"):
        engine.save({"net": nn.Linear(1, 1)}, tmp_path / "net")
    with pytest.raises(CheckpointError, match="keys must be strings or integers"):
        engine.save({1.5: 2}, tmp_path / "net")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tree", [{"w": [1.0, 2.0]}, {"epoch": 3, "w": [0.5]}, {"half": [1.5]}])
def test_open_files_and_buffers_will_do(tmp_path, tree):
    dtype = engine.bfloat16 if "half" in tree else engine.float32
    tree = {k: engine.tensor(v, dtype=dtype) if isinstance(v, list) else v for k, v in tree.items()}
    buffer = io.BytesIO()
    engine.save(tree, buffer)
    buffer.seek(0)
    with open(tmp_path / "x", "wb") as file:
        engine.save(tree, file)
    with open(tmp_path / "x", "rb") as file:
        found = [engine.load(buffer), engine.load(file), engine.load(tmp_path / "x")]
    for back in found:
        assert {k: getattr(v, "tolist", lambda v=v: v)() for k, v in back.items()} == {
            k: getattr(v, "tolist", lambda v=v: v)() for k, v in tree.items()
        }
    with pytest.raises(CheckpointError, match="f is a path or a file"):
        engine.save(tree, 3)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(CheckpointError, match="what was given can't be read"):
        engine.load(io.BytesIO(b"PK not ours"))


def test_numpys_numbers_come_back_as_pythons(tmp_path):
    engine.save({"best": np.float32(0.5), "step": np.int64(3), "done": np.bool(True)}, tmp_path / "x")
    back = engine.load(tmp_path / "x")
    assert [(type(v), v) for v in back.values()] == [(float, 0.5), (int, 3), (bool, True)]


def test_what_a_script_saves_beside_its_weights_is_told_how_to():
    for given, advice in (
        (np.ones(2), "from_numpy"),
        (engine.device("cpu"), "its str"),
        (engine.float32, "its str"),
        ({1, 2}, "sorted list"),
        (argparse.Namespace(lr=1), "vars"),
    ):
        with pytest.raises(CheckpointError, match=rf"args\.x is a .*{advice}"):
            engine.save({"args": {"x": given}}, io.BytesIO())


def test_nothing_is_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "gone off"),)

    (tmp_path / "bomb").write_bytes(pickle.dumps({"x": Bomb()}))
    with pytest.raises(CheckpointError, match="can't be read as safetensors"):
        engine.load(tmp_path / "bomb")
    assert not (tmp_path / "gone off").exists()


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-1], lambda raw: raw[:4], lambda raw: b"", lambda raw: b"\xff" * 64]
)
def test_broken_files_say_so(tmp_path, spoil):
    path = tmp_path / "x"
    engine.save({"x": engine.zeros(9)}, path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CheckpointError, match="can't be read as safetensors"):
        engine.load(path)


@pytest.mark.parametrize("caught", [CheckpointError, FileNotFoundError])
def test_a_missing_file_says_so(tmp_path, caught):
    with pytest.raises(caught, match=r"there is no file .*none to load"):
        engine.load(tmp_path / "none")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    engine.save({"x": engine.zeros(1)}, path)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        engine.save({"x": engine.ones(1)}, path)
    assert engine.load(path)["x"].item() == 0
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "complex64"])
def test_every_dtype_goes_to_torch_and_comes_from_it(tmp_path, torch, dtype):
    safetensors = pytest.importorskip("safetensors.torch", reason="PyTorch, the oracle")
    ours = {"w": engine.tensor([[1.5, -2.25], [3e4, 0.1]], dtype=getattr(engine, dtype))}
    engine.save(ours, tmp_path / "ours")
    read = safetensors.load_file(tmp_path / "ours")
    assert read["w"].dtype is getattr(torch, dtype)
    assert read["w"].tolist() == ours["w"].tolist()
    safetensors.save_file({"w": read["w"] * 2}, tmp_path / "theirs")
    again = engine.load(tmp_path / "theirs")["w"]
    assert again.dtype is getattr(engine, dtype)
    assert again.tolist() == (ours["w"] * 2).tolist()


def test_half_precision_is_loaded_by_a_program_that_never_made_any(tmp_path):
    engine.save({"w": engine.ones(2, dtype=engine.bfloat16)}, tmp_path / "w")
    code = f"import engine; print(engine.load({str(tmp_path / 'w')!r})['w'] * 2)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "tensor([2., 2.], dtype=engine.bfloat16)"
