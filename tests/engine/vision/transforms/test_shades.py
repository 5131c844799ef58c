"""Colour, against numbers that torchvision 0.28 gave for the same image of 3 x 3 pixels."""

import numpy as np
import pytest

import engine
from engine.errors import ShapeError
from engine.vision import transforms
from engine.vision.transforms import shades

IMAGE = ((np.arange(27).reshape(3, 3, 3) * 67 + 13) % 256).astype(np.uint8)

EXPECTED = {
    "brighter": (
        1.5,
        "19 120 220 255 37 138 238 255 55 156 255 255 73 174 255 255 91 192 255 9 109 210 255 27 127 228 255",
    ),
    "contrasted": (
        0.5,
        "72 105 139 172 78 111 145 178 84 117 151 184 90 123 157 190 96 129 "
        "163 68 102 135 169 74 108 141 175",
    ),
    "saturated": (
        2.0,
        "0 36 103 255 0 48 115 255 0 121 218 255 0 133 230 255 2 145 255 0 0 172 255 0 0 184 255",
    ),
    "hue_shifted": (
        0.25,
        "195 6 73 214 207 18 85 226 219 13 163 230 206 25 175 242 218 37 195 171 238 49 207 183 250 61 219",
    ),
    "sharpened": (
        2.0,
        "13 80 147 214 0 92 159 226 37 104 171 238 49 96 183 250 61 128 195 6 73 140 255 18 85 152 219",
    ),
    "posterized": (
        3.0,
        "0 64 128 192 0 64 128 224 32 96 160 224 32 96 160 224 32 128 192 0 64 128 192 0 64 128 192",
    ),
    "solarized": (
        0.4,
        "13 80 108 41 25 92 96 29 37 151 84 17 49 139 72 5 61 127 60 6 73 115 48 18 85 103 36",
    ),
    "autocontrasted": (
        None,
        "0 80 160 240 14 94 174 254 28 69 154 239 0 84 169 254 15 100 226 0 80 160 240 14 94 174 254",
    ),
    "grey": (
        None,
        "87 124 191 108 99 136 203 120 111",
    ),
}
# of an image whose squares fall into nine levels
TABLE = {0: 0, 1: 34, 4: 101, 16: 169, 64: 236, 81: 255, 169: 255, 225: 255, 255: 255}


@pytest.mark.parametrize("name", EXPECTED)
def test_colours_change_as_in_torchvision(name):
    factor, numbers = EXPECTED[name]
    expected = np.array(numbers.split(), int)
    change = getattr(shades, name)
    arguments = () if factor is None else (np.full(2, factor),)
    images = engine.tensor(np.stack([IMAGE, IMAGE]))
    out = change(images, *arguments)
    assert out.dtype is engine.uint8
    for image in out:
        assert np.abs(image.numpy().ravel().astype(int) - expected).max() <= 1  # a rounding apart at most
        assert (image.numpy().ravel() != expected).mean() < 0.2
    floats = change(images.float() / 255, *arguments) * 255
    assert np.abs(floats[0].numpy().ravel() - expected).max() < (32 if name == "posterized" else 3)


def test_each_image_has_a_factor_of_its_own():
    images = engine.tensor(np.stack([IMAGE, IMAGE]))
    both = shades.brighter(images, np.array([0.5, 1.5]))
    assert engine.equal(both[0], shades.brighter(images[:1], np.array([0.5]))[0])
    assert engine.equal(both[1], shades.brighter(images[:1], np.array([1.5]))[0])


def test_hue_is_turned_back_by_the_opposite_turn():
    images = engine.tensor(np.random.default_rng(0).random((3, 3, 5, 5)), dtype=engine.float64)
    turn = np.array([0.1, -0.3, 0.5])
    there = shades.hue_shifted(images, turn)
    np.testing.assert_allclose(shades.hue_shifted(there, -turn).numpy(), images.numpy(), atol=1e-12)
    np.testing.assert_allclose(there.amax(1).numpy(), images.amax(1).numpy())
    assert not engine.allclose(there, images)


def test_equalizing_spreads_a_histogram_as_pillow_does():
    numbers = np.arange(576)
    image = ((numbers * numbers % 17) ** 2).clip(0, 255).astype(np.uint8).reshape(1, 1, 24, 24)
    out = shades.equalized(engine.tensor(image)).numpy()
    table = dict(zip(image.ravel().tolist(), out.ravel().tolist(), strict=True))
    assert table == TABLE
    flat = engine.full((1, 1, 4, 4), 7, dtype=engine.uint8)
    assert engine.equal(shades.equalized(flat), flat)


def test_grey_and_hue_know_one_channel_or_three():
    one = engine.rand(2, 1, 4, 4)
    assert shades.grey(one) is one
    assert shades.hue_shifted(one, np.ones(2)) is one
    assert transforms.Grayscale(3)(one).shape == (2, 3, 4, 4)
    with pytest.raises(ShapeError, match="1 or 3 channels, not 2"):
        shades.grey(engine.rand(1, 2, 4, 4))
