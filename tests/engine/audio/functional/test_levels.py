"""Decibels, companding, emphasis."""

import numpy as np
import pytest

import engine
from engine.audio import functional
from engine.errors import DTypeError, EngineError

WAVE = [0.0, 1.0, -1.0, 0.5, 0.25, -0.75, 0.0, 1.0]


def test_decibels_are_there_and_back_again():
    power = engine.tensor(np.random.default_rng(0).random((2, 3, 4)), dtype=engine.float64)
    db = functional.amplitude_to_DB(power, 10.0, 1e-10, 0.3)
    np.testing.assert_allclose(db.numpy(), 10 * np.log10(power.numpy()) - 3)
    back = functional.DB_to_amplitude(db, 10**0.3, 1.0)
    np.testing.assert_allclose(back.numpy(), power.numpy())


def test_the_quietest_is_so_far_below_the_loudest_of_its_own_spectrogram():
    power = engine.tensor([[[[1.0, 1e-6]]], [[[1e-3, 1e-4]]]])
    db = functional.amplitude_to_DB(power, 10.0, 1e-10, 0.0, 20.0)
    np.testing.assert_allclose(db.numpy().ravel(), [0, -20, -30, -40], atol=1e-5)
    together = functional.amplitude_to_DB(power[:, 0], 10.0, 1e-10, 0.0, 20.0)
    np.testing.assert_allclose(together.numpy().ravel(), [0, -20, -20, -20], atol=1e-5)


def test_companding_gives_torchaudios_numbers_and_nearly_comes_back():
    wave = engine.tensor(WAVE)
    assert functional.mu_law_encoding(wave, 16).tolist() == [8, 15, 0, 13, 12, 1, 8, 15]
    coded = functional.mu_law_encoding(wave, 256)
    assert coded.dtype is engine.int64
    np.testing.assert_allclose(functional.mu_law_decoding(coded, 256).numpy(), WAVE, atol=0.02)
    with pytest.raises(DTypeError, match="a waveform of floats"):
        functional.mu_law_encoding(coded, 256)


def test_emphasis_is_undone():
    wave = engine.tensor(np.random.default_rng(1).random((2, 100)), dtype=engine.float64)
    emphasised = functional.preemphasis(wave, 0.9)
    np.testing.assert_allclose(emphasised[:, 1:].numpy(), (wave[:, 1:] - wave[:, :-1] * 0.9).numpy())
    np.testing.assert_allclose(functional.deemphasis(emphasised, 0.9).numpy(), wave.numpy())
    with pytest.raises(EngineError, match=r"at least 0 and below 1, not 1\.5"):
        functional.deemphasis(wave, 1.5)
