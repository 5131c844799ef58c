"""Connectionist temporal classification: the forward and backward sums, over the whole batch at once.

Graves et al. 2006, section 4.1, in log space. The states of a sample are its targets with a blank before,
between and after them: L = 2 S + 1.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def _states(targets: Array, target_lengths: Array, blank: int) -> tuple[Array, Array, Array]:
    """The class of each state [N, L], whether it is reached from two states before, and whether it exists."""
    samples, longest = targets.shape
    states = np.full((samples, 2 * longest + 1), blank)
    real = np.arange(longest) < target_lengths[:, None]
    states[:, 1::2] = np.where(real, targets, blank)
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = states[:, 2:] != states[:, :-2]
    exists = np.arange(states.shape[1]) <= 2 * target_lengths[:, None]
    return states, skips, exists


def _summed(stay: Array, *others: Array) -> Array:
    """log of the sum of the exponentials, where all may be -inf."""
    top = stay
    for x in others:
        top = np.maximum(top, x)
    safe = np.where(np.isneginf(top), stay.dtype.type(0), top)
    total = np.exp(stay - safe)
    for x in others:
        total += np.exp(x - safe)
    with np.errstate(divide="ignore"):
        out: Array = np.log(total)
    out += safe
    return out


def _shifted(x: Array, by: int, where: Array | None = None) -> Array:
    """x [N, L] moved to the right, or (by < 0) to the left; -inf moves in, and is where `where` isn't."""
    out = np.full_like(x, -np.inf)
    source, goal = (x[:, :-by], out[:, by:]) if by > 0 else (x[:, -by:], out[:, :by])
    goal[...] = source
    return out if where is None else np.where(where, out, x.dtype.type(-np.inf))


def _emitted(log_probs: Array, states: Array, exists: Array) -> Array:
    """[T, N, L]: the log-probability of each state's class at each step, -inf for states that don't exist."""
    emitted = np.take_along_axis(log_probs, states[None], 2)
    return np.where(exists, emitted, log_probs.dtype.type(-np.inf))


def _final(alpha: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """[N]: minus the log of the sum over the last blank and the last target, at the last step."""
    rows = np.arange(len(input_lengths))
    last, state = np.maximum(input_lengths - 1, 0), 2 * target_lengths
    ends = alpha[last, rows, state]
    before = np.where(
        target_lengths > 0, alpha[last, rows, np.maximum(state - 1, 0)], alpha.dtype.type(-np.inf)
    )
    losses = -_summed(ends, before)
    # without a step only the empty target is possible
    empty = np.where(target_lengths == 0, 0, np.inf).astype(alpha.dtype)
    return np.where(input_lengths == 0, empty, losses)


def ctc(
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    blank: int,
    zero_infinity: bool,
) -> tuple[Array, Array]:
    states, skips, exists = _states(targets, target_lengths, blank)
    emitted = _emitted(log_probs, states, exists)
    alpha = np.full_like(emitted, -np.inf)
    alpha[:1, :, :2] = emitted[:1, :, :2]
    for t in range(1, len(alpha)):
        before = alpha[t - 1]
        alpha[t] = _summed(before, _shifted(before, 1), _shifted(before, 2, skips))
        alpha[t] += emitted[t]
    losses = _final(alpha, input_lengths, target_lengths)
    return (np.where(np.isposinf(losses), losses.dtype.type(0), losses) if zero_infinity else losses), alpha


def ctc_grad(
    g: Array,
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    alpha: Array,
    blank: int,
    zero_infinity: bool,
) -> Array:
    states, skips, exists = _states(targets, target_lengths, blank)
    emitted = _emitted(log_probs, states, exists)
    losses = _final(alpha, input_lengths, target_lengths)
    # the same way back: of the suffixes from each state on, both including the step's own emission
    ends = (np.arange(states.shape[1]) == 2 * target_lengths[:, None]) | (
        np.arange(states.shape[1]) == 2 * target_lengths[:, None] - 1
    )
    skips = np.concatenate((skips[:, 2:], np.zeros((len(skips), 2), bool)), 1)[:, : states.shape[1]]
    beta = np.full_like(alpha[0], -np.inf) if len(alpha) else np.empty(states.shape, g.dtype)
    occupied = np.zeros_like(alpha)
    for t in reversed(range(len(alpha))):
        beta = _summed(beta, _shifted(beta, -1), _shifted(beta, -2, skips))
        beta += emitted[t]
        # a shorter sample starts at its own last step
        is_last = (input_lengths == t + 1)[:, None]
        beta = np.where(is_last, np.where(ends, emitted[t], g.dtype.type(-np.inf)), beta)
        reached = exists & (t < input_lengths)[:, None] & ~np.isneginf(emitted[t])
        power = alpha[t] + beta - np.where(reached, emitted[t], 0) + losses[:, None]
        occupied[t] = np.exp(np.where(reached, power, g.dtype.type(-np.inf)))
    out: Array = np.exp(log_probs)
    rows = np.arange(len(states))
    out[:, :, blank] -= np.add.reduce(occupied[:, :, ::2], 2)
    for k in range(1, states.shape[1], 2):
        out[:, rows, states[:, k]] -= occupied[:, :, k]
    out *= g[:, None]
    counts = np.arange(len(alpha))[:, None] < input_lengths
    impossible = np.isposinf(losses)
    if zero_infinity:
        counts = counts & ~impossible
    elif impossible.any():
        out[:, impossible] = np.nan  # an infinite loss has no direction in which it falls
    return np.where(counts[:, :, None], out, g.dtype.type(0))


KERNELS: dict[str, Kernel] = {"ctc": ctc, "ctc_grad": ctc_grad}
