"""The short-time Fourier transform and its inverse, and the windows that torch has beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import fft
from engine.autograd.tape import binary, wrap
from engine.device import Device
from engine.dtypes import DType
from engine.errors import DTypeError, EngineError, ShapeError
from engine.ops.shapes import INDEX, INDEX_GRAD
from engine.signal import windows
from engine.tensor import Tensor
from engine.tensor.blocks import unfold
from engine.tensor.casting import in_single
from engine.tensor.complex import view_as_real
from engine.tensor.creation import new_zeros, ones
from engine.tensor.shapes import cat

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "istft",
    "kaiser_window",
    "stft",
]


def _index(positions: Any, device: Device) -> Tensor:
    return wrap(device.backend.from_numpy(positions), device)  # type: ignore[no-any-return]  # it is a Tensor


def _padded(x: Tensor, by: int, mode: str) -> Tensor:
    """x [B, L] with `by` more samples at both ends."""
    length = x.shape[-1]
    if mode == "constant":
        zeros = new_zeros(x, x.shape[0], by)
        return cat((zeros, x, zeros), -1)
    k = np.arange(-by, length + by)
    if mode == "reflect":
        if by >= length:
            raise ShapeError(
                f"stft: {length} samples can't be reflected {by} (n_fft // 2) times at each end; "
                "give a longer signal, center=False or pad_mode='constant'"
            )
        period = max(2 * (length - 1), 1)
        positions = np.minimum(k % period, -k % period)
    elif mode == "replicate":
        positions = np.clip(k, 0, length - 1)
    elif mode == "circular":
        positions = k % length
    else:
        raise DTypeError(
            f"stft: pad_mode must be 'reflect', 'constant', 'replicate' or 'circular', not {mode!r}"
        )
    return binary(INDEX, x, _index(positions.astype(np.int64), x.device), ((slice(None), True),))


def _full_window(
    name: str, window: Tensor | None, win_length: int, n_fft: int, dtype: DType, device: Device
) -> Tensor:
    """The window in the middle of n_fft weights."""
    if window is None:
        window = ones(win_length, dtype=dtype, device=device)
    elif window.shape != (win_length,):
        raise ShapeError(
            f"{name}: the window must have shape ({win_length},), win_length, not {window.shape}"
        )
    if win_length == n_fft:
        return window
    left = (n_fft - win_length) // 2
    return cat((new_zeros(window, left), window, new_zeros(window, n_fft - win_length - left)), 0)


def _lengths(name: str, n_fft: int, hop_length: int | None, win_length: int | None) -> tuple[int, int]:
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if n_fft < 1 or hop < 1 or not 0 < width <= n_fft:
        raise ShapeError(
            f"{name}: n_fft {n_fft}, hop_length {hop} and win_length {width} must be positive, "
            "and win_length no more than n_fft"
        )
    return hop, width


@in_single
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of windows of a signal [L] or [B, L], hop_length samples apart.

    n_fft: length of each transform
    hop_length: n_fft // 4 unless given
    window: [win_length] weights, ones unless given; zeros around them fill n_fft up
    center: frame t is centred at sample t * hop_length of the signal, padded by pad_mode; else it starts so
    normalized: divide by the root of n_fft
    onesided: n_fft // 2 + 1 frequencies, which imply the others; the default for real signals and windows
    return_complex: must be given for real signals; False gives the parts as a last axis of length 2
    align_to_window: without center, frames start where win_length, not n_fft, samples do
    Returns [B?, frequencies, frames].
    """
    if input.ndim not in (1, 2):
        raise ShapeError(f"stft takes a signal [L] or [B, L], not shape {input.shape}")
    if not (input.is_floating_point() or input.is_complex()):
        raise DTypeError(f"stft takes floating-point or complex signals, not {input.dtype}")
    if align_to_window is not None and center:
        raise DTypeError("stft: align_to_window is for center=False only")
    hop, width = _lengths("stft", n_fft, hop_length, win_length)
    weights = _full_window("stft", window, width, n_fft, input.dtype.to_real(), input.device)
    complex_ = input.is_complex() or weights.is_complex()
    if return_complex is None:
        if not complex_:
            raise DTypeError(
                "stft of a real signal needs return_complex: True, or False for pairs of numbers"
            )
        return_complex = True
    if onesided is None:
        onesided = not complex_
    elif onesided and complex_:
        raise DTypeError("stft: a onesided spectrum is of real signals and windows; pass onesided=False")
    x = input.unsqueeze(0) if input.ndim == 1 else input
    if center:
        x = _padded(x, n_fft // 2, pad_mode)
    elif align_to_window and n_fft > width:
        left = (n_fft - width) // 2
        right = n_fft - width - left
        x = cat((new_zeros(x, x.shape[0], left), x, new_zeros(x, x.shape[0], right)), -1)
    if x.shape[-1] < n_fft:
        raise ShapeError(f"stft: a signal of {x.shape[-1]} samples has no frame of n_fft {n_fft}")
    frames = unfold(x, -1, n_fft, hop) * weights  # [B, T, n_fft]
    norm = "ortho" if normalized else "backward"
    spectra = (fft.rfft if onesided else fft.fft)(frames, norm=norm).transpose(1, 2)
    out = spectra.squeeze(0) if input.ndim == 1 else spectra
    return out if return_complex else view_as_real(out)


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """Frames [B, T, n] added up to [B, n + hop (T - 1)], each hop after the one before."""
    batch, count, n = frames.shape
    positions = hop * np.arange(count)[:, None] + np.arange(n)
    shape = (batch, n + hop * (count - 1))
    return binary(INDEX_GRAD, frames, _index(positions, frames.device), (shape, (slice(None), True)))


def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal [B?, length] whose stft is nearest to input (Griffin and Lim 1984).

    input: [B?, frequencies, frames] complex
    length: of the signal, cut or padded with zeros; without it, what the frames hold
    return_complex: the signal or the window was complex, which onesided doesn't allow
    Other arguments as for stft. Raises EngineError where the windows add up to nothing.
    """
    if input.ndim not in (2, 3) or not input.is_complex():
        raise DTypeError(
            f"istft takes complex [B?, frequencies, frames], not {input.dtype} of shape {input.shape}"
        )
    hop, width = _lengths("istft", n_fft, hop_length, win_length)
    weights = _full_window("istft", window, width, n_fft, input.dtype.to_real(), input.device)
    x = input.unsqueeze(0) if input.ndim == 2 else input
    if onesided is None:
        onesided = x.shape[1] != n_fft
    rows = n_fft // 2 + 1 if onesided else n_fft
    if x.shape[1] != rows or x.shape[2] < 1:
        raise ShapeError(
            f"istft: n_fft {n_fft} with onesided={onesided} has {rows} frequencies, and shape {input.shape} "
            f"has {x.shape[1]}, in {x.shape[2]} frames"
        )
    if return_complex and onesided:
        raise DTypeError("istft: a onesided spectrum gives a real signal; pass return_complex=False")
    if weights.is_complex() and not return_complex:
        raise DTypeError("istft: with a complex window the signal is complex; pass return_complex=True")
    spectra = x.transpose(1, 2)
    norm = "ortho" if normalized else "backward"
    if return_complex:
        frames = fft.ifft(spectra, norm=norm)
    else:
        frames = fft.irfft(spectra.narrow(2, 0, n_fft // 2 + 1), n_fft, norm=norm)
    signal = _overlapped(frames * weights, hop)
    envelope = _overlapped((weights * weights).expand(1, x.shape[2], n_fft), hop)
    known = signal.shape[1]
    start = n_fft // 2 if center else 0
    end = known - start if length is None else start + length
    signal, envelope = signal[:, start:end], envelope[:, start:end]
    if input.device.type != "meta" and envelope.numel() and float(envelope.abs().min()) < 1e-11:
        raise EngineError(
            f"istft: the windows of {width} samples, {hop} apart, add up to 0 at some samples, which nothing "
            "then tells; take a smaller hop_length, or center=True"
        )
    out = signal / envelope
    if end > known:
        out = cat((out, new_zeros(out, out.shape[0], end - known)), -1)
    return out.squeeze(0) if input.ndim == 2 else out


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """1/2 - 1/2 cos(2 pi k / N). options, here and below: dtype, device, requires_grad."""
    return windows.hann(window_length, sym=not periodic, **options)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, **options: Any
) -> Tensor:
    """alpha - beta cos(2 pi k / N)"""
    return windows.made(windows.cosine_sum(window_length, (alpha, beta), not periodic), **options)


def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """0.42 - 0.5 cos(2 pi k / N) + 0.08 cos(4 pi k / N)"""
    return windows.blackman(window_length, sym=not periodic, **options)


def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Tensor:
    """1 - |2 k / N - 1|"""
    return windows.bartlett(window_length, sym=not periodic, **options)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any) -> Tensor:
    """I0(beta sqrt(1 - r^2)) / I0(beta), r from -1 to 1."""
    return windows.kaiser(window_length, beta=beta, sym=not periodic, **options)
