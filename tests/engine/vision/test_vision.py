"""Readers of images, and transforms of one sample and of a batch."""

import gzip
import struct

import numpy as np
import pytest

import engine
from engine.data import DataLoader
from engine.errors import CheckpointError, DTypeError, ShapeError
from engine.vision import datasets, transforms


def _idx(array):
    codes = {"uint8": 8, "int32": 0x0C}
    header = bytes([0, 0, codes[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def _write(folder, zipped=True):
    """A tiny MNIST: 5 images to train on, 3 to test on."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    made = {}
    for kind, count in (("train", 5), ("t10k", 3)):
        images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        made[kind] = images, labels
        for name, array in ((f"{kind}-images-idx3-ubyte", images), (f"{kind}-labels-idx1-ubyte", labels)):
            raw = _idx(array)
            (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(raw) if zipped else raw)
    return made


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", ["", "MNIST/raw"])
def test_mnist_is_read_in_both_layouts_zipped_or_not(tmp_path, layout, zipped):
    made = _write(tmp_path / layout, zipped)
    for train, kind in ((True, "train"), (False, "t10k")):
        data = datasets.MNIST(tmp_path, train=train)
        np.testing.assert_array_equal(data.data, made[kind][0])
        np.testing.assert_array_equal(data.targets, made[kind][1])
        assert (data.data.dtype.name, data.targets.dtype.name) == ("uint8", "int64")
        assert len(data) == len(made[kind][1])


def test_fashion_is_read_from_a_folder_of_its_own(tmp_path):
    made = _write(tmp_path / "FashionMNIST" / "raw")
    data = datasets.FashionMNIST(tmp_path)
    np.testing.assert_array_equal(data.data, made["train"][0])
    assert (len(data.classes), data.classes[9]) == (10, "Ankle boot")
    with pytest.raises(CheckpointError, match="MNIST/raw"):
        datasets.MNIST(tmp_path)


def test_missing_files_are_named_and_download_is_explained(tmp_path):
    with pytest.raises(
        CheckpointError, match=r"no train-images-idx3-ubyte or train-images-idx3-ubyte\.gz in"
    ):
        datasets.MNIST(tmp_path)
    with pytest.raises(CheckpointError, match="doesn't download, so put the four files there"):
        datasets.MNIST(tmp_path, download=True)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda raw: raw[:-1], "should hold 5 bytes of data"),
        (lambda raw: raw + b"x", "should hold 5 bytes of data"),
        (lambda raw: b"GIF8" + raw, "is no idx file: it begins with 47494638"),
        (lambda raw: b"", "begins with nothing"),
        (lambda raw: raw[:6], "is no idx file"),
    ],
)
def test_files_that_are_broken_say_how(tmp_path, spoil, complaint):
    _write(tmp_path, zipped=False)
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(CheckpointError, match=complaint):
        datasets.MNIST(tmp_path)


def test_a_truncated_archive_says_so(tmp_path):
    _write(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="can't be read"):
        datasets.MNIST(tmp_path)


def test_samples_and_batches_agree(tmp_path):
    _write(tmp_path)
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    data = datasets.MNIST(tmp_path, transform=change)
    (images, labels), *rest = DataLoader(data, batch_size=4)
    assert images.shape == (4, 1, 28, 28)
    assert (images.dtype, labels.dtype, len(rest)) == (engine.float32, engine.int64, 1)
    for k in range(4):
        image, label = data[k]
        assert engine.equal(images[k], image)
        assert labels[k].item() == label


def test_a_transform_of_samples_only_is_collated(tmp_path):
    _write(tmp_path)
    calls = []

    def change(image):
        calls.append(image.shape)
        return image.astype(np.float32).mean()

    for transform in (change, transforms.Compose([change])):
        images, _ = next(iter(DataLoader(datasets.MNIST(tmp_path, transform=transform), batch_size=5)))
        assert images.shape == (5,)
    assert calls == [(28, 28)] * 10


def test_without_transform_batches_are_the_raw_pixels(tmp_path):
    made = _write(tmp_path)
    images, labels = next(iter(DataLoader(datasets.MNIST(tmp_path), batch_size=5)))
    np.testing.assert_array_equal(images.numpy(), made["train"][0])
    shifted = datasets.MNIST(tmp_path, target_transform=lambda y: y + 1)
    assert next(iter(DataLoader(shifted, batch_size=5)))[1].tolist() == (labels + 1).tolist()


def test_to_tensor_scales_bytes_and_puts_channels_first():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    out = transforms.ToTensor()(image)
    assert (out.shape, out.dtype) == ((3, 2, 4), engine.float32)
    np.testing.assert_array_equal(out.numpy(), image.transpose(2, 0, 1).astype(np.float32) / np.float32(255))
    assert transforms.ToTensor()(image[..., 0]).shape == (1, 2, 4)
    assert transforms.ToTensor().batch(image[None]).shape == (1, 3, 2, 4)
    whole = transforms.ToTensor()(image.astype(np.float64))
    assert (whole.dtype, whole.max().item()) == (engine.float64, 23)
    with pytest.raises(ShapeError, match="takes an image"):
        transforms.ToTensor()(image[0, 0])
    with pytest.raises(ShapeError, match="takes images"):
        transforms.ToTensor().batch(image[0])


def test_normalize_works_per_channel_and_refuses_what_does_not_fit():
    x = engine.ones(2, 2, 3, 3)
    out = transforms.Normalize([0.5, 0.0], [0.5, 2.0])(x)
    assert (out[:, 0] == 1).all()
    assert (out[:, 1] == 0.5).all()
    assert (x == 1).all()
    transforms.Normalize([1.0], [1.0], inplace=True)(x)
    assert (x == 0).all()
    with pytest.raises(ShapeError, match="don't fit an image"):
        transforms.Normalize([0.5] * 3, [1.0] * 3)(x)
    with pytest.raises(ShapeError, match="divide by zero"):
        transforms.Normalize([0.5], [0.0])
    with pytest.raises(ShapeError, match="one per channel"):
        transforms.Normalize([0.5], [1.0, 1.0])
    with pytest.raises(DTypeError, match="put ToTensor before it"):
        transforms.Normalize([0.5], [1.0])(x.byte())


def test_transforms_print_their_settings():
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))])
    assert repr(change) == "Compose(\n    ToTensor()\n    Normalize(mean=[0.5], std=[0.25])\n)"


def test_digits_are_split_once_and_for_all():
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's file")
    train, test = datasets.Digits(train=True), datasets.Digits(train=False)
    assert (train.data.shape, test.data.shape) == ((1437, 8, 8), (360, 8, 8))
    assert (train.data.dtype.name, train.targets.dtype.name, train.data.max()) == ("uint8", "int64", 255)
    assert set(train.targets.tolist()) == set(test.targets.tolist()) == set(range(10))
