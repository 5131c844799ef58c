"""Masking of bands in time and frequency (Park et al., SpecAugment, 2019)."""

from typing import Any

import numpy as np

from engine.audio.functional.masking import DRAWS, bands, check, masked
from engine.audio.transforms.module import as_tensor
from engine.data.transform import RandomTransform, Uniforms, split_draws, uniforms
from engine.errors import ShapeError
from engine.nn import Module
from engine.tensor import Tensor

MOST_MASKS = 100

__all__ = ["FrequencyMasking", "SpecAugment", "TimeMasking"]


class _Masking(Module, RandomTransform):
    draws = DRAWS
    axis: int
    name: str

    def __init__(self, mask_param: int, iid_masks: bool, p: float) -> None:
        super().__init__()
        self.mask_param = mask_param
        self.iid_masks = iid_masks
        self.p = p
        if mask_param < 0 or not 0 <= p <= 1:
            raise ShapeError(
                f"{self.name}: a mask of up to {mask_param} places and a share of {p}; "
                "they are at least 0, and within [0, 1]"
            )

    def forward(self, specgram: Tensor, mask_value: float = 0.0) -> Tensor:
        """Spectrograms [..., F, T]; with iid_masks each has a band of its own, else all the same."""
        check(specgram, self.mask_param, self.axis, self.p, self.name)
        is_own = self.iid_masks and specgram.ndim > 2
        flat = specgram.reshape(-1, *specgram.shape[-2:])
        u = uniforms(len(flat) if is_own else 1, self.draws)
        return self._masked(flat, u, mask_value).reshape(specgram.shape)

    def varied(self, samples: Any, u: Uniforms) -> Tensor:
        """Samples [N, ..., F, T], each with a band of its own."""
        specgrams = as_tensor(samples)
        check(specgrams, self.mask_param, self.axis, self.p, self.name)
        return self._masked(specgrams, u, 0.0)

    def still(self, samples: Any) -> Any:
        return as_tensor(samples)

    def _masked(self, specgrams: Tensor, u: Uniforms, mask_value: float) -> Tensor:
        mask = bands(u, specgrams.shape[self.axis], self.mask_param, self.p)
        return masked(specgrams, mask, mask_value, self.axis)


class TimeMasking(_Masking):
    """Silence a random stretch of a spectrogram [..., F, T]; during training only, if named in a job.

    time_mask_param: the stretch is shorter than so many frames
    iid_masks: every spectrogram of [..., F, T] has a stretch of its own, also if it is called directly
    p: no stretch is longer than this share of all frames
    """

    axis = -1
    name = "TimeMasking"

    def __init__(self, time_mask_param: int, iid_masks: bool = False, p: float = 1.0) -> None:
        super().__init__(time_mask_param, iid_masks, p)


class FrequencyMasking(_Masking):
    """Silence a random band of a spectrogram [..., F, T]; during training only, if named in a job.

    freq_mask_param: the band is narrower than so many bins
    iid_masks: every spectrogram of [..., F, T] has a band of its own, also if it is called directly
    """

    axis = -2
    name = "FrequencyMasking"

    def __init__(self, freq_mask_param: int, iid_masks: bool = False) -> None:
        super().__init__(freq_mask_param, iid_masks, 1.0)


class SpecAugment(Module, RandomTransform):
    """Several stretches of time and bands of frequency silenced; during training only, if named in a job.

    n_time_masks, n_freq_masks: how many of each
    time_mask_param, freq_mask_param: each is shorter than so many frames, or narrower than so many bins
    iid_masks: every spectrogram has its own, also if it is called directly
    p: no stretch is longer than this share of all frames
    zero_masking: set to 0 rather than to the mean of the spectrograms
    """

    def __init__(
        self,
        n_time_masks: int,
        time_mask_param: int,
        n_freq_masks: int,
        freq_mask_param: int,
        iid_masks: bool = True,
        p: float = 1.0,
        zero_masking: bool = False,
    ) -> None:
        super().__init__()
        if not all(0 <= count <= MOST_MASKS for count in (n_time_masks, n_freq_masks)):
            raise ShapeError(
                f"SpecAugment: {n_time_masks} and {n_freq_masks} masks; give 0 to {MOST_MASKS} of each"
            )
        self.n_time_masks = n_time_masks
        self.n_freq_masks = n_freq_masks
        self.iid_masks = iid_masks
        self.zero_masking = zero_masking
        self._time = TimeMasking(time_mask_param, iid_masks, p)
        self._frequency = FrequencyMasking(freq_mask_param, iid_masks)
        self.draws = DRAWS * (n_time_masks + n_freq_masks)

    def forward(self, specgram: Tensor) -> Tensor:
        """Spectrograms [..., F, T]."""
        is_own = self.iid_masks and specgram.ndim > 2
        flat = specgram.reshape(-1, *specgram.shape[-2:])
        value = 0.0 if self.zero_masking else float(specgram.detach().mean().item())
        u = uniforms(len(flat) if is_own else 1, self.draws)
        return self._masked(flat, u, value).reshape(specgram.shape)

    def varied(self, samples: Any, u: Uniforms) -> Tensor:
        """Samples [N, ..., F, T], each masked in its own way, with 0 or its own mean."""
        specgrams = as_tensor(samples)
        if self.zero_masking:
            return self._masked(specgrams, u, 0.0)
        mean = specgrams.mean(tuple(range(1, specgrams.ndim)), keepdim=True)
        return self._masked(specgrams, u, mean)

    def still(self, samples: Any) -> Any:
        return as_tensor(samples)

    def _masked(self, specgrams: Tensor, u: Uniforms, value: float | Tensor) -> Tensor:
        kinds = [self._time] * self.n_time_masks + [self._frequency] * self.n_freq_masks
        for kind, own in zip(kinds, split_draws(u, [DRAWS] * len(kinds)) if kinds else [], strict=True):
            mask = bands(np.asarray(own), specgrams.shape[kind.axis], kind.mask_param, kind.p)
            specgrams = masked(specgrams, mask, value, kind.axis)
        return specgrams
