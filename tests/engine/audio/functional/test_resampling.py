"""Other sample rates."""

import numpy as np
import pytest

import engine
from engine.audio import functional
from engine.audio.transforms import Resample
from engine.errors import DTypeError, EngineError

WAVE = [0.0, 1.0, -1.0, 0.5, 0.25, -0.75, 0.0, 1.0]
# from torchaudio 2.11
DOWN = [
    *(0.4194003641605377, -0.07640940696001053, 0.1399892121553421, -0.21792513132095337),
    *(-0.029051780700683594, 0.6536787748336792),
]
UP_KAISER = [
    *(0.013406855054199696, 0.9629038572311401, 0.38118210434913635, -0.9799280166625977),
    *(-0.14271444082260132, 0.7471928000450134, 0.2530374526977539, -0.5485426187515259),
    *(-0.7100072503089905, 0.0020192405208945274, 0.8818032741546631, 0.7747450470924377),
]


def test_torchaudios_numbers():
    wave = engine.tensor(WAVE)
    np.testing.assert_allclose(functional.resample(wave, 3, 2).numpy(), DOWN, atol=1e-6)
    up = functional.resample(wave, 200, 300, resampling_method="sinc_interp_kaiser")
    np.testing.assert_allclose(up.numpy(), UP_KAISER, atol=1e-6)


@pytest.mark.parametrize(("orig", "new"), [(8000, 16000), (16000, 8000), (44100, 16000), (8000, 11025)])
def test_a_tone_is_the_same_tone_at_the_other_rate(orig, new):
    def tone(rate):
        return np.sin(2 * np.pi * 440 * np.arange(rate // 10) / rate)

    out = functional.resample(engine.tensor(tone(orig), dtype=engine.float64), orig, new, 64)
    assert out.shape == (-(-(orig // 10) * new // orig),)
    middle = slice(len(out) // 4, 3 * len(out) // 4)
    np.testing.assert_allclose(out.numpy()[middle], tone(new)[: len(out)][middle], atol=2e-3)


def test_channels_and_batches_are_resampled_alone_and_gradients_pass():
    waves = engine.tensor(
        np.random.default_rng(0).random((2, 3, 50)), dtype=engine.float64, requires_grad=True
    )
    out = Resample(3, 5)(waves)
    assert out.shape == (2, 3, 84)
    np.testing.assert_allclose(
        out[1, 2].detach().numpy(), functional.resample(waves[1, 2], 3, 5).detach().numpy(), atol=1e-12
    )
    # the map is linear, so its gradient times its input is its output
    weight = engine.tensor(np.random.default_rng(1).random(out.shape), dtype=engine.float64)
    (out * weight).sum().backward()
    assert (waves.grad * waves).sum().item() == pytest.approx((out * weight).sum().item())


def test_the_same_rate_changes_nothing():
    wave = engine.tensor(WAVE)
    assert functional.resample(wave, 8000, 8000) is wave
    with pytest.raises(EngineError, match="positive whole numbers, not 0 and 8000"):
        functional.resample(wave, 0, 8000)
    with pytest.raises(DTypeError, match="floating-point waveform"):
        functional.resample(engine.tensor([1, 2]), 2, 1)
