"""Pools against PyTorch's, and what they say where something doesn't fit."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.nn import functional
from tests.engine.nn import beside

SIZES = (8, 9, 7)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("MaxPool", (2,), {}),
        ("MaxPool", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}),
        ("MaxPool", (2,), {"stride": 1, "dilation": 2}),
        ("AvgPool", (3,), {"stride": 2, "padding": 1, "ceil_mode": True}),
        ("AvgPool", (3,), {"padding": 1, "count_include_pad": False}),
        ("LPPool", (2, 3), {"stride": 2}),
        ("AdaptiveAvgPool", (1,), {}),
        ("AdaptiveAvgPool", (4,), {}),
        ("AdaptiveMaxPool", (3,), {}),
    ],
    ids=str,
)
def test_pools_agree_with_torch(torch, name, args, options, axes, batched):
    # PyTorch's lp_pool3d takes no single sample
    batched = batched or (name, axes) == ("LPPool", 3)
    shape = (2, 3, *SIZES[:axes]) if batched else (3, *SIZES[:axes])
    beside.compare(torch, f"{name}{axes}d", args, options, shape)


def test_adaptive_pools_keep_axes_and_divide_evenly_as_torchs_do(torch):
    for name in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
        for size in ((None, 2), (2, None), (4, 3), (12, 5)):
            beside.compare(torch, name, (size,), {}, (2, 3, 8, 9))


def test_the_divisor_of_means_can_be_given(torch):
    beside.compare(torch, "AvgPool2d", (3,), {"divisor_override": 2}, (2, 3, 8, 9))
    with pytest.raises(ShapeError, match="divisor_override can't be 0"):
        nn.AvgPool2d(3, divisor_override=0)(engine.zeros(1, 1, 4, 4))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unpooling_puts_maxima_where_they_were(torch, axes):
    x = np.random.default_rng(0).standard_normal((2, 3, *SIZES[:axes]))
    found = []
    for lib in (engine, torch):
        pool = getattr(lib.nn, f"MaxPool{axes}d")(3, stride=2, return_indices=True)
        unpool = getattr(lib.nn, f"MaxUnpool{axes}d")(3, stride=2)
        a = lib.tensor(x, requires_grad=True)
        values, indices = pool(a)
        back = unpool(values, indices, output_size=x.shape)
        (back * back).sum().backward()
        found.append((values.detach().numpy(), indices.numpy(), back.detach().numpy(), a.grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("axes", [2, 3])
def test_fractional_pools_with_the_same_numbers_agree_with_torch(torch, axes):
    x = np.random.default_rng(0).standard_normal((2, 3, *SIZES[:axes])).astype(np.float32)
    samples = np.random.default_rng(1).random((2, 3, axes)).astype(np.float32)
    found = []
    for lib in (engine, torch):
        pool = getattr(lib.nn, f"FractionalMaxPool{axes}d")(
            2, output_ratio=0.5, return_indices=True, _random_samples=lib.tensor(samples)
        )
        values, indices = pool(lib.tensor(x))
        found.append((values.numpy(), indices.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_fractional_pools_draw_windows_from_the_seed():
    x = engine.randn(1, 1, 40, 40)

    def pooled(seed):
        engine.manual_seed(seed)
        return nn.FractionalMaxPool2d(2, output_size=23)(x)

    assert pooled(1).shape == (1, 1, 23, 23)
    assert engine.equal(pooled(1), pooled(1))
    assert not engine.equal(pooled(1), pooled(2))


def test_a_pool_of_many_images_is_done_in_blocks(torch):
    x = np.random.default_rng(0).standard_normal((70, 5, 30, 31)).astype(np.float32)
    found = []
    for lib in (engine, torch):
        a = lib.tensor(x, requires_grad=True)
        out = lib.nn.functional.max_pool2d(a, 3, 2, 1)
        mean = lib.nn.functional.avg_pool2d(a, 2)
        ((out * out).sum() + (mean * mean).sum()).backward()
        found.append((out.detach().numpy(), mean.detach().numpy(), a.grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: nn.MaxPool2d(5)(engine.zeros(2, 3, 4, 9)),
            "max_pool2d: kernel [5, 5] is larger than the input [2, 3, 4, 9]: axis 2 has 4 elements, with "
            "padding 4; take a smaller kernel or more padding",
        ),
        (
            lambda: nn.AvgPool1d(3, padding=2)(engine.zeros(2, 3, 4)),
            "avg_pool1d: padding [2] is more than half of the window, kernel_size [3], so that some windows "
            "would hold nothing else",
        ),
        (
            lambda: nn.MaxPool1d(2)(engine.zeros(4)),
            "max_pool1d: input [4] has 1 axis; it takes [N, C, L], or [C, L] for one sample without a batch "
            "axis; x.unsqueeze(0) gives it one channel",
        ),
        (
            lambda: nn.AdaptiveAvgPool2d((2, 0))(engine.zeros(1, 2, 4, 4)),
            "adaptive_avg_pool2d: output_size must be a positive number, or 2 of them for the axes H, W of a "
            "tensor without empty axes; given (2, 0) for input [1, 2, 4, 4]",
        ),
        (
            lambda: nn.FractionalMaxPool2d(3, output_size=3)(engine.zeros(1, 2, 4, 4)),
            "fractional_max_pool2d: input [1, 2, 4, 4] hasn't room for [3, 3] windows of [3, 3] that begin "
            "at different places",
        ),
        (
            lambda: nn.FractionalMaxPool2d(3),
            "FractionalMaxPool2d: give output_size or output_ratio, one of the two",
        ),
        (
            lambda: functional.max_unpool1d(
                engine.zeros(1, 1, 2), engine.zeros(1, 1, 2, dtype=engine.int64), 2, output_size=[9]
            ),
            "max_unpool1d: output_size [9] must be less than a stride [2] away from [4], to which input "
            "[1, 1, 2] with kernel_size [2] comes",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_the_layers_numbers(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == words


def test_means_of_integers_and_places_outside_are_refused():
    with pytest.raises(DTypeError, match="avg_pool2d needs a floating-point tensor, not engine"):
        functional.avg_pool2d(engine.zeros(1, 1, 4, 4, dtype=engine.int64), 2)
    with pytest.raises(IndexError_, match=r"indices must be in \[0, 4\)"):
        functional.max_unpool1d(engine.zeros(1, 1, 2), engine.tensor([[[0, 4]]]), 2)


def test_an_adaptive_pool_of_no_images_has_a_gradient(torch):
    for lib in (engine, torch):
        x = lib.zeros(0, 4, 5, requires_grad=True)
        y = lib.nn.AdaptiveMaxPool1d(2)(x)
        y.sum().backward()
        assert (tuple(y.shape), tuple(x.grad.shape)) == ((0, 4, 2), (0, 4, 5))
