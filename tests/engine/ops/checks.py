"""Running an op on arrays, and what is asked of every op."""

import numpy as np

import engine
from engine.autograd.tape import create, overwrite, wrap
from engine.device import CPU, META_DEVICE
from engine.ops import OPS

EPS = 1e-6


def call(name, arrays, attrs, requires_grad=False, device=CPU):
    """The op's operands and its results (those it overwrote, for one that overwrites), both as tuples."""
    op = OPS[name]
    operands = tuple(wrap(device.backend.from_numpy(np.array(a)), device) for a in arrays)
    if requires_grad:
        for x in operands:
            if x.is_floating_point() or x.is_complex():
                x.requires_grad_()
    if op.mutates:
        overwrite(op, operands, attrs)
        return operands, tuple(operands[k] for k in op.mutates)
    if not operands:
        return (), (create(op, device, attrs),)
    out = op(*operands, *attrs)
    return operands, out if isinstance(out, tuple) else (out,)


def smooth(name, results):
    """The results that gradients flow through."""
    flags = OPS[name].differentiable_outputs
    return [r for r, flows in zip(results, flags, strict=True) if flows and r.requires_grad]


def close(ours, theirs, tolerance, what):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, expected {theirs.shape}"
    if theirs.dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, theirs, err_msg=what)
        return
    finite = theirs[np.isfinite(theirs)]
    scale = np.abs(finite).max() if finite.size else 1.0
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(scale, 1e-3), err_msg=what)


def weights(results, seed=5):
    """A fixed random weight for each result, so that a weighted sum of them sees every element."""
    rng = np.random.default_rng(seed)
    return [_drawn(rng, r.shape, r.is_complex()).astype(r.dtype.numpy) for r in results]


def _drawn(rng, shape, is_complex):
    real = rng.standard_normal(shape)
    return real + 1j * rng.standard_normal(shape) if is_complex else real


def product(a, b):
    """The real number that the sum over conj(a) b is, of its real part where they are complex."""
    return float(np.vdot(a, b).real)


def gradients(name, arrays, attrs, create_graph=False):
    """The gradients of a weighted sum of an op's results, None where there is none; with its operands."""
    operands, results = call(name, arrays, attrs, requires_grad=True)
    flowing = smooth(name, results)
    if not flowing:
        return operands, [None] * len(operands)
    wanted = [x for x in operands if x.requires_grad]
    found = engine.autograd.grad(
        flowing,
        wanted,
        [engine.tensor(w) for w in weights(flowing)],
        create_graph=create_graph,
        allow_unused=True,
    )
    by_id = {id(x): g for x, g in zip(wanted, found, strict=True)}
    return operands, [by_id.get(id(x)) for x in operands]


def along(arrays, direction, step):
    return [a + step * d if d is not None else a for a, d in zip(arrays, direction, strict=True)]


def random_direction(arrays, seed=9):
    rng = np.random.default_rng(seed)
    return [_drawn(rng, a.shape, a.dtype.kind == "c") if a.dtype.kind in "fc" else None for a in arrays]


def weighted_sum(name, arrays, attrs):
    """sum of w * result over the results that gradients flow through, as a float."""
    _, results = call(name, arrays, attrs, requires_grad=True)
    flowing = smooth(name, results)
    return sum(product(w, r.detach().numpy()) for r, w in zip(flowing, weights(flowing), strict=True))


def weighted_gradient_sum(name, arrays, attrs):
    """sum of v * gradient over the operands, as a float: a scalar function to differentiate once more."""
    _, found = gradients(name, arrays, attrs)
    given = [g for g in found if g is not None]
    return sum(product(v, g.numpy()) for g, v in zip(given, weights(given, seed=6), strict=True))


def on_meta(name, arrays, attrs):
    return call(name, arrays, attrs, device=META_DEVICE)[1]
