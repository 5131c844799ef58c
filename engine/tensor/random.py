"""Generators and random tensors. Which numbers come is defined in engine/backends/numpy/random.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.autograd.tape import apply, unary, wrap
from engine.backends.numpy.random import blocks
from engine.device import CPU, Device, chosen
from engine.dtypes import DType, float64, get_default_dtype, int64
from engine.errors import CheckpointError, DTypeError, ShapeError
from engine.ops import random as ops
from engine.tensor.axes import Sizes, shape_of

__all__ = [
    "bernoulli",
    "default_generator",
    "dropout",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

_WRAP = 1 << 64
_MASK64 = _WRAP - 1


class Generator:
    """A sequence of random numbers, wholly described by three integers.

    seed: which family of sequences
    stream: which sequence of the family; different streams are independent
    counter: how many blocks of the sequence are used up
    """

    __slots__ = ("counter", "seed_", "stream")

    def __init__(self, device: str | Device = "cpu", *, seed: int = 0, stream: int = 0) -> None:
        Device(device)
        self.seed_ = seed & _MASK64
        self.stream = stream & _MASK64
        self.counter = 0

    def manual_seed(self, seed: int) -> Generator:
        """Start the sequence of another seed at its beginning."""
        self.seed_ = seed & _MASK64
        self.counter = 0
        return self

    def initial_seed(self) -> int:
        return self.seed_

    def seed(self) -> int:
        """Start a sequence that nobody can foresee, and tell its seed."""
        fresh = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
        self.manual_seed(fresh)
        return fresh

    def key(self, words: int, device: Device = CPU) -> Tensor:
        """The key of a draw of that many 64-bit words, which is thereby used up: int64 [3]."""
        numbers = np.empty(3, np.int64)
        for k, n in enumerate((self.seed_, self.stream, self.counter)):
            numbers[k] = n - _WRAP if n >> 63 else n  # the int64 with the bits of the unsigned number
        self.counter = (self.counter + blocks(words)) & _MASK64
        return wrap(device.backend.from_numpy(numbers), device)  # type: ignore[no-any-return]  # it is a Tensor

    def get_state(self) -> Tensor:
        """int64 [3]: seed, stream, counter (unsigned numbers, bit for bit)."""
        return self.key(0)

    def set_state(self, state: Tensor) -> None:
        """Go on where get_state() was called."""
        numbers = [int(n) for n in state.reshape(-1).tolist()]
        if len(numbers) != 3:
            raise CheckpointError(
                f"a generator's state has 3 numbers (seed, stream, counter), not {len(numbers)}"
            )
        self.seed_, self.stream, self.counter = (n & _MASK64 for n in numbers)

    def __repr__(self) -> str:
        return f"Generator(seed={self.seed_}, stream={self.stream}, counter={self.counter})"


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the generator that everything draws from unless it is given another."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    default_generator.set_state(new_state)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _words(shape: tuple[int, ...], dtype: DType, even: bool = False) -> int:
    """64-bit words that a draw uses: one per float64, half a one per float32."""
    size = _size(shape)
    if even:
        size += size % 2
    return size if dtype is float64 else (size + 1) // 2


def _draw(
    op: Any, shape: tuple[int, ...], dtype: DType | None, device: Any, generator: Any, even: bool
) -> Tensor:
    dtype = dtype or get_default_dtype()
    if not dtype.is_floating_point:
        raise DTypeError(f"random numbers of this kind are floating-point, not {dtype}; use randint")
    key = (generator or default_generator).key(_words(shape, dtype, even), chosen(device))
    return unary(op, key, (shape, dtype))


def rand(
    *size: Sizes,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [0, 1)."""
    out = _draw(ops.RANDOM_UNIFORM, shape_of(size), dtype, device, generator, False)
    return out.requires_grad_() if requires_grad else out


def randn(
    *size: Sizes,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal with mean 0 and variance 1."""
    out = _draw(ops.RANDOM_NORMAL, shape_of(size), dtype, device, generator, True)
    return out.requires_grad_() if requires_grad else out


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [0, 1), of input's shape, and its dtype and device unless told otherwise."""
    dtype, place = dtype or input.dtype, device or input._device
    return rand(input.shape, dtype=dtype, device=place, generator=generator, requires_grad=requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal with mean 0 and variance 1, of input's shape, and its dtype and device unless told otherwise."""
    dtype, place = dtype or input.dtype, device or input._device
    return randn(input.shape, dtype=dtype, device=place, generator=generator, requires_grad=requires_grad)


def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
) -> Tensor:
    """Whole numbers in [low, high) (one number alone: [0, low)) of input's shape, dtype and device."""
    bounds = (0, low) if high is None else (low, high)
    dtype, place = dtype or input.dtype, device or input._device
    return randint(*bounds, input.shape, dtype=dtype, device=place, generator=generator)


def seed() -> int:
    """Start a sequence that nobody can foresee, and tell its seed."""
    return default_generator.seed()


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: str | Device | None = None,
) -> Tensor:
    """Whole numbers in [low, high), all equally likely; randint(high, size) starts at 0."""
    if high is None:
        low, high = 0, low
    elif size is None:
        low, high, size = 0, low, high
    shape = shape_of((size,))
    if not low < high:
        raise ShapeError(f"randint: there is no whole number in [{low}, {high})")
    key = (generator or default_generator).key(_size(shape), chosen(device))
    return unary(ops.RANDOM_INTEGERS, key, (int(low), int(high), shape, dtype or int64))


def randperm(
    n: int, *, generator: Generator | None = None, dtype: DType = int64, device: str | Device | None = None
) -> Tensor:
    """0 .. n - 1 in random order."""
    key = (generator or default_generator).key(n, chosen(device))
    return unary(ops.RANDOM_PERMUTATION, key, (n, dtype))


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that the element names, else 0."""
    key = (generator or default_generator).key((input._data.size + 1) // 2, input._device)
    return apply(ops.BERNOULLI, (input, key))


def uniform_(input: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform in [a, b)."""
    if input._device.type == "meta":
        return input  # there is nothing to fill
    return input.copy_(rand_like(input, generator=generator) * (b - a) + a)


def normal_(
    input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers."""
    if input._device.type == "meta":
        return input
    return input.copy_(randn_like(input, generator=generator) * std + mean)


def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, generator: Generator | None = None
) -> Tensor:
    """Each element zero with probability p, else divided by 1 - p; unchanged when not training."""
    if not 0 <= p <= 1:
        raise ShapeError(f"dropout: p must be a probability, not {p}")
    if not training or p == 0:
        return input
    if not input.dtype.is_floating_point:
        raise DTypeError(
            f"dropout divides what it keeps, so it needs a floating-point tensor, not {input.dtype.name}"
        )
    key = (generator or default_generator).key((input._data.size + 1) // 2, input._device)
    return apply(ops.DROPOUT, (input, key), (p,))
