"""Resampling by band-limited interpolation (J. O. Smith, Digital audio resampling home page, 2002)."""

import math
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import DTypeError, EngineError, ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy, new_zeros
from engine.tensor.shapes import cat

__all__ = ["resample"]

Method = Literal["sinc_interp_hann", "sinc_interp_kaiser"]
LARGEST_KERNEL = 1 << 20  # numbers in the kernels of all phases
_KAISER_BETA = 14.769656459379492  # torchaudio's default


@lru_cache(maxsize=8)
def kernels(
    orig: int, new: int, method: Method, lowpass_filter_width: int, rolloff: float, beta: float | None
) -> tuple[npt.NDArray[np.float64], int]:
    """One windowed sinc a phase, [K, new], and how many samples it reaches back. orig, new: coprime."""
    base = min(orig, new) * rolloff
    width = math.ceil(lowpass_filter_width * orig / base)
    if (2 * width + orig) * new > LARGEST_KERNEL:
        raise ShapeError(
            f"resample: from {orig} to {new} (without what divides both) takes {new} kernels of "
            f"{2 * width + orig} numbers, too many; take rates that have more in common"
        )
    taps = np.arange(-width, width + orig) / orig
    t = (taps[:, None] - np.arange(new)[None, :] / new) * base
    t = np.clip(t, -lowpass_filter_width, lowpass_filter_width)
    if method == "sinc_interp_hann":
        window: Any = np.cos(t * np.pi / lowpass_filter_width / 2) ** 2
    else:
        beta = _KAISER_BETA if beta is None else beta
        window = np.i0(beta * np.sqrt(1 - (t / lowpass_filter_width) ** 2)) / np.i0(beta)
    return np.sinc(t) * window * (base / orig), width


def check_rates(
    orig_freq: int,
    new_freq: int,
    lowpass_filter_width: int,
    rolloff: float,
    method: Method,
    beta: float | None,
) -> tuple[npt.NDArray[np.float64], int, int, int] | None:
    """The kernels of two rates, how far they reach back, and the rates without what divides both.

    None for equal rates. Raises EngineError for rates and settings that can't be.
    """
    if min(orig_freq, new_freq) <= 0 or int(orig_freq) != orig_freq or int(new_freq) != new_freq:
        raise EngineError(
            f"resample: the rates must be positive whole numbers, not {orig_freq} and {new_freq}"
        )
    if method not in ("sinc_interp_hann", "sinc_interp_kaiser"):
        raise EngineError(
            f'resample: the method is "sinc_interp_hann" or "sinc_interp_kaiser", not {method!r}'
        )
    if lowpass_filter_width <= 0 or not 0 < rolloff <= 1:
        raise EngineError(
            "resample: lowpass_filter_width must be positive and rolloff in (0, 1], "
            f"not {lowpass_filter_width} and {rolloff}"
        )
    if orig_freq == new_freq:
        return None
    common = math.gcd(int(orig_freq), int(new_freq))
    orig, new = int(orig_freq) // common, int(new_freq) // common
    return (*kernels(orig, new, method, lowpass_filter_width, rolloff, beta), orig, new)


def resample(
    waveform: Tensor,
    orig_freq: int,
    new_freq: int,
    lowpass_filter_width: int = 6,
    rolloff: float = 0.99,
    resampling_method: Method = "sinc_interp_hann",
    beta: float | None = None,
) -> Tensor:
    """[..., T] at orig_freq Hz as [..., ceil(T new_freq / orig_freq)] at new_freq Hz.

    lowpass_filter_width: zero crossings of the sinc on each side; more is sharper and slower
    rolloff: the cut-off frequency as a share of the lower rate's half
    beta: of the Kaiser window
    """
    found = check_rates(orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta)
    if not waveform.is_floating_point():
        raise DTypeError(f"resample takes a floating-point waveform, not {waveform.dtype}")
    if waveform.ndim < 1:
        raise ShapeError("resample takes a waveform [..., T], not a single number")
    if found is None:
        return waveform
    bank, width, orig, new = found
    length = waveform.shape[-1]
    frames = length // orig + 1
    lead = waveform.shape[:-1]
    padded = cat([new_zeros(waveform, *lead, width), waveform, new_zeros(waveform, *lead, width + orig)], -1)
    places = np.arange(frames)[:, None] * orig + np.arange(len(bank))[None, :]  # [F, K]
    phases = padded[..., from_numpy(places)].matmul(from_numpy(bank.astype(waveform.dtype.numpy)))
    return phases.reshape(*lead, frames * new)[..., : math.ceil(new * length / orig)]
