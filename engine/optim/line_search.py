"""How far to go along a direction (Nocedal and Wright 2006, algorithms 3.5 and 3.6)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from engine.tensor import Tensor

ENOUGH_DESCENT = 1e-4  # of Armijo's condition
ENOUGH_FLATTENING = 0.9  # of the condition on the curvature


class Point(NamedTuple):
    """A length of the step, with the loss, its gradient, and the slope along the direction there."""

    t: Any
    loss: Any
    gradient: Tensor
    slope: Any


def cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two losses with their slopes is least, within bounds or between the points."""
    low, high = bounds or (min(a.t, b.t), max(a.t, b.t))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if square < 0:
        return (low + high) / 2
    d2 = square**0.5
    if a.t <= b.t:
        found = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    else:
        found = a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
    return min(max(found, low), high)


def strong_wolfe(
    evaluate: Callable[[Any], tuple[float, Tensor]],
    length: Any,
    direction: Tensor,
    loss: float,
    gradient: Tensor,
    slope: Any,
    tolerance: float,
    most: int,
) -> tuple[float, Tensor, Any, int]:
    """A length that meets Wolfe's strong conditions, or the best one found.

    evaluate: the loss and the gradient at a length; length: the first to try
    loss, gradient, slope: at 0; tolerance: the least bracket that is looked into; most: trials
    Returns the loss, the gradient and the length there, and how often it evaluated.
    """
    origin = Point(0, loss, gradient, slope)
    size = float(direction.abs().max())

    def at(t: Any) -> Point:
        found, g = evaluate(t)
        return Point(t, found, g, g.dot(direction))

    def descends(point: Point) -> bool:
        return bool(point.loss <= loss + ENOUGH_DESCENT * point.t * slope)

    def flattens(point: Point) -> bool:
        return bool(abs(point.slope) <= -ENOUGH_FLATTENING * slope)

    before, now, trials = origin, at(length), 0
    bracket: list[Point] = []
    while trials < most:
        if not descends(now) or (trials > 1 and now.loss >= before.loss):
            bracket = [before, now]
            break
        if flattens(now):
            return now.loss, now.gradient, now.t, trials + 1
        if now.slope >= 0:
            bracket = [before, now]
            break
        bounds = now.t + 0.01 * (now.t - before.t), now.t * 10
        before, now = now, at(cubic_minimum(before, now, bounds))
        trials += 1
    if not bracket:
        bracket = [origin, now]
    best, trials = _zoomed(bracket, at, descends, flattens, slope, size, tolerance, trials, most)
    return best.loss, best.gradient, best.t, trials + 1


def _zoomed(
    bracket: list[Point],
    at: Callable[[Any], Point],
    descends: Callable[[Point], bool],
    flattens: Callable[[Point], bool],
    slope: Any,
    size: float,
    tolerance: float,
    trials: int,
    most: int,
) -> tuple[Point, int]:
    """Narrow a bracket until a point within it meets the conditions."""
    low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
    has_stalled = False
    while trials < most and float(abs(bracket[1].t - bracket[0].t)) * size >= tolerance:
        t = cubic_minimum(bracket[0], bracket[1])
        left, right = min(bracket[0].t, bracket[1].t), max(bracket[0].t, bracket[1].t)
        # a trial too near an end makes little of the bracket: after one of them, move off
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if has_stalled or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                has_stalled = False
            else:
                has_stalled = True
        else:
            has_stalled = False
        now = at(t)
        trials += 1
        if not descends(now) or now.loss >= bracket[low].loss:
            bracket[high] = now
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            continue
        if flattens(now):
            return now, trials
        if now.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = now
    return bracket[low], trials
