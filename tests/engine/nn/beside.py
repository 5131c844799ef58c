"""A layer by its name: ours and PyTorch's, with the same weights, on the same input."""

import numpy as np

import engine
from tests.engine.nn import pairs


def compare(torch, name, args, kwargs, shape):
    """Raise where values, gradients, state or the printed form differ."""
    ours, theirs = (getattr(lib.nn, name)(*args, **kwargs) for lib in (engine, torch))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    pairs.compare(torch, ours, theirs, np.random.default_rng(3).standard_normal(shape).astype(np.float32))
