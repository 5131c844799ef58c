"""Convolutions against PyTorch's, and what they say where something doesn't fit."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, ShapeError
from engine.nn import functional
from tests.engine.nn import beside

SIZES = (8, 9, 7)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "bias": False},
        {"padding": "same", "dilation": 2, "groups": 2},
        {"padding": "valid"},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": "same", "padding_mode": "circular"},
        {"padding": 2, "padding_mode": "replicate", "stride": 3},
    ],
    ids=str,
)
def test_convolutions_agree_with_torch(torch, axes, options, batched):
    shape = (2, 4, *SIZES[:axes]) if batched else (4, *SIZES[:axes])
    beside.compare(torch, f"Conv{axes}d", (4, 6, 3), options, shape)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"dilation": 2, "groups": 2, "bias": False},
        # more than the stride could have left out
        {"dilation": 3, "output_padding": 2, "padding": 1},
    ],
    ids=str,
)
def test_transposed_convolutions_agree_with_torch(torch, axes, options):
    beside.compare(torch, f"ConvTranspose{axes}d", (4, 6, 3), options, (2, 4, *SIZES[:axes]))


# PyTorch warns that it copies the input
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_a_kernel_of_even_size_keeps_the_size_as_torchs_does(torch):
    beside.compare(torch, "Conv2d", (2, 3, (4, 2)), {"padding": "same"}, (2, 2, 5, 6))


def test_a_transposed_convolution_comes_to_the_size_that_is_asked_for(torch):
    ours, theirs = (lib.nn.ConvTranspose2d(2, 3, 3, stride=2) for lib in (engine, torch))
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 2, 5, 5)).astype(np.float32)
    for size in ([11, 12], [2, 3, 12, 11]):
        expected = theirs(torch.tensor(x), output_size=size).detach()
        np.testing.assert_allclose(ours(engine.tensor(x), size).detach(), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(
        ShapeError, match=r"output_size \[13, 11\] can't be reached .* from \[11, 11\] to \[12"
    ):
        ours(engine.tensor(x), [13, 11])


def test_convolutions_start_as_torchs_do(torch):
    for name in ("Conv2d", "ConvTranspose2d"):
        layer, other = (getattr(lib.nn, name)(16, 64, 3) for lib in (engine, torch))
        for p, q in zip(layer.parameters(), other.parameters(), strict=True):
            assert p.abs().max().item() == pytest.approx(q.abs().max().item(), rel=0.1)
        assert layer.weight.std().item() == pytest.approx(other.weight.std().item(), rel=0.05)


@pytest.mark.parametrize(
    ("shape", "weight", "options"),
    [
        # larger than a block of columns, by rows of one image and by several images
        ((2, 16, 80, 60), (8, 16, 3, 3), {"padding": 1}),
        ((9, 8, 21, 22), (4, 4, 5, 3), {"stride": 2, "groups": 2}),
        ((1, 3, 30000), (5, 3, 9), {"padding": 4, "stride": 3}),
        ((3, 32, 30, 30), (32, 1, 3, 3), {"padding": 1, "groups": 32}),
        ((2, 4, 12, 30, 30), (4, 4, 3, 3, 3), {"padding": 1, "dilation": (1, 2, 1)}),
    ],
)
def test_large_convolutions_are_cut_into_blocks_that_fit_together(torch, shape, weight, options):
    rng = np.random.default_rng(1)
    arrays = rng.standard_normal(shape), rng.standard_normal(weight)
    found = []
    for lib in (engine, torch):
        x, w = (lib.tensor(a, requires_grad=True) for a in arrays)
        y = getattr(lib.nn.functional, f"conv{len(shape) - 2}d")(x, w, **options)
        (y * y).sum().backward()
        found.append((y.detach().numpy(), x.grad.numpy(), w.grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.abs(b).max())


def test_single_precision_stays_single():
    x, layer = engine.ones(2, 3, 8, 8), nn.Conv2d(3, 4, 3)
    out = layer(x)
    out.sum().backward()
    assert out.dtype is layer.weight.grad.dtype is engine.float32


def test_complex_signals_have_the_gradients_of_torch(torch):
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal((2, 3, 6)) + 1j * rng.standard_normal((2, 3, 6)) for _ in range(2)]
    found = []
    for lib in (engine, torch):
        x, w = (lib.tensor(a, requires_grad=True) for a in arrays)
        y = lib.nn.functional.conv1d(x, w, padding=2)
        ((y * y.conj()).real.sum() + y.imag.sum()).backward()
        found.append((y.detach().numpy(), x.grad.resolve_conj().numpy(), w.grad.resolve_conj().numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_autocast_convolves_in_half_precision_both_ways():
    x = engine.randn(1, 2, 5, 5)
    with engine.autocast("cpu", dtype=engine.bfloat16):
        down = nn.Conv2d(4, 2, 1)(nn.Conv2d(2, 4, 3)(x))
        up = nn.ConvTranspose2d(2, 4, 3)(down)
    assert down.dtype is up.dtype is engine.bfloat16
    up.sum().backward()


def test_no_samples_give_no_results():
    layer = nn.Conv2d(3, 4, 3)
    out = layer(engine.zeros(0, 3, 8, 8))
    assert out.shape == (0, 4, 6, 6)
    out.sum().backward()
    assert not layer.weight.grad.any()


def _conv(x, w, **options):
    return lambda: functional.conv2d(engine.zeros(*x), engine.zeros(*w), **options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            _conv((8, 1, 28, 28), (32, 3, 3, 3)),
            "conv2d: input [8, 1, 28, 28] has 1 channel, weight [32, 3, 3, 3] with groups 1 takes 3",
        ),
        (
            _conv((8, 28, 28), (32, 1, 3, 3)),
            "conv2d: input [8, 28, 28] counts as one sample of 8 channels without a batch axis, weight "
            "[32, 1, 3, 3] with groups 1 takes 1; for a batch of samples of one channel, give x.unsqueeze(1)",
        ),
        (
            _conv((28, 28), (32, 1, 3, 3)),
            "conv2d: input [28, 28] has 2 axes; it takes [N, C, H, W], or [C, H, W] for one sample without a "
            "batch axis; x.unsqueeze(0) gives it one channel",
        ),
        (
            _conv((8, 1, 3, 28), (32, 1, 5, 5), padding=(0, 1)),
            "conv2d: kernel [5, 5] is larger than the input [8, 1, 3, 28]: axis 2 has 3 elements, with "
            "padding 3; take a smaller kernel or more padding",
        ),
        (
            _conv((8, 1, 8, 8), (32, 1, 3, 3), dilation=5),
            "conv2d: kernel [3, 3] (with dilation 5 it spans 11) is larger than the input [8, 1, 8, 8]: axis "
            "2 has 8 elements, with padding 8; take a smaller kernel or more padding",
        ),
        (
            _conv((8, 1, 8, 8), (32, 1, 3)),
            "conv2d: weight [32, 1, 3] has 3 axes; it must be [O, C / groups, H, W]",
        ),
        (
            _conv((8, 4, 8, 8), (3, 2, 3, 3), groups=2),
            "conv2d: weight [3, 2, 3, 3] has 3 filters, which 2 groups don't divide evenly",
        ),
        (
            _conv((8, 4, 8, 8), (3, 4, 3, 3), stride=(1, 2, 3)),
            "conv2d: stride must be an integer, or 2 of them, one for each of the axes H, W, not (1, 2, 3)",
        ),
        (_conv((8, 4, 8, 8), (3, 4, 3, 3), padding=-1), "conv2d: padding must be at least 0, not -1"),
        (
            _conv((8, 4, 8, 8), (3, 4, 3, 3), padding="same", stride=2),
            "conv2d: padding 'same' keeps the size, which a stride of (2, 2) doesn't; give it as numbers",
        ),
        (
            _conv((8, 4, 8, 8), (3, 4, 3, 3), padding="full"),
            "conv2d: padding must be a number, 'same' or 'valid', not 'full'",
        ),
        (
            lambda: nn.Conv2d(3, 32, 3, groups=2),
            "Conv2d: in_channels 3 isn't divisible into 2 groups",
        ),
        (
            lambda: nn.Conv1d(3, 32, 0),
            "Conv1d: kernel_size must be at least 1, not 0",
        ),
        (
            lambda: nn.Conv1d(3, 32, 3, padding_mode="mirror"),  # type: ignore[arg-type]  # what is refused
            "Conv1d: padding_mode must be one of zeros, reflect, replicate, circular, not 'mirror'",
        ),
        (
            lambda: nn.ConvTranspose2d(3, 2, 3)(engine.zeros(1, 2, 4, 4)),
            "conv_transpose2d: input [1, 2, 4, 4] has 2 channels, weight [3, 2, 3, 3] takes 3: a transposed "
            "convolution's weight is [in, out / groups, ...]",
        ),
        (
            lambda: nn.ConvTranspose2d(2, 2, 1, padding=2)(engine.zeros(1, 2, 4, 4)),
            "conv_transpose2d: padding [2, 2] leaves nothing of the result of input [1, 2, 4, 4] and weight "
            "[2, 2, 1, 1]: its axes would be [0, 0]",
        ),
        (
            lambda: nn.ConvTranspose1d(2, 2, 3, output_padding=1)(engine.zeros(1, 2, 4)),
            "conv_transpose1d: output_padding (1,) must be smaller than the stride (1,) or the dilation (1,)",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_the_layers_numbers(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == words


def test_a_bias_of_the_wrong_size_and_a_mixture_of_dtypes_are_refused():
    x, w = engine.zeros(1, 2, 5), engine.zeros(4, 2, 3)
    for wrong in (1, 3):
        with pytest.raises(ShapeError, match=rf"bias \[{wrong}\] must have one element for each of the 4 "):
            functional.conv1d(x, w, engine.zeros(wrong))
    with pytest.raises(ShapeError, match=r"bias \[3\] must have one element for each of the 2 channels"):
        functional.conv_transpose1d(engine.zeros(1, 4, 5), w, engine.zeros(3))
    with pytest.raises(DTypeError, match=r"input is engine\.float64 and the weight engine\.float32"):
        functional.conv1d(x.double(), w)
