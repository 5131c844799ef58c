"""Short-time Fourier transforms and windows."""

from typing import Any

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, EngineError, ShapeError

OPTIONS: list[dict[str, Any]] = [
    {"n_fft": 16},
    {"n_fft": 16, "hop_length": 3, "win_length": 12},
    {"n_fft": 15, "hop_length": 5, "normalized": True},
    {"n_fft": 16, "center": True, "pad_mode": "constant"},
    {"n_fft": 16, "pad_mode": "replicate"},
    {"n_fft": 16, "pad_mode": "circular"},
    {"n_fft": 16, "center": False},
    {"n_fft": 16, "win_length": 8, "center": False, "align_to_window": True},
    {"n_fft": 16, "onesided": False},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("batch", [(), (2,)])
def test_stft_and_its_gradient_agree_with_torch(torch, options, batch):
    values = np.random.default_rng(0).standard_normal((*batch, 60))
    x, y = engine.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    width = options.get("win_length", options["n_fft"])
    ours = engine.stft(
        x, window=engine.hann_window(width, dtype=engine.float64), return_complex=True, **options
    )
    theirs = torch.stft(
        y, window=torch.hann_window(width, dtype=torch.float64), return_complex=True, **options
    )
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-12)
    (ours.abs() ** 2).sum().backward()
    (theirs.abs() ** 2).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), atol=1e-10)


@pytest.mark.parametrize("options", [o for o in OPTIONS if o.get("center", True)])
@pytest.mark.parametrize("length", [None, 57, 70])
def test_istft_undoes_stft(options, length):
    if length == 70 and "win_length" in options:
        length = None  # beyond the last window there is nothing to tell, which is an error in PyTorch too
    options = {k: v for k, v in options.items() if k != "pad_mode"}
    x = engine.randn(2, 60, dtype=engine.float64)
    width = options.get("win_length", options["n_fft"])
    window = engine.hamming_window(width, dtype=engine.float64)
    again = engine.istft(
        engine.stft(x, window=window, return_complex=True, **options), window=window, length=length, **options
    )
    known = min(60, again.shape[1]) if length is None else min(57, length)
    np.testing.assert_allclose(again.numpy()[:, :known], x.numpy()[:, :known], atol=1e-12)
    if length is not None:
        assert again.shape == (2, length)


def test_pairs_of_numbers_instead_of_complex_ones():
    x = engine.randn(40)
    pairs = engine.stft(x, 8, return_complex=False)
    assert pairs.shape == (5, 21, 2)
    np.testing.assert_array_equal(
        engine.view_as_complex(pairs).numpy(), engine.stft(x, 8, return_complex=True).numpy()
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: engine.stft(x, 8), "needs return_complex"),
        (lambda x: engine.stft(x, 8, 0, return_complex=True), "must be positive"),
        (lambda x: engine.stft(x, 8, win_length=9, return_complex=True), "win_length no more"),
        (lambda x: engine.stft(x, 8, window=engine.ones(7), return_complex=True), r"\(8,\), win_length"),
        (lambda x: engine.stft(x[:3], 8, return_complex=True), "can't be reflected"),
        (lambda x: engine.stft(x[:3], 8, center=False, return_complex=True), "no frame"),
        (lambda x: engine.stft(x, 8, pad_mode="zeros", return_complex=True), "pad_mode"),
        (lambda x: engine.stft(x + 0j, 8, onesided=True), "onesided"),
        (lambda x: engine.stft(x.long(), 8, return_complex=True), "floating-point"),
        (lambda x: engine.istft(x, 8), "takes complex"),
        (lambda x: engine.istft(engine.ones(4, 3) + 0j, 8), "has 5 frequencies|has 4"),
        (lambda x: engine.istft(engine.ones(5, 3) + 0j, 8, return_complex=True), "return_complex=False"),
        (
            lambda x: engine.istft(engine.ones(5, 3) + 0j, 8, hop_length=8, window=engine.hann_window(8)),
            "add up",
        ),
    ],
)
def test_what_cannot_be_done_says_why(call, message):
    with pytest.raises((DTypeError, ShapeError, EngineError), match=message):
        call(engine.randn(40))


def test_shapes_are_known_without_values():
    spectra = engine.stft(engine.zeros(2, 64, device="meta"), 16, return_complex=True)
    assert (spectra.shape, spectra.dtype) == ((2, 9, 17), engine.complex64)
    assert engine.istft(spectra, 16).shape == (2, 64)


@pytest.mark.parametrize("length", [0, 1, 2, 7])
@pytest.mark.parametrize("periodic", [True, False])
def test_windows_beside_the_transform_agree_with_torch(torch, length, periodic):
    for name, more in (
        ("hann", ()),
        ("hamming", (0.6, 0.3)),
        ("blackman", ()),
        ("bartlett", ()),
        ("kaiser", (5.0,)),
    ):
        ours = getattr(engine, f"{name}_window")(length, periodic, *more, dtype=engine.float64)
        theirs = getattr(torch, f"{name}_window")(length, periodic, *more, dtype=torch.float64)
        # PyTorch's kaiser_window computes in float32 whatever it is asked for
        tolerance = 1e-6 if name == "kaiser" else 1e-12
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.hann(-1), "M >= 0"),
        (lambda w: w.hann(4, dtype=engine.int64), "float32 or float64"),
        (lambda w: w.gaussian(4, std=0), "std must be positive"),
        (lambda w: w.exponential(4, tau=0), "tau must be positive"),
        (lambda w: w.exponential(4, center=1), "sym=False"),
        (lambda w: w.kaiser(4, beta=-1), "must not be negative"),
        (lambda w: w.general_cosine(4, a=()), "at least one"),
    ],
)
def test_windows_that_cannot_be_say_why(call, message):
    with pytest.raises((DTypeError, ShapeError), match=message):
        call(engine.signal.windows)
