"""Spectrograms and what is made of them, against torchaudio 2.11's numbers for one chirp."""

import math

import numpy as np
import pytest

import engine
from engine.audio import functional, transforms
from engine.errors import DTypeError, EngineError, ShapeError

CHIRP = engine.tensor(np.sin(0.05 * np.arange(64) ** 1.5).astype(np.float32))
FRAMES: dict = {"n_fft": 16, "hop_length": 24}

# the second frame
EXPECTED = {
    "power": (
        transforms.Spectrogram(**FRAMES),
        [2.983139, 15.98036, 3.281513, 0.005074912, 0.0002440815, 3.587242e-05, 7.547916e-06],
    ),
    "by window": (
        transforms.Spectrogram(power=1.0, normalized=True, win_length=12, pad=3, **FRAMES),
        [2.113136, 1.715931, 0.8484454, 0.1701421, 0.03049752, 0.003800054, 0.004515918],
    ),
    "by length": (
        transforms.Spectrogram(power=1.0, normalized="frame_length", center=False, **FRAMES),
        [0.3318019, 1.011832, 0.5566742, 0.02228717, 0.004622831, 0.001745017, 0.0008022735],
    ),
    "mel, slaney": (
        transforms.MelSpectrogram(8000, n_mels=5, norm="slaney", mel_scale="slaney", **FRAMES),
        [0.02945989, 0.01496927, 0.003461238, 3.800667e-06, 8.476006e-08],
    ),
    "mel, htk": (
        transforms.MelSpectrogram(8000, n_mels=3, f_min=100.0, f_max=3500.0, **FRAMES),
        [16.25593, 2.582875, 0.002230332],
    ),
    "cepstra": (
        transforms.MFCC(8000, 3, melkwargs={"n_mels": 4, **FRAMES}),
        [-9.106772, 33.38765, -18.05608],
    ),
    "cepstra of logs": (
        transforms.MFCC(8000, 3, norm=None, log_mels=True, melkwargs={"n_mels": 4, **FRAMES}),
        [-8.37719, 21.73469, -11.75198],
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_torchaudios_numbers(name):
    transform, expected = EXPECTED[name]
    out = transform(CHIRP)[:, 1].numpy()
    np.testing.assert_allclose(out[: len(expected)], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", EXPECTED)
def test_waveforms_of_a_batch_are_told_apart(name):
    transform, _ = EXPECTED[name]
    waves = engine.stack([CHIRP, CHIRP * 0.01])
    batch = transform.batch(waves.numpy())
    for k in range(2):
        np.testing.assert_allclose(batch[k].numpy(), transform(waves[k]).numpy(), rtol=1e-5, atol=1e-6)
    assert transform.batch(waves[:0]).shape == (0, *batch.shape[1:])


@pytest.mark.parametrize("normalized", [False, True, "frame_length"])
def test_a_waveform_comes_back(normalized):
    options: dict = {"n_fft": 16, "hop_length": 4, "pad": 5, "normalized": normalized}
    waves = engine.tensor(np.random.default_rng(0).random((2, 3, 70)), dtype=engine.float64)
    spec = transforms.Spectrogram(power=None, **options)(waves)
    assert (spec.shape, spec.dtype) == ((2, 3, 9, 21), engine.complex128)
    back = transforms.InverseSpectrogram(**options).double()(spec, 70)
    np.testing.assert_allclose(back.numpy(), waves.numpy(), atol=1e-6)
    with pytest.raises(DTypeError, match="takes a complex spectrogram"):
        transforms.InverseSpectrogram(**options)(spec.abs())


def test_power_lies_in_the_tones_own_band():
    tone = engine.tensor(np.sin(2 * math.pi * 1000 * np.arange(4000) / 8000).astype(np.float32))
    spec = transforms.Spectrogram(n_fft=400)(tone)
    assert set(spec.numpy()[:, 2:-2].argmax(axis=0)) == {50}  # 1000 Hz in steps of 20 Hz


def test_gradients_reach_the_waveform():
    wave = CHIRP.double().requires_grad_()
    mel = transforms.MelSpectrogram(8000, n_mels=5, **FRAMES)
    mel(wave).sum().backward()
    step, direction = 1e-6, np.cos(np.arange(64.0))
    there, back = (
        mel(wave.detach() + engine.tensor(direction * s, dtype=engine.float64)).sum() for s in (step, -step)
    )
    assert (wave.grad.numpy() * direction).sum() == pytest.approx(
        (there - back).item() / (2 * step), rel=1e-5
    )


def test_decibels_slopes_and_tempos_have_torchaudios_numbers():
    squares = engine.arange(12).float().reshape(1, 2, 6) ** 2
    db = transforms.AmplitudeToDB("magnitude", 30.0)(squares)
    expected = [11.65571, 11.65571, 12.0412, 19.08485, 24.0824, 27.9588, 31.12605, 33.80392, 36.1236, 38.1697]
    np.testing.assert_allclose(db.numpy().ravel()[:10], expected, rtol=1e-5)
    slopes = transforms.ComputeDeltas()(squares)
    expected = [0.9, 2.2, 4.0, 6.0, 5.8, 4.1, 6.9, 11.8, 16.0, 18.0, 15.4, 10.1]
    np.testing.assert_allclose(slopes.numpy().ravel(), expected, rtol=1e-5)
    spec = transforms.Spectrogram(16, power=None)(CHIRP)
    faster = transforms.TimeStretch(8, 9, 1.5)(spec)[2]
    expected = [0.7610793, 1.040763, 1.811495, 2.411963, 2.963739, 2.135212]
    np.testing.assert_allclose(faster.abs().numpy(), expected, rtol=1e-5)
    turns = np.exp(1j * np.array([-3.141593, -0.6998871, 1.583179, -1.522882, 2.087318, 0.1124351]))
    np.testing.assert_allclose(faster.numpy() / np.abs(faster.numpy()), turns, atol=1e-4)
    with pytest.raises(EngineError, match="give fixed_rate"):
        transforms.TimeStretch(8, 9)(spec)


def test_a_bank_for_another_spectrogram_says_so():
    with pytest.raises(ShapeError, match=r"made for 201 frequencies \(n_stft\)"):
        transforms.MelScale()(engine.zeros(100, 5))
    with pytest.raises(ShapeError, match="40 coefficients can't be had from 23"):
        transforms.MFCC(melkwargs={"n_mels": 23})
    with pytest.raises(ShapeError, match="win_length 500 1 to n_fft"):
        transforms.Spectrogram(win_length=500)
    with pytest.raises(EngineError, match="power=None gives the complex STFT"):
        functional.spectrogram(CHIRP, 0, engine.ones(16), 16, 8, 16, 2.0, False, return_complex=True)


def test_states_have_torchaudios_keys():
    assert list(transforms.MFCC(8000).state_dict()) == [
        "dct_mat",
        "MelSpectrogram.spectrogram.window",
        "MelSpectrogram.mel_scale.fb",
    ]
