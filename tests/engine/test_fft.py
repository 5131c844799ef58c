"""Fourier transforms: what PyTorch's samples don't ask."""

import numpy as np
import pytest

import engine
from engine import fft
from engine.errors import DTypeError, ShapeError


def test_single_precision_stays_single():
    x = engine.ones(8)
    assert fft.rfft(x).dtype is fft.fft(x).dtype is engine.complex64
    assert fft.irfft(fft.rfft(x)).dtype is engine.float32
    assert fft.rfft(x.double()).dtype is engine.complex128


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [1, 5, 8])
def test_transforms_undo_each_other(norm, n):
    x = engine.randn(3, n, dtype=engine.float64)
    for there, back in ((fft.fft, fft.ifft), (fft.rfft, fft.irfft), (fft.ihfft, fft.hfft)):
        again = back(there(x, norm=norm), n, norm=norm)
        np.testing.assert_allclose(again.numpy(), x.numpy(), atol=1e-12)
    np.testing.assert_allclose(fft.irfftn(fft.rfftn(x), x.shape).numpy(), x.numpy(), atol=1e-12)


@pytest.mark.parametrize("n", [1, 4, 5])
def test_frequencies_agree_with_torch(torch, n):
    for name in ("fftfreq", "rfftfreq"):
        ours, theirs = getattr(fft, name)(n, 0.25), getattr(torch.fft, name)(n, 0.25)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: fft.rfft(x + 1j), "takes real numbers.*use fft"),
        (lambda x: fft.fft(x.bfloat16()), "single or double precision"),
        (lambda x: fft.fft(x, norm="unit"), "'ortho'"),
        (lambda x: fft.fft(x, 0), "at least 1"),
        (lambda x: fft.irfft(x[:, :1]), "at least 1"),
        (lambda x: fft.fftn(x, dim=(0, 0)), "twice"),
        (lambda x: fft.fftn(x, (4, 4, 4)), "3 lengths"),
        (lambda x: fft.rfftn(x, dim=()), "at least one axis"),
        (lambda x: fft.fftfreq(0), "at least 1"),
    ],
)
def test_what_cannot_be_transformed_says_why(call, message):
    with pytest.raises((DTypeError, ShapeError), match=message):
        call(engine.ones(2, 4))


def test_shapes_are_known_without_values():
    x = engine.zeros(2, 6, device="meta")
    assert fft.rfft(x).shape == (2, 4)
    assert fft.rfft(x).dtype is engine.complex64
    assert fft.irfft(fft.rfft(x), 7).shape == (2, 7)
    assert fft.fftshift(fft.fft2(x)).shape == (2, 6)
