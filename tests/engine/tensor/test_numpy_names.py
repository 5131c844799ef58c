"""axis and keepdims, as NumPy's users type them."""

import inspect
from typing import Any, cast

import pytest

import engine
from engine.errors import DTypeError

SAID = {
    "sum": lambda t, x: t.sum(x, axis=1, keepdims=True),
    "method": lambda t, x: x.sum(axis=(0, 1), keepdims=True),
    "mean": lambda t, x: x.mean(axis=0),
    "max": lambda t, x: t.max(x, axis=1).values,
    "std": lambda t, x: x.std(axis=-1, keepdims=True),
    "softmax": lambda t, x: t.softmax(x, axis=0),
    "cumprod": lambda t, x: t.cumprod(x, axis=0),
    "cumsum": lambda t, x: x.cumsum(axis=1),
    "cat": lambda t, x: t.cat([x, x], axis=1),
    "stack": lambda t, x: t.stack([x, x], axis=1),
    "unsqueeze": lambda t, x: x.unsqueeze(axis=1),
    "gather": lambda t, x: x.gather(axis=0, index=t.zeros(1, 3).long()),
    "argmax": lambda t, x: x.argmax(axis=1, keepdims=True),
    "all": lambda t, x: t.all(x > 1, axis=1),
}


@pytest.mark.parametrize("name", SAID)
def test_numpys_names_are_taken_where_torch_takes_them(torch, name):
    rows = [[1.0, 2.0, 4.0], [0.5, 3.0, 1.0]]
    ours, theirs = (SAID[name](t, t.tensor(rows, dtype=t.float64)) for t in (engine, torch))
    assert ours.shape == tuple(theirs.shape)
    assert ours.allclose(engine.tensor(theirs.numpy()))


def test_the_signature_stays_and_mistakes_are_named():
    x, t = engine.ones(2, 3), cast(Any, engine)
    assert "axis" not in inspect.signature(engine.softmax).parameters
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'dim'"):
        t.softmax(x)
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        t.cumprod(x, axes=1)
    with pytest.raises(TypeError, match="dim and axis, which are the same"):
        t.softmax(x, 0, axis=1)
    with pytest.raises(TypeError, match="multiple values"):
        t.sum(x, 0, axis=1)
    with pytest.raises(DTypeError, match="softmax: input must be a Tensor, not a list"):
        t.softmax([1.0], axis=0)
