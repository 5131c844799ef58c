"""Every op of the table against PyTorch, finite differences and the meta backend."""

from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.backends import META, NUMPY
from engine.ops import OPS
from tests.engine.ops import checks

# an op may have cases in several files
CASES: dict[str, list[Any]] = {}
for _path in sorted(Path(__file__).parent.glob("cases_*.py")):
    for _name, _cases in import_module(f"tests.engine.ops.{_path.stem}").CASES.items():
        CASES.setdefault(_name, []).extend(_cases)


def _listed(keep=lambda op, case: True):
    return [
        pytest.param(name, case, id=f"{name}-{k}")
        for name, cases in CASES.items()
        for k, case in enumerate(cases)
        if name in OPS and keep(OPS[name], case)
    ]


def _has_rule(op, case):
    return not op.constant and op.vjp is not None


every_case = pytest.mark.parametrize(("name", "case"), _listed())
every_judged_case = pytest.mark.parametrize(("name", "case"), _listed(lambda op, case: case.torch))
every_differentiable_case = pytest.mark.parametrize(
    ("name", "case"), _listed(lambda op, case: _has_rule(op, case) and case.torch)
)
every_smooth_case = pytest.mark.parametrize(
    ("name", "case"), _listed(lambda op, case: _has_rule(op, case) and case.finite_differences)
)


def test_every_op_has_a_case_and_a_kernel_on_each_backend():
    assert CASES.keys() == OPS.keys()
    assert NUMPY.kernels.keys() == OPS.keys()
    assert META.kernels.keys() == OPS.keys()


def _floats(name, case):
    """The precisions in which a case is worth trying."""
    drawn = case.arrays(name, np.float64)
    return (np.float32, np.float64) if any(a.dtype.kind in "fc" for a in drawn) else (np.float64,)


@every_judged_case
def test_values_agree_with_torch(torch, name, case):
    for floating in _floats(name, case):
        arrays = case.arrays(name, floating)
        _, ours = checks.call(name, arrays, case.attrs)
        theirs = case.torch(torch, *[torch.tensor(a) for a in arrays], *case.attrs)
        theirs = theirs if isinstance(theirs, tuple) else (theirs,)
        tolerance = 1e-10 if floating is np.float64 else case.tolerance32
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert str(a.dtype).removeprefix("engine.") == str(b.dtype).removeprefix("torch."), name
            checks.close(
                a.detach().numpy(), b.detach().resolve_conj().numpy(), tolerance, f"{name}, result {k}"
            )


@every_differentiable_case
def test_gradients_agree_with_torch(torch, name, case):
    for floating in _floats(name, case):
        arrays = case.arrays(name, floating)
        operands, found = checks.gradients(name, arrays, case.attrs)
        theirs = [torch.tensor(a) for a in arrays]
        for x in theirs:
            if x.is_floating_point() or x.is_complex():
                x.requires_grad_()
        results = case.torch(torch, *theirs, *case.attrs)
        results = results if isinstance(results, tuple) else (results,)
        flows = OPS[name].differentiable_outputs
        results = [r for r, f in zip(results, flows, strict=True) if f and r.requires_grad]
        if not results:
            assert all(g is None for g in found)
            continue
        chosen = [engine.tensor(r.detach().numpy()) for r in results]
        torch.autograd.backward(results, [torch.tensor(w) for w in checks.weights(chosen)])
        tolerance = 1e-10 if floating is np.float64 else case.tolerance32
        for k, (x, g, other) in enumerate(zip(operands, found, theirs, strict=True)):
            if g is None:
                rules: Any = OPS[name].vjp
                assert other.grad is None or rules[k] is None, f"{name}, operand {k}"
                continue
            assert g.dtype is x.dtype
            expected = np.zeros(x.shape) if other.grad is None else other.grad.resolve_conj().numpy()
            checks.close(g.numpy(), expected, tolerance, f"{name}, gradient of operand {k}")


@every_smooth_case
def test_gradients_agree_with_finite_differences(name, case):
    arrays = case.arrays(name, np.float64)
    direction = checks.random_direction(arrays)
    _, found = checks.gradients(name, arrays, case.attrs)
    slope = sum(checks.product(g.numpy(), d) for g, d in zip(found, direction, strict=True) if g is not None)
    ahead, behind = (
        checks.weighted_sum(name, checks.along(arrays, direction, step), case.attrs)
        for step in (checks.EPS, -checks.EPS)
    )
    assert slope == pytest.approx((ahead - behind) / (2 * checks.EPS), rel=2e-5, abs=2e-7)


@every_smooth_case
def test_gradients_of_gradients_agree_with_finite_differences(name, case):
    arrays = case.arrays(name, np.float64)
    direction = checks.random_direction(arrays, seed=11)
    operands, found = checks.gradients(name, arrays, case.attrs, create_graph=True)
    given = [g for g in found if g is not None]
    wanted = [x for x in operands if x.requires_grad]
    roots = [(g, v) for g, v in zip(given, checks.weights(given, seed=6), strict=True) if g.requires_grad]
    slope = 0.0
    if roots:
        second = engine.autograd.grad(
            [g for g, _ in roots], wanted, [engine.tensor(v) for _, v in roots], allow_unused=True
        )
        by_id = {id(x): h for x, h in zip(wanted, second, strict=True)}
        for x, d in zip(operands, direction, strict=True):
            h = by_id.get(id(x))
            slope += 0.0 if h is None else checks.product(h.numpy(), d)
    ahead, behind = (
        checks.weighted_gradient_sum(name, checks.along(arrays, direction, step), case.attrs)
        for step in (checks.EPS, -checks.EPS)
    )
    assert slope == pytest.approx((ahead - behind) / (2 * checks.EPS), rel=2e-5, abs=2e-6)


# the shapes of nonzero and unique depend on the values, which meta doesn't have
@pytest.mark.parametrize(("name", "case"), _listed(lambda op, case: op.name not in ("nonzero", "unique")))
def test_meta_agrees_with_numpy(name, case):
    for floating in _floats(name, case):
        arrays = case.arrays(name, floating)
        _, real = checks.call(name, arrays, case.attrs)
        described = checks.on_meta(name, arrays, case.attrs)
        for a, b in zip(real, described, strict=True):
            assert (tuple(b.shape), b.dtype) == (tuple(a.shape), a.dtype), name


@every_case
def test_operands_are_left_alone_unless_declared(name, case):
    arrays = case.arrays(name, np.float64)
    operands, _ = checks.call(name, arrays, case.attrs)
    for k, (before, after) in enumerate(zip(arrays, operands, strict=True)):
        if k not in OPS[name].mutates:
            np.testing.assert_array_equal(after.numpy(), before, err_msg=f"{name} changed operand {k}")


@pytest.mark.parametrize(("name", "case"), _listed(lambda op, case: not op.view and not op.mutates))
def test_results_have_memory_of_their_own(name, case):
    operands, results = checks.call(name, case.arrays(name, np.float64), case.attrs)
    for x, out in chain.from_iterable([(x, out) for out in results] for x in operands):
        assert not np.shares_memory(x.numpy(), out.numpy()), f"{name} gives a view of an operand"


@pytest.mark.parametrize(("name", "case"), _listed(lambda op, case: op.view))
def test_views_share_memory_and_version(name, case):
    operands, (out,) = checks.call(name, case.arrays(name, np.float64), case.attrs)
    if out.numel():
        assert np.shares_memory(operands[0].numpy(), out.numpy())
        assert out._version is operands[0]._version is not None
