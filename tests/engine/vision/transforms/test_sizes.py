"""Resizing, cropping, padding and warping, against PyTorch's own interpolation and sampling."""

import numpy as np
import pytest

import engine
from engine.errors import EngineError, ShapeError
from engine.vision import transforms
from engine.vision.transforms.affine import inverse_matrices
from engine.vision.transforms.placing import warped
from engine.vision.transforms.resampling import weights

IMAGES = np.random.default_rng(0).random((2, 3, 21, 17)).astype(np.float32)


@pytest.mark.parametrize("size", [(9, 30), (40, 5), (21, 17)])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [True, False])
def test_resizing_gives_torchs_numbers(torch, size, mode, antialias):
    smooth = mode in ("bilinear", "bicubic")
    options = {"antialias": antialias, "align_corners": False} if smooth else {}
    expected = torch.nn.functional.interpolate(torch.from_numpy(IMAGES), size, mode=mode, **options)
    out = transforms.Resize(size, mode, antialias=antialias)(engine.tensor(IMAGES))
    np.testing.assert_allclose(out.numpy(), expected.numpy(), atol=3e-6)


def test_resizing_a_part_equals_cutting_it_out_first():
    start, length = np.array([3, 5]), np.array([9, 4])
    for mode, antialias in (("bilinear", True), ("bicubic", False), ("nearest", False)):
        both = weights(21, 6, mode, antialias, start, length)
        for k in range(2):
            alone = weights(int(length[k]), 6, mode, antialias)[0]
            np.testing.assert_allclose(both[k, :, start[k] : start[k] + length[k]], alone, atol=1e-12)
            assert both[k].sum() == pytest.approx(6)


def test_one_size_is_for_the_shorter_side():
    resize = transforms.Resize(10)
    assert resize(engine.tensor(IMAGES)).shape == (2, 3, 12, 10)
    assert resize(engine.tensor(IMAGES.transpose(0, 1, 3, 2).copy())).shape == (2, 3, 10, 12)
    assert transforms.Resize(10, max_size=11)(engine.tensor(IMAGES)).shape == (2, 3, 11, 9)
    with pytest.raises(ShapeError, match="max_size 5 needs one size"):
        transforms.Resize(10, max_size=5)
    with pytest.raises(ShapeError, match="of 1 to 16384"):
        transforms.Resize(1 << 20)
    with pytest.raises(EngineError, match="not 'box'"):
        transforms.Resize(3, "box")  # type: ignore[arg-type]  # what is refused


def test_whole_numbers_are_rounded_and_kept_in_range():
    image = np.array([[[0, 255, 0, 255]]], np.uint8)
    out = transforms.Resize((1, 9), "bicubic", antialias=False)(engine.tensor(image))
    assert out.dtype is engine.uint8
    assert (out.numpy().min(), out.numpy().max()) == (0, 255)  # a cubic would overshoot both


def test_arrays_keep_their_layout():
    bytes_ = (IMAGES * 255).astype(np.uint8)
    stored = bytes_.transpose(0, 2, 3, 1)
    resize = transforms.Resize((8, 8))
    expected = resize(engine.tensor(bytes_)).numpy()
    np.testing.assert_array_equal(resize.batch(stored), expected.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(resize(stored[0]), expected[0].transpose(1, 2, 0))
    np.testing.assert_array_equal(resize.batch(stored[..., 0]), expected[:, 0])
    np.testing.assert_array_equal(resize(stored[0, ..., 0]), expected[0, 0])
    with pytest.raises(ShapeError, match="takes a tensor"):
        resize(engine.rand(4))
    with pytest.raises(ShapeError, match=r"arrays \[N, H, W\]"):
        resize.batch(np.zeros(3))


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "constant"])
def test_padding_is_numpys(mode):
    out = transforms.Pad((1, 2, 3, 4), 0.25 if mode == "constant" else 0.0, mode)(engine.tensor(IMAGES))
    extra = {"constant_values": 0.25} if mode == "constant" else {}
    expected = np.pad(IMAGES, ((0, 0), (0, 0), (2, 4), (1, 3)), mode, **extra)
    np.testing.assert_array_equal(out.numpy(), expected)


def test_a_fill_may_be_a_number_for_each_channel():
    out = transforms.Pad(1, (0.1, 0.2, 0.3))(engine.tensor(IMAGES))
    np.testing.assert_allclose(out[0, :, 0, 0].numpy(), [0.1, 0.2, 0.3])
    with pytest.raises(ShapeError, match="fill has 2 numbers, and the images 3 channels"):
        transforms.Pad(1, (0.1, 0.2))(engine.tensor(IMAGES))


def test_the_middle_is_cut_out_and_padded_where_it_is_missing():
    out = transforms.CenterCrop((5, 7))(engine.tensor(IMAGES))
    np.testing.assert_array_equal(out.numpy(), IMAGES[:, :, 8:13, 5:12])
    large = transforms.CenterCrop((23, 17))(engine.tensor(IMAGES))
    np.testing.assert_array_equal(large[:, :, 1:22].numpy(), IMAGES)
    assert large[:, :, 0].sum().item() == 0


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_warping_samples_as_grid_sample_does(torch, mode):
    matrices = np.array([[[0.93, 0.21, 1.57], [-0.31, 1.13, -2.1]], [[0.61, 0.0, 0.0], [0.0, 0.59, 0.2]]])
    matrices += np.pi * 1e-4  # away from where two pixels are equally near
    height, width = IMAGES.shape[-2:]
    size = np.array([width / 2, height / 2])
    theta = np.concatenate([matrices[:, :, :2] * size / size[:, None], matrices[:, :, 2:] / size[:, None]], 2)
    grid = torch.nn.functional.affine_grid(torch.from_numpy(theta), IMAGES.shape, align_corners=False)
    sample = torch.nn.functional.grid_sample
    taken = sample(torch.from_numpy(IMAGES).double(), grid, mode, align_corners=False)
    cover = sample(torch.ones(2, 1, height, width).double(), grid, mode, align_corners=False)
    expected = (taken - 0.5) * cover + 0.5
    out = warped(engine.tensor(IMAGES), matrices, mode, 0.5)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), atol=1e-5)


def test_a_quarter_turn_is_exact():
    image = engine.tensor(IMAGES[:1, :, :17])
    quarter = inverse_matrices(np.array([-90.0]), np.zeros((1, 2)), np.ones(1), np.zeros((1, 2)))
    np.testing.assert_allclose(warped(image, quarter, "nearest", 0).numpy(), image.rot90(1, (2, 3)).numpy())


def test_the_matrix_of_all_at_once_undoes_turn_shear_scale_and_shift():
    shift, shear = np.array([[3.0, -2.0]]), np.array([[10.0, -7.0]])
    matrix = inverse_matrices(np.array([30.0]), shift, np.array([1.5]), shear, (1.0, 2.0))[0]
    turn, x, y = np.deg2rad([30.0, 10.0, -7.0])
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    along_x, along_y = np.array([[1, -np.tan(x)], [0, 1]]), np.array([[1, 0], [-np.tan(y), 1]])
    forward = rotate @ along_y @ along_x * 1.5
    place = np.array([4.0, -5.0])
    moved = np.array([1.0, 2.0]) + shift[0] + forward @ (place - [1.0, 2.0])
    np.testing.assert_allclose(matrix @ [*moved, 1], place, atol=1e-9)
