"""Orthogonal weights against PyTorch's."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import EngineError
from engine.nn.utils import parametrizations
from tests.engine.nn.pairs import compare


@pytest.mark.parametrize("shape", [(4, 4), (6, 4), (4, 6)])
@pytest.mark.parametrize("mapped", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal_weights_agree_with_torch_and_stay_orthogonal(torch, shape, mapped, trivial):
    outputs, inputs = shape
    if not trivial and (mapped == "householder" or (mapped is None and outputs != inputs)):
        with pytest.raises(EngineError, match="use_trivialization=True"):
            parametrizations.orthogonal(
                nn.Linear(inputs, outputs), "weight", mapped, use_trivialization=False
            )
        return
    ours, theirs = (
        lib.nn.utils.parametrizations.orthogonal(
            lib.nn.Linear(inputs, outputs), "weight", mapped, use_trivialization=trivial
        )
        for lib in (engine, torch)
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal((5, inputs)).astype(np.float32)
    compare(torch, ours, theirs, x, tolerance=1e-4)
    with engine.no_grad():
        for p in ours.parameters():
            p.sub_(p.grad * 0.1)
    w = ours.weight.detach().numpy()
    product = w @ w.T if outputs < inputs else w.T @ w
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)


def test_an_orthogonal_matrix_can_be_assigned():
    layer = parametrizations.orthogonal(nn.Linear(5, 5))
    wanted = nn.init.orthogonal_(engine.empty(5, 5))
    setattr(layer, "weight", wanted)  # noqa: B010  # a plain tensor, which the type of `weight` forbids
    np.testing.assert_allclose(layer.weight.detach().numpy(), wanted.numpy(), atol=1e-6)
