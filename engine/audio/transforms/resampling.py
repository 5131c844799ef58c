"""From one sample rate to another."""

from engine.audio.functional.resampling import Method, check_rates, resample
from engine.audio.transforms.module import AudioTransform
from engine.tensor import Tensor

__all__ = ["Resample"]


class Resample(AudioTransform):
    """A waveform [..., T] at another sample rate, [..., ceil(T new_freq / orig_freq)].

    orig_freq, new_freq: the two rates, in Hz
    resampling_method: the window of the sinc
    lowpass_filter_width: zero crossings of the sinc on each side; more is sharper and slower
    rolloff: the cut-off frequency as a share of the lower rate's half
    beta: of the Kaiser window
    """

    def __init__(
        self,
        orig_freq: int = 16000,
        new_freq: int = 16000,
        resampling_method: Method = "sinc_interp_hann",
        lowpass_filter_width: int = 6,
        rolloff: float = 0.99,
        beta: float | None = None,
    ) -> None:
        super().__init__()
        self.orig_freq = orig_freq
        self.new_freq = new_freq
        self.resampling_method = resampling_method
        self.lowpass_filter_width = lowpass_filter_width
        self.rolloff = rolloff
        self.beta = beta
        check_rates(orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta)

    def forward(self, waveform: Tensor) -> Tensor:
        return resample(
            waveform,
            self.orig_freq,
            self.new_freq,
            self.lowpass_filter_width,
            self.rolloff,
            self.resampling_method,
            self.beta,
        )
