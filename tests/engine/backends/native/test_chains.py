"""Calls that are made together: what leads a chain, what follows part by part, what shares a round."""

import numpy as np
import pytest

from engine.backends import native
from engine.backends.numpy import BACKEND as NUMPY
from tests.engine.backends.native.test_rows import CASES, KERNELS

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

SIZES = (1, 5, 4096, 4097, 60_001)


def calls_that_lead():
    return [
        pytest.param(made, id=f"{name}-{k}")
        for name, cases in CASES.items()
        for k, operands in enumerate(cases)
        if (made := native.ROWS[name](*operands)) is not None and made.name in native.LEADING
    ]


def call(program, name, inputs, outputs, ints=(), reals=()):
    numbers = [[program.add(array) for array in arrays] for arrays in (inputs, outputs)]
    program.call(native.handle(name), *numbers, ints, reals)


def run(program):
    program.segment(0, program.size, [])([])


def test_every_kernel_that_leads_is_tried():
    assert {each.values[0].name for each in calls_that_lead()} == native.LEADING


@pytest.mark.parametrize("made", calls_that_lead())
@pytest.mark.parametrize("threads", [1, 3])
def test_a_kernel_that_leads_says_once_of_every_element_that_it_is_done_with_it(made, threads):
    outputs, alone = ([np.full(shape, 7, dtype) for shape, dtype in made.outputs] for _ in range(2))
    first = outputs[0].reshape(-1)
    seen = np.zeros_like(first)
    native.set_threads(threads)
    for chained, results in ((True, outputs), (False, alone)):
        program = native.program(0)
        call(program, made.name, made.inputs, results, made.ints, made.reals)
        if chained:
            call(program, "add", [seen, np.ones((), np.float32)], [seen])
            call(program, "neg", [first], [first])
            program.chain(0, first.size, True, 0)
        run(program)
    assert (seen == 1).all()
    np.testing.assert_array_equal(-first, alone[0].reshape(-1))


@pytest.mark.parametrize("elements", SIZES)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_chain_gives_the_bits_of_its_calls_one_by_one(elements, threads):
    native.set_threads(threads)
    rng = np.random.default_rng(elements)
    x, y = rng.standard_normal((2, elements)).astype(np.float32)
    two = np.array(2, np.float32)
    kernels = KERNELS
    with np.errstate(all="ignore"):
        gate = kernels["gt"](x, y)
        wave = kernels["exp"](kernels["mul"](x, two))
        expected = kernels["gelu"](kernels["where"](gate, wave, y), "none")
    out = np.empty_like(x)
    program = native.program(0)
    of = {name: program.add(array) for name, array in {"x": x, "y": y, "two": two, "out": out}.items()}
    of["gate"] = program.add_tile(gate, 0)
    of["wave"] = program.add_tile(x, native.TILE)
    for name, inputs, output, ints in (
        ("gt", "x y", "gate", ()),
        ("mul", "x two", "wave", ()),
        ("exp", "wave", "wave", ()),
        ("where", "gate wave y", "wave", ()),
        ("gelu", "wave", "out", (0,)),
    ):
        program.call(native.handle(name), [of[each] for each in inputs.split()], [of[output]], ints, ())
    program.chain(0, elements, False, 5 * native.TILE)
    run(program)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_steps_in_one_round_give_the_bits_of_each_by_itself(threads):
    native.set_threads(threads)
    rng = np.random.default_rng(0)
    rate = np.array(0.1)

    def given():
        return [
            [
                *rng.standard_normal((3, size)).astype(np.float32),
                np.zeros(size, np.float32),
                np.zeros((), np.float32),
            ]
            for size in (3, 0, 70_000, 1, 16_384, 40)
        ]

    numbers = (0.9, 0.999, 1e-8, 0.0)
    ours = given()
    rng = np.random.default_rng(0)
    theirs = given()
    for p, g, m, v, step in theirs:
        if p.size:
            NUMPY.kernels["adam_step"](p, g, m, v, step, rate, *numbers, False, False)
    alone = [[each.copy() for each in arrays] for arrays in ours]
    for turn in (ours, alone):
        program = native.program(0)
        for arrays in turn:
            call(program, "adam_step", [*arrays, rate], [], (0, 0), numbers)
        if turn is ours:
            program.together(0)
        run(program)
    for mine, other, reference in zip(ours, alone, theirs, strict=True):
        for a, b, c in zip(mine, other, reference, strict=True):
            np.testing.assert_array_equal(a, b)
            if a.size > 1:
                np.testing.assert_allclose(a, c, rtol=2e-5, atol=1e-6)


@pytest.fixture(autouse=True)
def as_many_threads_as_before():
    before = native.get_threads()
    yield
    native.set_threads(before)
