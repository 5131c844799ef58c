"""Padding, resizing, patches and sampling at places, against PyTorch's."""

import itertools

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import ShapeError
from engine.nn import functional
from tests.engine.nn import beside

SIZES = (5, 6, 4)
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("name", ["Constant", "Zero", "Reflection", "Replication", "Circular"])
def test_padding_layers_agree_with_torch(torch, name, axes, batched):
    shape = (2, 3, *SIZES[:axes]) if batched else (3, *SIZES[:axes])
    value = (1.5,) if name == "Constant" else ()
    for padding in (2, tuple(range(1, 2 * axes + 1)) if axes < 2 else (1, 2, 0, 3, 2, 1)[: 2 * axes]):
        beside.compare(torch, f"{name}Pad{axes}d", (padding, *value), {}, shape)


def test_negative_padding_takes_away_as_torchs_does(torch):
    for name in ("ZeroPad2d", "CircularPad2d", "ReplicationPad2d"):
        beside.compare(torch, name, ((-1, 2, 1, -2),), {}, (2, 3, 5, 6))


@pytest.mark.parametrize(
    ("mode", "axes", "corners"),
    [
        *[(mode, axes, None) for mode in ("nearest", "nearest-exact", "area") for axes in (1, 2, 3)],
        *[
            (mode, axes, corners)
            for mode, axes in (("linear", 1), ("bilinear", 2), ("bicubic", 2), ("trilinear", 3))
            for corners in (False, True)
        ],
    ],
)
def test_upsample_agrees_with_torch(torch, mode, axes, corners):
    for options in ({"size": (7, 3, 4)[:axes]}, {"scale_factor": 1.7}, {"scale_factor": 0.6}):
        if mode != "area" and "scale_factor" in options:
            options["recompute_scale_factor"] = axes == 2
        beside.compare(
            torch,
            "Upsample",
            (),
            {**options, "mode": mode, "align_corners": corners},
            (2, 3, *SIZES[:axes]),
        )


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 2), (9, 4), (1, 13)])
def test_antialiasing_agrees_with_torch(torch, mode, size):
    x = RNG.standard_normal((2, 3, 11, 9))
    found = []
    for lib in (engine, torch):
        a = lib.tensor(x, requires_grad=True)
        out = lib.nn.functional.interpolate(a, size=size, mode=mode, antialias=True)
        (out * out).sum().backward()
        found.append((out.detach().numpy(), a.grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_infinities_stay_where_they_are():
    x = engine.tensor([[[1.0, 2.0, 3.0, float("inf")]]])
    assert functional.interpolate(x, size=8, mode="linear")[0, 0, :5].isfinite().all()
    assert functional.adaptive_avg_pool1d(x, 3)[0, 0].isfinite().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("name", "args", "options", "shape"),
    [
        ("UpsamplingNearest2d", (), {"scale_factor": 2}, (2, 3, 4, 5)),
        ("UpsamplingBilinear2d", ((3, 7),), {}, (2, 3, 4, 5)),
        ("Unfold", ((2, 3),), {"dilation": 2, "padding": 1, "stride": 2}, (2, 3, 6, 7)),
        ("Unfold", (3,), {}, (3, 6, 7)),
        ("Fold", ((6, 7), (2, 3)), {"dilation": 2, "padding": 1, "stride": 2}, (2, 12, 9)),
        ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
        ("PixelUnshuffle", (3,), {}, (2, 2, 6, 9)),
        ("ChannelShuffle", (3,), {}, (2, 6, 3, 2)),
    ],
)
def test_layers_that_rearrange_images_agree_with_torch(torch, name, args, options, shape):
    beside.compare(torch, name, args, options, shape)


@pytest.mark.parametrize(
    ("axes", "mode", "padding_mode", "corners"),
    [
        choice
        for choice in itertools.product(
            (2, 3),
            ("bilinear", "nearest", "bicubic"),
            ("zeros", "border", "reflection"),
            (True, False),
        )
        if choice[:2] != (3, "bicubic")
    ],
)
def test_sampling_at_places_agrees_with_torch(torch, axes, mode, padding_mode, corners):
    x = RNG.standard_normal((2, 3, *SIZES[:axes]))
    grid = RNG.uniform(-2.5, 2.5, (*(2, 3, 4, 2)[: axes + 1], axes))
    found = []
    for lib in (engine, torch):
        a, b = (lib.tensor(v, requires_grad=True) for v in (x, grid))
        out = lib.nn.functional.grid_sample(a, b, mode, padding_mode, corners)
        (out * out).sum().backward()
        # the nearest element doesn't change with the place: our "none" is PyTorch's zeros
        moved = np.zeros(grid.shape) if b.grad is None else b.grad.numpy()
        found.append((out.detach().numpy(), a.grad.numpy(), moved))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize(("size", "theta"), [((2, 3, 4, 5), (2, 2, 3)), ((2, 3, 4, 2, 3), (2, 3, 4))])
def test_affine_grids_agree_with_torch(torch, corners, size, theta):
    values = RNG.standard_normal(theta)
    ours, theirs = (
        lib.nn.functional.affine_grid(lib.tensor(values), list(size), corners) for lib in (engine, torch)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: functional.pad(engine.zeros(1, 2, 4), (1, 2, 3)),
            "pad: [1, 2, 3] must give two numbers for each axis, the last axis first, for at most the 3 axes "
            "of input [1, 2, 4]",
        ),
        (
            lambda: functional.pad(engine.zeros(1, 2, 4), (4, 0), "reflect"),
            "pad: mode 'reflect' has 3 elements to lay before and after axis 2 of shape [1, 2, 4], fewer "
            "than 4",
        ),
        (
            lambda: functional.pad(engine.zeros(2, 4), (1, 1), "reflect", 2.0),
            "pad: value 2.0 goes with mode 'constant', not with 'reflect'",
        ),
        (
            lambda: nn.ZeroPad2d((1, 2)),  # type: ignore[arg-type]  # what is refused
            "ZeroPad2d: padding must be one integer, or 4: before and after each "
            "axis, the last axis first; not (1, 2)",
        ),
        (
            lambda: functional.interpolate(engine.zeros(1, 2, 4), size=3, mode="bilinear"),
            "interpolate: input [1, 2, 4] has 1 axis after [N, C]; mode 'bilinear' takes 2",
        ),
        (
            lambda: functional.interpolate(engine.zeros(1, 2, 4), size=3, scale_factor=2),
            "interpolate: give size or scale_factor, one of the two",
        ),
        (
            lambda: functional.interpolate(engine.zeros(1, 2, 4), scale_factor=0.1),
            "interpolate: input [1, 2, 4] would have the spatial axes [0]; all axes must have at least one "
            "element",
        ),
        (
            lambda: functional.interpolate(engine.zeros(1, 2, 4), size=3, align_corners=True),
            "interpolate: align_corners goes with linear and cubic modes, not with 'nearest'",
        ),
        (
            lambda: functional.fold(engine.zeros(1, 12, 7), (4, 5), (2, 2)),
            "fold: input [1, 12, 7] has 7 columns, and output_size [4, 5] with kernel_size [2, 2], stride "
            "[1, 1], padding [0, 0] and dilation [1, 1] has 3 x 4 = 12 windows",
        ),
        (
            lambda: functional.pixel_shuffle(engine.zeros(1, 6, 2, 2), 2),
            "pixel_shuffle: input [1, 6, 2, 2] has 6 channels, which upscale_factor 2 squared, 4, doesn't "
            "divide",
        ),
        (
            lambda: functional.grid_sample(engine.zeros(1, 2, 4, 4), engine.zeros(1, 3, 3, 3)),
            "grid_sample: input [1, 2, 4, 4] and grid [1, 3, 3, 3] don't fit: [N, C, H, W] goes with "
            "[N, H', W', 2], and [N, C, D, H, W] with [N, D', H', W', 3]",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_the_numbers(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == words
