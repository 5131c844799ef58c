"""Counter-based random numbers. This file defines them for every backend.

The source is Philox4x64-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011) with key
(seed, stream). Block c of a stream is philox(key, counter (c, 0, 0, 0)): four 64-bit words. A draw starts at
the block that the key tensor's counter names and reads words w[0], w[1], ... in order:

    uniform float64     u[i] = (w[i] >> 11) 2^-53
    uniform float32     u[i] = (h[i] >> 8) 2^-24, where h are the 32-bit halves of w, low half first
    normal              Box and Muller on pairs of float64 (a, b) made of h[2k], h[2k+1] (float32) or of
                        w[2k], w[2k+1] (float64): r = sqrt(-2 log a), x[2k] = r cos(2 pi b) and
                        x[2k+1] = r sin(2 pi b), with a = (h + 1) 2^-32 or ((w >> 11) + 1) 2^-53 and
                        b = h 2^-32 or (w >> 11) 2^-53, computed in float64 and rounded once
    integers            low + (w[i] * (high - low) >> 64), the product in 128 bits
    permutation         the stable argsort of w[0 .. n)
    bernoulli, dropout  u32[i] = h[i]; true where h[i] < p 2^32 (dropout keeps where h[i] >= p 2^32)
"""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.dtypes import DType, float64

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

_MASK64 = (1 << 64) - 1
_WORDS, _HALVES = np.dtype("<u8"), np.dtype("<u4")
# an array meets these in half the time in which it meets a number of Python's
_ONE, _MINUS_TWO = np.array(1.0), np.array(-2.0)
_local = threading.local()


def blocks(words: int) -> int:
    """How many counters a draw of that many 64-bit words uses up."""
    return (words + 3) // 4


def words(key: Array, count: int) -> npt.NDArray[np.uint64]:
    """The first `count` 64-bit words that belong to the key."""
    seed, stream, counter = place = tuple([n & _MASK64 for n in key.tolist()])
    source = getattr(_local, "philox", None)
    if source is None:
        source = _local.philox = np.random.Philox(0)
        _local.place = None
    if _local.place != place:
        _go_to(source, seed, stream, counter)
    # whole blocks, so that a draw which goes on where this one ends finds the source there
    end = counter + blocks(count)
    _local.place = (seed, stream, end) if end <= _MASK64 else None
    out: npt.NDArray[np.uint64] = source.random_raw(4 * blocks(count))[:count]
    return out


def _go_to(source: np.random.Philox, seed: int, stream: int, counter: int) -> None:
    # NumPy adds one to the 256-bit counter before it makes a block
    before = (counter - 1) % (1 << 256)
    source.state = {
        "bit_generator": "Philox",
        "state": {
            "counter": np.array([(before >> shift) & _MASK64 for shift in (0, 64, 128, 192)], np.uint64),
            "key": np.array([seed, stream], np.uint64),
        },
        "buffer": np.zeros(4, np.uint64),
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }


def halves(key: Array, count: int) -> npt.NDArray[np.uint32]:
    """The first `count` 32-bit halves of the key's words, the low half first."""
    return words(key, (count + 1) // 2).astype(_WORDS, copy=False).view(_HALVES)[:count]


def _size(shape: Shape) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def uniform(key: Array, shape: Shape, dtype: DType) -> Array:
    size = _size(shape)
    if dtype is float64:
        return ((words(key, size) >> np.uint64(11)) * 2.0**-53).reshape(shape)
    top = (halves(key, size) >> np.uint32(8)).astype(np.float32)
    return (top * np.float32(2.0**-24)).astype(dtype.numpy, copy=False).reshape(shape)


def normal(key: Array, shape: Shape, dtype: DType) -> Array:
    size = _size(shape)
    even = size + size % 2
    if dtype is float64:
        bits: Array = (words(key, even) >> np.uint64(11)).astype(np.float64)
        unit = 2.0**-53
    else:
        bits = halves(key, even).astype(np.float64)
        unit = 2.0**-32
    radius = np.sqrt(_MINUS_TWO * np.log((bits[0::2] + _ONE) * unit))
    angle = bits[1::2] * (2 * np.pi * unit)
    out = np.empty(even)
    np.multiply(radius, np.cos(angle), out=out[0::2])
    np.multiply(radius, np.sin(angle), out=out[1::2])
    return out[:size].astype(dtype.numpy).reshape(shape)


def integers(key: Array, low: int, high: int, shape: Shape, dtype: DType) -> Array:
    span = np.uint64(high - low)
    w = words(key, _size(shape))
    thirty_two, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    # the upper half of a 64 by 64 bit product, from four 32 by 32 bit ones
    a_high, a_low, b_high, b_low = w >> thirty_two, w & mask, span >> thirty_two, span & mask
    cross1, cross2 = a_high * b_low, a_low * b_high
    middle = (cross1 & mask) + (cross2 & mask) + (a_low * b_low >> thirty_two)
    upper: Array = a_high * b_high + (cross1 >> thirty_two) + (cross2 >> thirty_two) + (middle >> thirty_two)
    return (upper.astype(np.int64) + low).astype(dtype.numpy).reshape(shape)


def permutation(key: Array, length: int, dtype: DType) -> Array:
    return np.argsort(words(key, length), kind="stable").astype(dtype.numpy)


def bernoulli(p: Array, key: Array) -> Array:
    draws = halves(key, p.size).reshape(p.shape)
    return (draws < p.astype(np.float64) * 2.0**32).astype(p.dtype)


def dropout(x: Array, key: Array, p: float) -> Array:
    if p == 1:
        return np.zeros_like(x)
    kept = halves(key, x.size).reshape(x.shape) >= p * 2.0**32
    out: Array = np.multiply(x, 1 / (1 - p))
    return np.multiply(out, kept, dtype=x.dtype)


KERNELS: dict[str, Kernel] = {
    "random_uniform": uniform,
    "random_normal": normal,
    "random_integers": integers,
    "random_permutation": permutation,
    "bernoulli": bernoulli,
    "dropout": dropout,
}
