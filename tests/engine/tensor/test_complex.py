"""Complex numbers: their parts, what isn't defined for them, and gradients in PyTorch's convention."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, EngineError, NotDifferentiable


def pair(torch, *shape, seed=0):
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)
    return engine.from_numpy(values), torch.from_numpy(values)


def test_numbers_become_complex_tensors(torch):
    assert engine.tensor([1j, 2]).dtype is engine.complex64
    assert engine.tensor(np.ones(2, complex)).dtype is engine.complex128
    assert engine.full((2,), 1 + 1j).tolist() == [1 + 1j, 1 + 1j]
    assert complex(engine.tensor(2 - 1j)) == engine.tensor(2 - 1j).item() == 2 - 1j
    z, t = engine.tensor([1.5 + 2j, -3 - 0.25j]), torch.tensor([1.5 + 2j, -3 - 0.25j])
    assert repr(z) == repr(t)
    assert repr(z[0]) == repr(t[0])
    assert repr(z.to(engine.complex128)) == repr(t.to(torch.complex128)).replace("torch", "engine")


def test_parts_are_views(torch):
    z, _ = pair(torch, 2, 3)
    parts = engine.view_as_real(z)
    z.real.fill_(1)
    z.imag[0] = 2
    assert parts.shape == (2, 3, 2)
    assert parts[..., 0].tolist() == [[1] * 3] * 2
    assert engine.view_as_complex(parts).tolist() == z.tolist()
    x = engine.ones(2)
    assert (x.real is x, x.conj() is x, x.resolve_conj() is x) == (True, True, True)
    with pytest.raises(DTypeError, match="imag is defined for complex"):
        _ = x.imag
    with pytest.raises(DTypeError, match="two float32 or two float64"):
        engine.complex(x, x.double())


def test_conversion_keeps_the_real_part_or_what_is_not_zero(torch):
    z = engine.tensor([1 + 2j, 2j, 0])
    assert z.float().tolist() == [1, 0, 0]
    assert z.bool().tolist() == [True, True, False]
    assert z.abs().dtype is engine.float32


@pytest.mark.parametrize(
    "refused",
    [
        lambda z: z < z,
        lambda z: z >= 1,
        lambda z: engine.maximum(z, z),
        lambda z: z.clamp(0, 1),
        lambda z: z // 2,
        lambda z: z % 2,
        lambda z: z.floor(),
        lambda z: z.relu(),
        lambda z: z.amax(),
        lambda z: z.max(0),
        lambda z: z.argmin(),
        lambda z: z.sort(),
        lambda z: z.cummax(0),
    ],
)
def test_what_needs_an_order_is_refused(refused):
    with pytest.raises(DTypeError, match="no order"):
        refused(engine.tensor([1j, 2]))


@pytest.mark.parametrize("name", ["erf", "lgamma", "logsumexp", "var"])
def test_what_is_written_for_real_numbers_only_is_refused(name):
    arguments = (0,) if name == "logsumexp" else ()
    with pytest.raises(DTypeError, match=r"take .*abs\(\), \.real or \.imag"):
        getattr(engine, name)(engine.tensor([1j, 2]), *arguments)


def test_a_gradient_that_is_not_written_for_complex_numbers_is_refused():
    z = engine.tensor([1j, 2], requires_grad=True)
    assert z.detach().asin().dtype is engine.complex64
    with pytest.raises(NotDifferentiable, match="'asin' isn't written for complex"):
        z.asin()


def test_gradients_of_mixed_expressions_agree_with_torch(torch):
    a, b = pair(torch, 3, 4)
    x, y = engine.ones(4) * 0.7, torch.ones(4) * 0.7
    for leaf in (a, b, x, y):
        leaf.requires_grad_()

    def loss(m, z, r):
        w = (z * r + 2j).exp() / (z.conj() + 3)
        return (w @ z.mT).abs().sum() + (m.angle(z) * r).sum() + m.sgn(z).real.sum() + (z**2).imag.sum()

    loss(engine, a, x).backward()
    loss(torch, b, y).backward()
    assert (a.grad.dtype, x.grad.dtype) == (engine.complex64, engine.float32)
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-4, atol=1e-4)


def test_zero_has_no_direction_and_no_gradient():
    z = engine.zeros(2, dtype=engine.complex64, requires_grad=True)
    (z.abs().sum() + z.angle().sum() + z.sgn().abs().sum()).backward()
    assert z.grad.tolist() == [0, 0]


def test_only_sgd_descends_along_complex_gradients():
    z = engine.tensor([1 + 1j], requires_grad=True)
    optimizer = engine.optim.SGD([z], lr=0.1, momentum=0.9)
    (z.abs() ** 2).sum().backward()
    optimizer.step()
    assert z.item() == pytest.approx(0.8 + 0.8j)
    with pytest.raises(EngineError, match="Adam isn't written for complex"):
        engine.optim.Adam([z])


def test_a_complex_loss_needs_its_gradient():
    z = engine.tensor(1j, requires_grad=True)
    with pytest.raises(NotDifferentiable):
        (z * 2).backward()
    (z * 2).backward(engine.tensor(1 + 0j))
    assert z.grad.item() == 2
