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
Entry = tuple[int, float]


class Taps:
    """For each element of the result its elements of the source, as columns of a table.

    index, weight: [size, longest]; rows that are shorter than the longest count only as far as `count` [size]
    """

    __slots__ = ("count", "index", "weight")

    def __init__(self, rows: list[list[Entry]]) -> None:
        longest = max(map(len, rows), default=0)
        self.count = np.array([len(row) for row in rows], np.int64)
        self.index = np.zeros((len(rows), longest), np.int64)
        self.weight = np.zeros((len(rows), longest))
        for k, row in enumerate(rows):
            for j, (index, weight) in enumerate(row):
                self.index[k, j], self.weight[k, j] = index, weight


@functools.lru_cache(256)
def taps(source: int, size: int, rule: Rule, precision: str) -> Taps:
    """How an axis of `source` elements becomes one of `size`; places are computed in that precision."""
    return Taps(_rows(source, size, rule, precision))


@functools.lru_cache(256)
def taps_back(source: int, size: int, rule: Rule, precision: str) -> Taps:
    """The adjoint: for each element of the source, the elements of the result that it takes part in."""
    back: list[list[Entry]] = [[] for _ in range(source)]
    for k, row in enumerate(_rows(source, size, rule, precision)):
        for index, weight in row:
            back[index].append((k, weight))
    return Taps(back)


def _rows(source: int, size: int, rule: Rule, precision: str) -> list[list[Entry]]:
    kind = rule[0]
    if kind == "parts":
        return [[(k, 1 / (end - start)) for k in range(start, end)] for start, end in parts(source, size)]
    number = np.dtype(precision).type
    step = _step(source, size, rule, number)
    if kind in ("nearest", "exact"):
        return [[(min(_nearest(kind, step, k), source - 1), 1.0)] for k in range(size)]
    if kind in ("smooth", "smooth_cubic"):
        return [_smooth(kind, source, float(step), k) for k in range(size)]
    if kind == "linear":
        return [_linear(source, size, float(_place(rule, step, k)), k) for k in range(size)]
    return [_cubic(source, float(_place(rule, step, k, below_zero=True))) for k in range(size)]


def _step(source: int, size: int, rule: Rule, number: Callable[[float], Any]) -> Any:
    """The distance of two neighbouring places, in elements of the source."""
    _, align_corners, scale = rule
    if align_corners:
        return number(source - 1) / number(size - 1) if size > 1 else number(0)
    return number(1 / scale) if scale is not None else number(source) / number(size)


def _place(rule: Rule, step: Any, k: int, below_zero: bool = False) -> Any:
    """Where element k of the result lies in the source. Elements are points, or (not align_corners) cells."""
    if rule[1]:
        return step * k
    place = step * (k + type(step)(0.5)) - type(step)(0.5)
    return place if below_zero or place > 0 else type(step)(0)


def _nearest(kind: str, step: Any, k: int) -> int:
    half = type(step)(0.5)
    place = step * k if kind == "nearest" else max(step * (k + half) - half, type(step)(0)) + half
    # PyTorch rounds down in single precision, whatever the tensor's
    return int(np.floor(np.float32(place)))


def _linear(source: int, size: int, place: float, k: int) -> list[Entry]:
    if source == size:
        return [(k, 1.0)]
    low = min(int(place), source - 1)
    part = min(max(place - low, 0.0), 1.0)
    if low == source - 1 or part == 0:
        return [(low, 1.0)]
    return [(low, 1 - part), (low + 1, part)]


def keys(x: float, a: float) -> float:
    """The cubic convolution kernel at a distance of |x| elements (Keys 1981, eq. 4, with its a free)."""
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0


def _cubic(source: int, place: float) -> list[Entry]:
    low = min(int(np.floor(place)), source - 1)
    part = min(max(place - low, 0.0), 1.0)
    return [(min(max(low + k, 0), source - 1), keys(part - k, -0.75)) for k in (-1, 0, 1, 2)]


def _smooth(kind: str, source: int, step: float, k: int) -> list[Entry]:
    spread = max(step, 1.0)
    reach = spread * (1 if kind == "smooth" else 2)
    centre = step * (k + 0.5)
    first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), source)
    found = []
    for j in range(first, last):
        x = (j - centre + 0.5) / spread
        found.append((j, max(1 - abs(x), 0.0) if kind == "smooth" else keys(x, -0.5)))
    total = sum(weight for _, weight in found)
    return [(j, weight / total if total else weight) for j, weight in found]
