"""Levels: decibels, companding, emphasis."""

import math

from engine.dtypes import int64
from engine.errors import DTypeError, EngineError
from engine.tensor import Tensor
from engine.tensor.shapes import cat

__all__ = [
    "DB_to_amplitude",
    "amplitude_to_DB",
    "deemphasis",
    "mu_law_decoding",
    "mu_law_encoding",
    "preemphasis",
]


def amplitude_to_DB(
    x: Tensor, multiplier: float, amin: float, db_multiplier: float, top_db: float | None = None
) -> Tensor:
    """multiplier log10(max(x, amin)) - multiplier db_multiplier, in decibels.

    x: [..., C, F, T], amplitudes with a multiplier of 20 or powers with 10
    amin: values below it count as it
    db_multiplier: log10(max(reference value, amin))
    top_db: nothing is quieter than the loudest value of its spectrogram [C, F, T] by more than this
    """
    db = x.clamp(min=amin).log10() * multiplier - multiplier * db_multiplier
    if top_db is None:
        return db
    axes = tuple(range(max(db.ndim - 3, 0), db.ndim))
    return db.maximum(db.amax(axes, keepdim=True) - top_db)


def DB_to_amplitude(x: Tensor, ref: float, power: float) -> Tensor:
    """ref (10^(x / 10))^power: back from decibels, with power 1 to powers and 0.5 to amplitudes."""
    return (x * (0.1 * power * math.log(10.0))).exp() * ref


def mu_law_encoding(x: Tensor, quantization_channels: int) -> Tensor:
    """int64 in [0, quantization_channels): a waveform in [-1, 1], companded (ITU-T G.711)."""
    if not x.is_floating_point():
        raise DTypeError(f"mu_law_encoding takes a waveform of floats in [-1, 1], not {x.dtype}")
    mu = quantization_channels - 1.0
    companded = x.sign() * (x.abs() * mu).log1p() / math.log1p(mu)
    return ((companded + 1) / 2 * mu + 0.5).to(int64)


def mu_law_decoding(x_mu: Tensor, quantization_channels: int) -> Tensor:
    """A waveform in [-1, 1] from its companded values."""
    mu = quantization_channels - 1.0
    x = (x_mu if x_mu.is_floating_point() else x_mu.float()) / mu * 2 - 1.0
    return x.sign() * ((x.abs() * math.log1p(mu)).exp() - 1.0) / mu


def preemphasis(waveform: Tensor, coeff: float = 0.97) -> Tensor:
    """y[t] = x[t] - coeff x[t - 1] along the last axis, with x[-1] = 0."""
    return cat([waveform[..., :1], waveform[..., 1:] - waveform[..., :-1] * coeff], -1)


def deemphasis(waveform: Tensor, coeff: float = 0.97) -> Tensor:
    """y[t] = x[t] + coeff y[t - 1]: undoes preemphasis."""
    if not 0 <= coeff < 1:
        raise EngineError(f"deemphasis: coeff must be at least 0 and below 1, not {coeff}")
    # y_t + c y_{t-1} + c^2 y_{t-2} + ..., with the number of known terms doubled each time
    out, step, factor = waveform, 1, coeff
    while step < waveform.shape[-1] and factor:
        out = cat([out[..., :step], out[..., step:] + out[..., :-step] * factor], -1)
        step, factor = 2 * step, factor * factor
    return out
