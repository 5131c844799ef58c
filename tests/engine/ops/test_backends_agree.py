"""Every op on NumPy's kernels, on native ones, and in a captured step."""

import numpy as np
import pytest

import engine
from engine.autograd.tape import create, overwrite
from engine.backends import NUMPY, native
from engine.device import CPU
from engine.ops import OPS
from tests.engine.ops import checks
from tests.engine.ops.test_ops import CASES

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)
NATIVE = native.BACKEND.kernels

# sums in another order, exponentials and error functions by other polynomials
TOLERANCE = 3e-5
# what the matrices' decompositions leave open, signs and phases, and memory that nobody has written to
OPEN = {"empty"}
# the values decide on the shapes, and so they are read
READ = {"nonzero", "unique"}

every_case = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{k}")
        for name, cases in CASES.items()
        for k, case in enumerate(cases)
        if name not in OPEN
    ],
)


def applied(name, attrs):
    """The op as a step: it gives its results, or what it has overwritten."""
    op = OPS[name]

    def step(*operands):
        with engine.no_grad():
            if op.mutates:
                overwrite(op, operands, attrs)
                return [operands[k] for k in op.mutates]
            if not operands:
                return [create(op, CPU, attrs)]
            found = op(*operands, *attrs)
        return list(found) if isinstance(found, tuple) else [found]

    return step


def results(step, arrays):
    return [x.numpy().copy() for x in step(*[engine.from_numpy(np.array(a)) for a in arrays])]


@every_case
def test_native_kernels_agree_with_numpy(monkeypatch, name, case):
    arrays, step = case.arrays(name, np.float32), applied(name, case.attrs)
    monkeypatch.setattr(CPU, "kernels", NUMPY.kernels)
    expected = results(step, arrays)
    monkeypatch.setattr(CPU, "kernels", NATIVE)
    found = results(step, arrays)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert a.dtype == b.dtype
        checks.close(a, b, max(TOLERANCE, case.tolerance32), f"{name}, result {k}")


@every_case
def test_captured_steps_agree_with_native_kernels(monkeypatch, name, case):
    arrays, step = case.arrays(name, np.float32), applied(name, case.attrs)
    monkeypatch.setattr(CPU, "kernels", NATIVE)
    expected = results(step, arrays)
    run = engine.capture(step)
    results(run, arrays)
    results(run, arrays)
    found = results(run, arrays)
    report = run.report()
    assert report.replays == 1 or name in READ, str(report)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
