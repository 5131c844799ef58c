"""Pictures in folders."""

import builtins
import sys

import numpy as np
import pytest

import engine
from engine.data import DataLoader
from engine.errors import CheckpointError, EngineError
from engine.vision import transforms
from engine.vision.datasets import ImageFolder


@pytest.fixture
def pictures(tmp_path):
    """Two classes, of two grey pictures and of one in colour in a folder below."""
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with the extra `images`")
    (tmp_path / "dog" / "small").mkdir(parents=True)
    (tmp_path / "cat").mkdir()
    for name, value in (("a.png", 10), ("b.PNG", 20)):
        image.fromarray(np.full((4, 6), value, np.uint8)).save(tmp_path / "cat" / name)
    colours = np.zeros((4, 6, 3), np.uint8)
    colours[..., 1] = 200
    image.fromarray(colours).save(tmp_path / "dog" / "small" / "c.png")
    (tmp_path / "dog" / "notes.txt").write_text("no picture")
    return tmp_path


def test_folders_are_classes_and_grey_becomes_colour(pictures):
    data = ImageFolder(pictures)
    assert (data.classes, data.class_to_idx, data.targets) == (
        ["cat", "dog"],
        {"cat": 0, "dog": 1},
        [0, 0, 1],
    )
    picture, target = data[1]
    assert (picture.shape, picture.dtype, target) == ((4, 6, 3), np.uint8, 0)
    assert (picture == 20).all()
    assert data[2][0][0, 0].tolist() == [0, 200, 0]


def test_batches_are_made_of_them(pictures):
    chain = transforms.Compose(
        [transforms.ToTensor(), transforms.Resize((2, 2)), transforms.RandomHorizontalFlip()]
    )
    images, targets = next(iter(DataLoader(ImageFolder(pictures, chain, str), batch_size=3)))
    assert (images.shape, images.dtype, targets) == ((3, 3, 2, 2), engine.float32, ["0", "0", "1"])


def test_what_is_missing_or_broken_is_said(pictures, tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match="no folders of classes in"):
        ImageFolder(pictures / "cat")
    (pictures / "cat" / "a.png").write_bytes(b"no picture")
    with pytest.raises(CheckpointError, match=r"a\.png can't be read as a picture"):
        ImageFolder(pictures)[0]
    (pictures / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"no pictures \(.*\) of empty in"):
        ImageFolder(pictures)


def test_without_pillow_the_extra_is_named(pictures, monkeypatch):
    whole = builtins.__import__

    def without(name, *rest, **options):
        if name == "PIL":
            raise ImportError(name)
        return whole(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "PIL", raising=False)
    with pytest.raises(EngineError, match=r"pip install tensorkiln\[images\]"):
        ImageFolder(pictures)[0]
