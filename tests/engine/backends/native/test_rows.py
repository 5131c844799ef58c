"""Kernels in C++ beside NumPy's, which are their oracle."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from engine.backends import NUMPY, native
from engine.ops import OPS
from tests.engine.backends.native import (
    cases_attention,
    cases_convolutions,
    cases_copies,
    cases_elementwise,
    cases_extremes,
    cases_indexing,
    cases_losses,
    cases_norms,
    cases_orders,
    cases_pools,
    cases_products,
    cases_random,
    cases_recurrence,
    cases_reductions,
    cases_sampling,
    cases_scans,
    cases_steps,
)

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = native.BACKEND.kernels


def _drawn(*shapes):
    generator = np.random.default_rng(7)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


def _step(*, moments, counted):
    """p, g and the moments, which are positive, then the count of steps where there is one, and lr."""
    shape = (70, 71)
    arrays = [abs(a) if k > 1 else a for k, a in enumerate(_drawn(*[shape] * (2 + moments)))]
    return (*arrays, *([np.array(3, np.float32)] if counted else []), np.array(0.01))


# of each op, calls that its row takes: odd sizes too, for what is left over beside whole vectors
CASES: dict[str, list[Any]] = {
    **cases_attention.CASES,
    **cases_copies.CASES,
    **cases_elementwise.CASES,
    **cases_recurrence.CASES,
    **cases_extremes.CASES,
    **cases_indexing.CASES,
    **cases_losses.CASES,
    **cases_norms.CASES,
    **cases_products.CASES,
    **cases_random.CASES,
    **cases_orders.CASES,
    **cases_sampling.CASES,
    **cases_scans.CASES,
    **cases_steps.CASES,
    **cases_reductions.CASES,
    "gelu": [(*_drawn((64, 65)), "none"), (*_drawn((130, 517)), "tanh")],
    "gelu_grad": [(*_drawn((64, 65), (64, 65)), "none"), (*_drawn((3, 41, 517), (3, 41, 517)), "tanh")],
    "sgd_step": [(*_step(moments=0, counted=False), 0.1, maximize) for maximize in (False, True)],
    "sgd_momentum_step": [
        (*_step(moments=1, counted=False), 0.9, 0.0, 0.1, True, False),
        (*_step(moments=1, counted=False), 0.9, 0.3, 0.0, False, True),
    ],
    "adam_step": [
        (*_step(moments=2, counted=True), 0.9, 0.999, 1e-8, 0.1, decoupled, decoupled)
        for decoupled in (False, True)
    ],
    "amsgrad_step": [(*_step(moments=3, counted=True), 0.9, 0.999, 1e-8, 0.1, False, False)],
    **cases_convolutions.CASES,
    **cases_pools.CASES,
}
every_case = pytest.mark.parametrize(
    ("name", "operands"),
    [
        pytest.param(name, case, id=f"{name}-{k}")
        for name, cases in CASES.items()
        for k, case in enumerate(cases)
    ],
)


@pytest.fixture(autouse=True)
def _two_threads():
    before = native.get_threads()
    native.set_threads(2)
    yield
    native.set_threads(before)


def _copied(x):
    """The same numbers in memory of their own, lying as they did."""
    extent = 1 + sum((n - 1) * step // x.itemsize for n, step in zip(x.shape, x.strides, strict=True))
    out = np.lib.stride_tricks.as_strided(np.empty(extent, x.dtype), x.shape, x.strides)
    out[...] = x
    return out


def _results(kernels, name, operands):
    """Of operands of its own: the results, or what the op has made of its operands."""
    own = [_copied(each) if k in OPS[name].mutates else each for k, each in enumerate(operands)]
    found = kernels[name](*own)
    if found is None:
        return [own[k] for k in OPS[name].mutates]
    return found if isinstance(found, tuple) else (found,)


def test_every_row_has_a_case():
    assert CASES.keys() == native.ROWS.keys()


@every_case
def test_a_native_kernel_agrees_with_the_reference(name, operands):
    assert native.ROWS[name](*operands) is not None
    with np.errstate(all="ignore"):
        ours, theirs = (_results(kernels, name, operands) for kernels in (KERNELS, NUMPY.kernels))
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if b.dtype.kind != "f":
            np.testing.assert_array_equal(a, b)
        else:
            largest = max(1.0, float(np.max(np.abs(b), initial=0, where=np.isfinite(b))))
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * min(largest, 1e6))


@every_case
def test_results_do_not_depend_on_the_number_of_threads(name, operands):
    found = []
    for count in (1, 2, 3):
        native.set_threads(count)
        found.append(_results(KERNELS, name, operands))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["gelu", "softmax"])
def test_empty_and_double_operands_are_left_to_numpy(name):
    rest = ("none",) if name == "gelu" else (1,)
    (x,) = _drawn((100, 100))
    for other in (x[:0], x.astype(np.float64)):
        assert native.ROWS[name](other, *rest) is None
        np.testing.assert_array_equal(KERNELS[name](other, *rest), NUMPY.kernels[name](other, *rest))


@pytest.mark.parametrize("name", sorted(native.STEPS))
def test_steps_of_state_in_another_shape_than_the_parameter_are_left_to_numpy(name):
    operands = CASES[name][0]
    for k, operand in enumerate(operands):
        if not isinstance(operand, np.ndarray):
            continue
        other = operand[:3].copy() if operand.ndim else np.zeros((0,), operand.dtype)
        assert native.ROWS[name](*operands[:k], other, *operands[k + 1 :]) is None


def test_results_may_lie_where_an_operand_does():
    for name in sorted(native.IN_PLACE):
        for operands in CASES[name]:
            x = operands[0]
            if not x.flags.c_contiguous or not x.size:
                continue
            call = native.ROWS[name](*operands)
            if call is None or call.outputs[0] != (x.shape, x.dtype):
                continue
            program, own = native.program(0), x.copy()
            inputs = [program.add(own if each is x else each) for each in call.inputs]
            program.call(native.handle(call.name), inputs, [program.add(own)], call.ints, call.reals)
            program.segment(0, program.size, [])([])
            np.testing.assert_array_equal(own, KERNELS[name](*operands), err_msg=name)


def test_not_a_number_and_infinity_go_through_as_in_numpy():
    (x,) = _drawn((64, 100))
    x[1, 2], x[2, 3], x[3, 4] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore", over="ignore"):
        for name, rest in (("sigmoid", ()), ("softmax", (1,)), ("log_softmax", (1,))):
            ours, theirs = (kernels[name](x, *rest) for kernels in (KERNELS, NUMPY.kernels))
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6, err_msg=name)


def test_the_same_numbers_are_drawn_as_by_numpy_to_the_last_bit():
    for name in ("random_uniform", "bernoulli", "dropout"):
        for operands in CASES[name]:
            ours, theirs = (kernels[name](*operands) for kernels in (KERNELS, NUMPY.kernels))
            np.testing.assert_array_equal(ours, theirs, err_msg=name)


def _run(program):
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_forked_child_computes_with_threads_of_its_own():
    done = _run(
        "import os, numpy as np\n"
        "from engine.backends import native\n"
        "native.set_threads(2)\n"
        "x = np.ones((300, 1000), np.float32)\n"
        "softmax = native.BACKEND.kernels['softmax']\n"
        "pid = os.fork()\n"  # before any thread is running: importing alone starts none
        "assert abs(float(softmax(x, 1).sum()) - 300) < 1e-3\n"
        "if pid:\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    print('both')\n"
    )
    assert done.stdout == "both\n", done.stderr


def test_without_the_core_everything_runs_on_numpy():
    done = _run(
        "import sys\n"
        "sys.modules['engine.backends.native._core'] = None\n"
        "import engine\n"
        "from engine.backends import report\n"
        "assert report()['backends'] == ['numpy'], report()\n"
        "print(report()['native']['reason'])\n"
        "assert engine.ones(100, 100).softmax(-1).sum().item() > 99\n"
    )
    assert "C++ compiler" in done.stdout, done.stderr


def test_what_overwrites_its_operands_is_given_no_copies_of_them():
    assert {name for name in native.ROWS if OPS[name].mutates} == native.OVERWRITING


def test_operands_with_gaps_are_packed_where_a_kernel_needs_them_so():
    (x,) = _drawn((100, 100))
    assert native.ROWS["gelu"](x.T, "none") is None
    found, expected = (kernels["gelu"](x.T, "none") for kernels in (KERNELS, NUMPY.kernels))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(found, KERNELS["gelu"](np.ascontiguousarray(x.T), "none"))
