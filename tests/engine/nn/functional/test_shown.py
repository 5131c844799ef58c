"""Functions of layers under their names at the top."""

import numpy as np
import pytest

import engine
from tests.engine.nn.pairs import close

X = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("celu", (0.5,)),
        ("celu_", ()),
        ("hardshrink", (0.3,)),
        ("relu_", ()),
        ("rrelu", (0.1, 0.3, False)),
        ("rrelu_", (0.1, 0.3, False)),
        ("selu", ()),
        ("selu_", ()),
        ("threshold", (0.1, 2.0)),
        ("threshold_", (0.1, 2.0)),
        ("alpha_dropout", (0.5, False)),
        ("alpha_dropout_", (0.5, False)),
        ("feature_alpha_dropout_", (0.5, False)),
        ("dropout_", (0.5, False)),
        ("dropout_", (1.0, True)),
    ],
)
def test_functions_at_the_top_agree_with_torch(torch, name, args):
    ours, theirs = (getattr(lib, name)(lib.tensor(X), *args) for lib in (engine, torch))
    close(ours, theirs, 1e-5, name)
    if name.endswith("_"):
        x = engine.tensor(X)
        assert getattr(engine, name)(x, *args) is x


def test_the_table_comes_first_at_the_top(torch):
    grads = []
    for lib in (engine, torch):
        weight = lib.tensor(X, requires_grad=True)
        out = lib.embedding(weight, lib.tensor([[0, 2], [2, 1]]), 2, True)
        out.sum().backward()
        grads.append(weight.grad)
    ours, theirs = grads
    close(ours, theirs, 1e-6, "gradient")
