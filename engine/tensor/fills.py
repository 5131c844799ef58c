"""Filling a tensor with random numbers of a distribution, by inverting its distribution function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.autograd.mode import no_grad
from engine.errors import DTypeError, ShapeError
from engine.tensor.creation import as_tensor
from engine.tensor.random import Generator, bernoulli, rand, randint, randn

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

# below which whole numbers every integer has a float of its own
_EXACT = {"float16": 2**11, "bfloat16": 2**8, "float32": 2**24, "float64": 2**53}


def _uniform(input: Tensor, name: str, generator: Generator | None) -> Tensor:
    if not input.is_floating_point():
        raise DTypeError(f"{name} fills floating-point tensors, not {input.dtype}")
    return rand(input.shape, dtype=input.dtype, device=input.device, generator=generator)


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability p (a number, or a tensor that broadcasts), else 0."""
    chances = as_tensor(p, device=input.device).detach()
    chances = chances if chances.is_floating_point() else chances.float()
    return input.copy_(bernoulli(chances.expand(input.shape), generator=generator))


def random_(input: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Whole numbers: random_() over all that the dtype holds exactly, random_(to), random_(from, to)."""
    low = named.pop("from", bounds[0] if len(bounds) > 1 else 0)
    high = named.pop("to", bounds[-1] if bounds else None)
    if named or len(bounds) > 2:
        raise ShapeError(f"random_ takes from and to, not {(*bounds, *named)}")
    if high is None:
        bits = 1 if input.dtype.name == "bool" else min(input.dtype.itemsize * 8 - input.dtype.is_signed, 62)
        high = _EXACT.get(input.dtype.name, 2**bits)
    drawn = randint(low, high, input.shape, device=input.device, generator=generator)
    return input.copy_(drawn)


def exponential_(input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Density lambd exp(-lambd x), x > 0."""
    if lambd <= 0:
        raise ShapeError(f"exponential_: lambd must be positive, not {lambd}")
    with no_grad():
        drawn = -(-_uniform(input, "exponential_", generator)).log1p() / lambd
    return input.copy_(drawn)


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """How many trials until the first success of probability p: 1, 2, …"""
    if not 0 < p < 1:
        raise ShapeError(f"geometric_: p must lie between 0 and 1, not {p}")
    drawn = (-rand(input.shape, device=input.device, generator=generator)).log1p() / math.log1p(-p)
    return input.copy_(drawn.floor() + 1)


def cauchy_(
    input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Density sigma / (pi (sigma^2 + (x - median)^2))."""
    with no_grad():
        drawn = (math.pi * (_uniform(input, "cauchy_", generator) - 0.5)).tan() * sigma + median
    return input.copy_(drawn)


def log_normal_(
    input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Numbers whose logarithm is normal."""
    if not input.is_floating_point():
        raise DTypeError(f"log_normal_ fills floating-point tensors, not {input.dtype}")
    drawn = randn(input.shape, dtype=input.dtype, device=input.device, generator=generator)
    return input.copy_((drawn * std + mean).exp())
