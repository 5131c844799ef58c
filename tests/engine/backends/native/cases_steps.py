"""Calls of the optimizers' steps that their rows take."""

from typing import Any

import numpy as np


def _step(large, *small, count=3.0, rate=0.01):
    """p and g, moments that are positive, numbers, the count of steps and the learning rate."""
    generator = np.random.default_rng(51)
    arrays = [generator.standard_normal((70, 71)).astype(np.float32) for _ in range(large)]
    arrays = [abs(a) if k > 1 else a for k, a in enumerate(arrays)]
    numbers = [np.array(n, np.float32) for n in (*small, *([] if count is None else [count]))]
    return (*arrays, *numbers, *([] if rate is None else [np.array(rate)]))


def _with_turns(operands):
    """Where gradients before this one had either sign, or none."""
    p, g, prev, *rest = operands
    before = np.where(g > 0.5, -prev, prev)
    before[::3] = 0
    return (p, g, before, *rest)


CASES: dict[str, list[Any]] = {
    "adagrad_step": [
        (*_step(3), 0.1, 1e-10, decay, maximize) for decay, maximize in ((0.0, False), (0.1, True))
    ],
    "adadelta_step": [(*_step(4), 0.9, 1e-6, 0.1, maximize) for maximize in (False, True)],
    "adamax_step": [(*_step(4), 0.9, 0.999, 1e-8, 0.1, maximize) for maximize in (False, True)],
    "nadam_step": [
        (*_step(4, 0.4), 0.9, 0.999, 1e-8, 0.1, 0.004, decoupled, decoupled) for decoupled in (False, True)
    ],
    "radam_step": [
        (*_step(4, count=count), 0.9, 0.999, 1e-8, 0.1, decoupled, False)
        for count in (2.0, 30.0)
        for decoupled in (False, True)
    ],
    "rmsprop_step": [(*_step(3), 0.9, 1e-3, 0.1, maximize) for maximize in (False, True)],
    "rmsprop_centered_step": [
        (*(a * 0.1 if k == 3 else a for k, a in enumerate(_step(4))), 0.9, 1e-2, 0.1, False)
    ],
    "rmsprop_momentum_step": [(*_step(4), 0.9, 1e-3, 0.1, 0.8, True)],
    "rmsprop_centered_momentum_step": [
        (*(a * 0.1 if k == 3 else a for k, a in enumerate(_step(5))), 0.9, 1e-2, 0.0, 0.8, False)
    ],
    "asgd_step": [(*_step(3, 0.01, share), 1e-2, 0.75, 2.0, 0.1, False) for share in (1.0, 0.25)],
    "rprop_step": [
        (*_with_turns(_step(4, rate=None)), 0.5, 1.2, 1e-6, 2.0, maximize) for maximize in (False, True)
    ],
    "lion_step": [(*_step(3, count=None), 0.9, 0.99, 0.1, maximize) for maximize in (False, True)],
}
