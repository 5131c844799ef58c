"""Cases of normalisation and of its gradients."""

import numpy as np

from tests.engine.ops.case import Case, exactly, normal, uniform

EPS = 0.01
# as many shapes as there are ways of laying out the axes
BATCHES = ((6, 3), (4, 3, 5), (2, 3, 2, 4))
ROWS = (((5, 4), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((3,), 1))
GROUPS = (((2, 6, 5), 3), ((3, 4), 2), ((2, 4, 2, 3), 4), ((2, 3, 4), 1))


def _batch_norm(torch, x, weight, bias, eps):
    dim = [d for d in range(x.ndim) if d != 1]
    out = torch.nn.functional.batch_norm(x, None, None, weight, bias, True, 0.1, eps)
    return out, x.mean(dim), x.var(dim, correction=0)


def _layer_norm(torch, x, weight, bias, axes, eps):
    return torch.native_layer_norm(x, x.shape[-axes:], weight, bias, eps)


def _rms_norm(torch, x, weight, axes, eps):
    out = torch.nn.functional.rms_norm(x, x.shape[-axes:], weight, eps)
    return out, (x.square().mean(tuple(range(-axes, 0)), keepdim=True) + eps).rsqrt()


def _group_norm(torch, x, weight, bias, groups, eps):
    size = x[0, 0].numel()
    return torch.native_group_norm(x, weight, bias, x.shape[0], x.shape[1], size, groups, eps)


def _gradient_of(forward, statistics):
    """The gradients of x, weight and bias as PyTorch computes them, which can be differentiated again.

    They are of the forward function on x itself: the statistics among the operands are constants of x.
    """

    def call(torch, g, x, weight, *rest):
        attrs = rest[statistics:]
        leaves = [t if t.requires_grad else t.detach().requires_grad_() for t in (x, weight)]
        if forward is not _rms_norm:
            leaves.append(torch.zeros_like(weight).requires_grad_())
        out = forward(torch, *leaves, *attrs)[0]
        return torch.autograd.grad(out, leaves, g, create_graph=True)

    return call


RNG = np.random.default_rng(4)


def _statistics(x, dim):
    return x.mean(dim, keepdims=True), x.var(dim, keepdims=True)


def _rstd(var):
    return 1 / np.sqrt(var + EPS)


def _batch_case(shape):
    x = RNG.standard_normal(shape)
    mean, var = _statistics(x, tuple(d for d in range(x.ndim) if d != 1))
    draws = (
        normal(*shape),
        exactly(x),
        normal(shape[1]),
        exactly(mean.reshape(-1)),
        exactly(var.reshape(-1)),
    )
    return Case(draws, (EPS,), _gradient_of(_batch_norm, 2), finite_differences=False)


def _layer_case(shape, axes):
    x = RNG.standard_normal(shape)
    mean, var = _statistics(x, tuple(range(-axes, 0)))
    draws = (normal(*shape), exactly(x), normal(*shape[-axes:]), exactly(mean), exactly(_rstd(var)))
    return Case(draws, (axes, EPS), _gradient_of(_layer_norm, 2), finite_differences=False)


def _rms_case(shape, axes):
    x = RNG.standard_normal(shape)
    rstd = _rstd((x * x).mean(tuple(range(-axes, 0)), keepdims=True))
    draws = (normal(*shape), exactly(x), normal(*shape[-axes:]), exactly(rstd))
    return Case(draws, (axes, EPS), _gradient_of(_rms_norm, 1), finite_differences=False)


def _group_case(shape, groups):
    x = RNG.standard_normal(shape)
    mean, var = (s[..., 0] for s in _statistics(x.reshape(shape[0], groups, -1), 2))
    draws = (normal(*shape), exactly(x), normal(shape[1]), exactly(mean), exactly(_rstd(var)))
    return Case(draws, (groups, EPS), _gradient_of(_group_norm, 2), finite_differences=False)


def _track(torch, running_mean, running_var, mean, var, momentum, count):
    unbiased = var * count / (count - 1)
    return running_mean.lerp(mean, momentum), running_var.lerp(unbiased, momentum)


CASES = {
    "batch_norm": [
        Case((normal(*shape), normal(shape[1]), normal(shape[1])), (EPS,), _batch_norm) for shape in BATCHES
    ],
    "batch_norm_grad": [_batch_case(shape) for shape in BATCHES],
    "track_statistics": [
        Case((normal(3), uniform(1, 2, 3), normal(3), uniform(1, 2, 3), exactly(0.3)), (count,), _track)
        for count in (2, 50)
    ],
    "layer_norm": [
        Case((normal(*shape), normal(*shape[-axes:]), normal(*shape[-axes:])), (axes, EPS), _layer_norm)
        for shape, axes in ROWS
    ],
    "layer_norm_grad": [_layer_case(*row) for row in ROWS],
    "rms_norm": [
        Case((normal(*shape), normal(*shape[-axes:])), (axes, EPS), _rms_norm) for shape, axes in ROWS
    ],
    "rms_norm_grad": [_rms_case(*row) for row in ROWS],
    "group_norm": [
        Case((normal(*shape), normal(shape[1]), normal(shape[1])), (groups, EPS), _group_norm)
        for shape, groups in GROUPS
    ],
    "group_norm_grad": [_group_case(*group) for group in GROUPS],
}
