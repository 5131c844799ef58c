"""Cases of activations that are ops."""

import numpy as np

from tests.engine.ops.case import Case, exactly, normal, uniform

ENDS = exactly([0.0, -0.0, -40.0, 40.0, np.nan])


def _gelu(torch, x, approximate):
    return torch.nn.functional.gelu(x, approximate=approximate)


def _gelu_grad(torch, g, x, approximate):
    x = x if x.requires_grad else x.detach().requires_grad_()
    return torch.autograd.grad(_gelu(torch, x, approximate), x, g, create_graph=True)[0]


CASES = {
    "gelu": [
        case
        for approximate in ("none", "tanh")
        for case in (
            Case((normal(3, 4),), (approximate,), _gelu),
            Case((uniform(-6, 6, 40),), (approximate,), _gelu),
            Case((ENDS,), (approximate,), _gelu, finite_differences=False),
            Case((exactly(0.7),), (approximate,), _gelu),
        )
    ],
    "gelu_grad": [
        Case((normal(3, 4), uniform(-3, 3, 3, 4)), (approximate,), _gelu_grad)
        for approximate in ("none", "tanh")
    ],
}
