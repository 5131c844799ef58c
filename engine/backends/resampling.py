"""Which elements of an axis make one of a resampled axis, and with what weights; the same on every backend.

A rule is (kind, align_corners, scale), scale being the factor that the user gave, or None:

    "nearest", "exact"            one element: below the place, or the one nearest to it
    "linear", "cubic"             the two or four elements around the place (cubic: Keys 1981, a = -0.75)
    "smooth", "smooth_cubic"      as many as the step between places spans (triangle; Keys with a = -0.5)
    "parts"                       the mean of an even part of the axis
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.windows import parts

Rule = tuple[str, bool, float | None]
Array = npt.NDArray[Any]
Rows = tuple[Array, Array, Array]  # of each row its length; of all rows one after the other index and weight


class Taps:
    """For each element of the result its elements of the source, as columns of a table.

    index, weight: [size, longest]; rows that are shorter than the longest count only as far as `count` [size]
    """

    __slots__ = ("count", "index", "weight")

    def __init__(self, count: Array, index: Array, weight: Array) -> None:
        self.count = count
        held = np.arange(count.max(initial=0)) < count[:, None]
        self.index: Array = np.zeros(held.shape, np.int64)
        self.weight: Array = np.zeros(held.shape)
        self.index[held], self.weight[held] = index, weight


@functools.lru_cache(256)
def taps(source: int, size: int, rule: Rule, precision: str) -> Taps:
    """How an axis of `source` elements becomes one of `size`; places are computed in that precision."""
    return Taps(*_rows(source, size, rule, precision))


@functools.lru_cache(256)
def taps_back(source: int, size: int, rule: Rule, precision: str) -> Taps:
    """The adjoint: for each element of the source, the elements of the result that it takes part in."""
    count, index, weight = _rows(source, size, rule, precision)
    order = np.argsort(index, kind="stable")
    row = np.repeat(np.arange(size), count)
    return Taps(np.bincount(index, minlength=source), row[order], weight[order])


def _rows(source: int, size: int, rule: Rule, precision: str) -> Rows:
    kind = rule[0]
    if kind == "parts":
        return _parts(source, size)
    number = np.dtype(precision).type
    step = _step(source, size, rule, number)
    if kind in ("smooth", "smooth_cubic"):
        return _smooth(kind, source, size, float(step))
    k = np.arange(size).astype(number)
    if kind in ("nearest", "exact"):
        index = np.minimum(_nearest(kind, step, k), source - 1)
        return np.ones(size, np.int64), index, np.ones(size)
    if kind == "linear":
        return _linear(source, size, _place(rule, step, k).astype(np.float64))
    return _cubic(source, _place(rule, step, k, below_zero=True).astype(np.float64))


def _parts(source: int, size: int) -> Rows:
    start, end = np.array(parts(source, size), np.int64).reshape(size, 2).T
    count = end - start
    before = np.cumsum(count) - count
    index = np.arange(count.sum()) + np.repeat(start - before, count)
    return count, index, np.repeat(1 / count, count)


def _step(source: int, size: int, rule: Rule, number: Callable[[float], Any]) -> Any:
    """The distance of two neighbouring places, in elements of the source."""
    _, align_corners, scale = rule
    if align_corners:
        return number(source - 1) / number(size - 1) if size > 1 else number(0)
    return number(1 / scale) if scale is not None else number(source) / number(size)


def _place(rule: Rule, step: Any, k: Array, below_zero: bool = False) -> Array:
    """Where element k of the result lies in the source. Elements are points, or (not align_corners) cells."""
    if rule[1]:
        return step * k  # type: ignore[no-any-return]  # NumPy's scalars are Any
    place: Array = step * (k + type(step)(0.5)) - type(step)(0.5)
    return place if below_zero else np.maximum(place, 0)


def _nearest(kind: str, step: Any, k: Array) -> Array:
    half = type(step)(0.5)
    place = step * k if kind == "nearest" else np.maximum(step * (k + half) - half, 0) + half
    # PyTorch rounds down in single precision, whatever the tensor's
    down: Array = np.floor(place.astype(np.float32)).astype(np.int64)
    return down


def _linear(source: int, size: int, place: Array) -> Rows:
    if source == size:
        return np.ones(size, np.int64), np.arange(size), np.ones(size)
    low = np.minimum(place.astype(np.int64), source - 1)
    part = np.clip(place - low, 0.0, 1.0)
    is_double = (low < source - 1) & (part > 0)
    held = np.stack([np.ones(size, bool), is_double], 1)
    index, weight = np.stack([low, low + 1], 1), np.stack([np.where(is_double, 1 - part, 1.0), part], 1)
    return 1 + is_double.astype(np.int64), index[held], weight[held]


def keys(x: float, a: float) -> float:
    """The cubic convolution kernel at a distance of |x| elements (Keys 1981, eq. 4, with its a free)."""
    x = abs(x)
    if x < 1:
        return float(_keys_near(x, a))
    return float(_keys_far(x, a)) if x < 2 else 0.0


def _keys_near(x: Any, a: float) -> Any:
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _keys_far(x: Any, a: float) -> Any:
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def _cubic(source: int, place: Array) -> Rows:
    low = np.minimum(np.floor(place).astype(np.int64), source - 1)
    part = np.clip(place - low, 0.0, 1.0)
    around = np.arange(-1, 3)
    index = np.clip(low[:, None] + around, 0, source - 1)
    x = np.abs(part[:, None] - around)
    weight = np.where(x < 1, _keys_near(x, -0.75), _keys_far(x, -0.75))
    return np.full(len(place), 4), index.ravel(), weight.ravel()


def _smooth(kind: str, source: int, size: int, step: float) -> Rows:
    rows = [_smooth_row(kind, source, step, k) for k in range(size)]
    count = np.array([len(weights) for _, weights in rows], np.int64)
    index = [first + j for first, weights in rows for j in range(len(weights))]
    return count, np.array(index, np.int64), np.array([w for _, weights in rows for w in weights], np.float64)


def _smooth_row(kind: str, source: int, step: float, k: int) -> tuple[int, list[float]]:
    """The first element of the source, and the weights from there on."""
    spread = max(step, 1.0)
    reach = spread * (1 if kind == "smooth" else 2)
    centre = step * (k + 0.5)
    first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), source)
    places = [(j - centre + 0.5) / spread for j in range(first, last)]
    weights = [max(1 - abs(x), 0.0) if kind == "smooth" else keys(x, -0.5) for x in places]
    total = sum(weights)
    return first, [weight / total if total else weight for weight in weights]
