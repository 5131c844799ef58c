"""What could be asked for in a few letters and would fill the memory is refused first."""

import pytest

from engine.audio import transforms
from engine.errors import EngineError

HUGE = 1 << 40


@pytest.mark.parametrize(
    "make",
    [
        lambda: transforms.MelScale(n_mels=HUGE),
        lambda: transforms.MelScale(n_stft=HUGE),
        lambda: transforms.Spectrogram(n_fft=HUGE),
        lambda: transforms.Spectrogram(pad=HUGE),
        lambda: transforms.InverseSpectrogram(n_fft=HUGE),
        lambda: transforms.MelSpectrogram(n_fft=HUGE),
        lambda: transforms.TimeStretch(n_freq=HUGE),
        lambda: transforms.SpecAugment(HUGE, 1, 1, 1),
        lambda: transforms.Resample(16000, 15999),
        lambda: transforms.Resample(2, 1, lowpass_filter_width=HUGE),
        lambda: transforms.ComputeDeltas(HUGE),
    ],
)
def test_it_is_refused_when_it_is_made(make):
    with pytest.raises(EngineError):
        make()
