"""Dropping a random part of the input while training."""

from engine.autograd.tape import serial_now
from engine.errors import ShapeError
from engine.tensor import Generator, Tensor
from engine.tensor import random as _random
from engine.tensor.inplace import replace
from engine.tensor.promotion import require_floating
from engine.tensor.random import bernoulli

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

# what selu tends to far below 0, negated: its scale times its alpha (Klambauer et al. 2017, section 3)
_SELU_FLOOR = 1.7580993408473766


def check_probability(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ShapeError(f"{name}: p must be a probability, in [0, 1], not {p}")


def dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """While training, each element 0 with probability p, else divided by 1 - p (Srivastava et al. 2014)."""
    check_probability("dropout", p)
    since = serial_now()
    out = _random.dropout(input, p, training, generator)
    return replace(input, out, "dropout_", since) if inplace and out is not input else out


def _per_channel(input: Tensor) -> tuple[int, ...]:
    """Of an input [N, C, ...], a shape with one element per sample and channel."""
    if input.ndim < 2:
        raise ShapeError(f"dropping whole channels needs an input of [N, C, ...], not {input.shape}")
    return (*input.shape[:2], *(1,) * (input.ndim - 2))


def _channels(
    name: str,
    input: Tensor,
    batched: int,
    p: float,
    training: bool,
    inplace: bool,
    generator: Generator | None,
) -> Tensor:
    """dropout of whole channels; an input with fewer axes than `batched` is one sample, without the first."""
    check_probability(name, p)
    require_floating(name, input)
    if not training or p == 0:
        return input
    since = serial_now()
    whole = input.unsqueeze(0) if input.ndim < batched else input
    ones = whole.new_ones(_per_channel(whole))
    out = whole * _random.dropout(ones, p, True, generator)
    if whole is not input:
        out = out.squeeze(0)
    return replace(input, out, f"{name}_", since) if inplace else out


def dropout1d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """While training, each channel of each sample zero with probability p, else divided by 1 - p.

    input: [N, C, L] or [C, L] (Tompson et al. 2015)
    """
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d needs an input of [N, C, L] or [C, L], not {input.shape}")
    return _channels("dropout1d", input, 3, p, training, inplace, generator)


def dropout2d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """As dropout1d, for [N, C, H, W]; of three axes the first counts as the batch, as in PyTorch."""
    if input.ndim not in (3, 4):
        raise ShapeError(f"dropout2d needs an input of [N, C, H, W] or [N, C, L], not {input.shape}")
    return _channels("dropout2d", input, 3, p, training, inplace, generator)


def dropout3d(
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """As dropout1d, for [N, C, D, H, W] or [C, D, H, W]."""
    if input.ndim not in (4, 5):
        raise ShapeError(f"dropout3d needs an input of [N, C, D, H, W] or [C, D, H, W], not {input.shape}")
    return _channels("dropout3d", input, 5, p, training, inplace, generator)


def _alpha(
    name: str,
    input: Tensor,
    shape: tuple[int, ...],
    p: float,
    inplace: bool,
    generator: Generator | None,
) -> Tensor:
    """Elements set to where selu tends, then scaled and moved so that mean 0 and variance 1 stay."""
    require_floating(name, input)
    since = serial_now()
    if p == 1:
        out = input * 0
    else:
        kept = bernoulli(input.new_full(shape, 1 - p), generator=generator)
        scale = ((_SELU_FLOOR**2 * p + 1) * (1 - p)) ** -0.5
        floor = (kept - 1) * (_SELU_FLOOR * scale) + _SELU_FLOOR * scale * p
        out = input * (kept * scale) + floor
    return replace(input, out, f"{name}_", since) if inplace else out


def alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for networks of selu (Klambauer et al. 2017)."""
    check_probability("alpha_dropout", p)
    if not training or p == 0:
        return input
    return _alpha("alpha_dropout", input, input.shape, p, inplace, generator)


def feature_alpha_dropout(
    input: Tensor,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """alpha_dropout of whole channels of an input [N, C, ...]."""
    check_probability("feature_alpha_dropout", p)
    if not training or p == 0:
        return input
    return _alpha("feature_alpha_dropout", input, _per_channel(input), p, inplace, generator)
