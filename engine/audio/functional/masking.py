"""Masking bands of spectrograms (Park et al., SpecAugment, 2019)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms, uniforms
from engine.errors import IndexError_, ShapeError
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import from_numpy

__all__ = ["mask_along_axis", "mask_along_axis_iid"]

DRAWS = 2  # uniform numbers that one band takes


def bands(u: Uniforms, size: int, mask_param: int, p: float) -> npt.NDArray[np.bool_]:
    """[N, size]: per row of u, [N, 2], true from a random start on for fewer than mask_param places.

    p: no band is wider than this share of the axis
    """
    widest = min(mask_param, int(size * p))
    width = u[:, :1] * widest
    start = np.floor(u[:, 1:] * (size - width))
    place = np.arange(size)
    return (place >= start) & (place < start + np.floor(width))


def masked(specgrams: Tensor, mask: npt.NDArray[np.bool_], mask_value: float | Tensor, axis: int) -> Tensor:
    """Specgrams [N, ..., F, T] with mask_value where mask [N, size] holds along `axis`."""
    shape = [len(mask)] + [1] * (specgrams.ndim - 1)
    shape[axis % specgrams.ndim] = mask.shape[1]
    return where(from_numpy(mask.reshape(shape)), mask_value, specgrams)


def check(specgram: Any, mask_param: int, axis: int, p: float, name: str) -> int:
    """The axis from the front; raises where it is neither frequency nor time."""
    ndim = specgram.ndim
    if ndim < 2 or axis % ndim not in (ndim - 2, ndim - 1):
        raise IndexError_(
            f"{name}: axis {axis} of shape {tuple(specgram.shape)} is neither frequency nor time"
        )
    if mask_param < 0 or not 0 <= p <= 1:
        raise ShapeError(
            f"{name}: mask_param is {mask_param} and p {p}; they are at least 0 and within [0, 1]"
        )
    return int(axis % ndim)


def mask_along_axis(
    specgram: Tensor, mask_param: int, mask_value: float, axis: int, p: float = 1.0
) -> Tensor:
    """One random band, the same in all spectrograms [..., F, T], set to mask_value."""
    axis = check(specgram, mask_param, axis, p, "mask_along_axis")
    mask = bands(uniforms(1, DRAWS), specgram.shape[axis], mask_param, p)
    return masked(specgram[None], mask, mask_value, axis + 1)[0]


def mask_along_axis_iid(
    specgrams: Tensor, mask_param: int, mask_value: float, axis: int, p: float = 1.0
) -> Tensor:
    """A random band of its own for every spectrogram [F, T] of [..., F, T]."""
    axis = check(specgrams, mask_param, axis, p, "mask_along_axis_iid")
    if specgrams.ndim < 3:
        raise ShapeError(f"mask_along_axis_iid takes spectrograms [..., F, T], not one of {specgrams.shape}")
    flat = specgrams.reshape(-1, *specgrams.shape[-2:])
    mask = bands(uniforms(len(flat), DRAWS), specgrams.shape[axis], mask_param, p)
    return masked(flat, mask, mask_value, axis - specgrams.ndim).reshape(specgrams.shape)
