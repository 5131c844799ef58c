"""The same layer in the engine and in PyTorch, on the same input."""

import numpy as np

import engine


def compare(torch, ours, theirs, *arrays, tolerance=1e-5, gradients=True):
    """Outputs, and the gradients of inputs and parameters for one random cotangent. Returns both outputs."""
    a = [engine.tensor(x) for x in arrays]
    b = [torch.tensor(x) for x in arrays]
    if gradients:
        for x in (*a, *b):
            if x.is_floating_point():
                x.requires_grad_()
    y, z = ours(*a), theirs(*b)
    close(y, z, tolerance, "output")
    if gradients:
        cotangent = np.random.default_rng(8).standard_normal(tuple(z.shape)).astype(z.detach().numpy().dtype)
        y.backward(engine.tensor(cotangent))
        z.backward(torch.tensor(cotangent))
        for k, (p, q) in enumerate(zip(a, b, strict=True)):
            if q.grad is not None:
                close(p.grad, q.grad, tolerance * 10, f"gradient of input {k}")
        named = dict(ours.named_parameters()) if hasattr(ours, "named_parameters") else {}
        for name, p in named.items():
            q = theirs.get_parameter(name)
            close(p.grad, q.grad, tolerance * 10, f"gradient of {name}")
    return y, z


def close(ours, theirs, tolerance, what):
    x, y = ours.detach().numpy(), theirs.detach().numpy()
    assert x.shape == y.shape, f"{what}: {x.shape}, expected {y.shape}"
    assert x.dtype == y.dtype, f"{what}: {x.dtype}, expected {y.dtype}"
    scale = max(float(np.abs(y).max(initial=0.0)), 1e-3) if y.dtype.kind == "f" else 1.0
    np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def same_state(ours, theirs, tolerance=1e-5):
    """Equal keys, in the same order, and equal values."""
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    for key, value in other.items():
        close(mine[key], value, tolerance, key)
