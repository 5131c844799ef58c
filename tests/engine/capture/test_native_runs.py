"""Steps whose kernels are native: what they leave, where, and what they take."""

import tracemalloc
from typing import Any

import pytest

import engine as torch
from engine import nn
from engine.backends import native
from tests.engine.capture.steps import assert_same, batches

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

ROWS, WIDTH = 64, 128


def normed():
    """A step whose gradients are large enough to be kept for the next one."""
    weight, bias = torch.ones(WIDTH, 32, requires_grad=True), torch.zeros(WIDTH, 32, requires_grad=True)
    opt, slope = torch.optim.SGD([weight, bias], 0.1), torch.ones(ROWS, WIDTH, 32)

    def step(x):
        opt.zero_grad()
        out = nn.functional.gelu(nn.functional.layer_norm(x, (WIDTH, 32), weight, bias))
        out.backward(slope)
        opt.step()
        return out.detach()

    return weight, bias, step


def address(x):
    return x._data.__array_interface__["data"][0]


@pytest.fixture
def given():
    return [x for x, _ in batches(8, WIDTH, 32, rows=ROWS)]


def test_calls_of_native_kernels_follow_each_other_without_python(given):
    _, _, step = normed()
    run = torch.capture(step)
    for x in given:
        run(x)
    (program,) = run.report().variants
    assert program.native >= 5
    assert program.runs == 1
    assert program.arena_bytes > 0
    assert "native in 1 runs" in str(run.report())


def test_what_left_a_step_stays_as_it_was_while_somebody_holds_it(given):
    _, _, plain = normed()
    weight, _, step = normed()
    run = torch.capture(step)
    eager = [plain(x).numpy().copy() for x in given]
    outs, grads = [], []
    for x in given:
        outs.append(run(x))
        grads.append((weight.grad, weight.grad.numpy().copy()))
    assert run.report().replays >= 5
    for out, expected in zip(outs, eager, strict=True):
        assert (out.numpy() == expected).all()
    for grad, copy in grads:
        assert (grad.numpy() == copy).all()


def test_what_nobody_holds_lends_its_memory_to_the_next_step(given):
    weight, bias, step = normed()
    run = torch.capture(step)
    places = []
    for x in given:
        out = run(x)
        places.append((address(out), address(weight.grad), address(bias.grad)))
        del out
    assert len(set(places[-4:])) == 1


def test_a_view_of_what_left_a_step_holds_it_too(given):
    _, _, step = normed()
    run = torch.capture(step)
    for x in given[:3]:
        run(x)
    out = run(given[3])
    rows = out.numpy()[3:5]
    before = rows.copy()
    del out
    run(given[5])
    run(given[6])
    assert (rows == before).all()


def test_gradients_that_gather_over_steps_stay():
    def losses(captured):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 3))
        opt = torch.optim.Adam(model.parameters(), 0.01)

        def gather(x, y):
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            return loss.detach()

        run: Any = torch.capture(gather) if captured else gather
        found = []
        for k, (x, y) in enumerate(batches(24, 8)):
            found.append(run(x, y).item())
            if k % 3 == 2:
                opt.step()
                opt.zero_grad()
        assert not captured or run.report().replays > 12
        return found

    assert losses(True) == losses(False)


def test_small_operands_are_computed_natively_too():
    def make():
        model = nn.Sequential(nn.Linear(5, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3))
        opt = torch.optim.SGD(model.parameters(), 0.1)

        def step(x, y):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            return loss

        return model, step

    step = assert_same(make, batches(12, 5), 8)
    (program,) = step.report().variants
    assert program.native > 4


def test_element_wise_results_take_the_place_of_what_nobody_needs_any_longer():
    def step(x):
        return x.exp().neg().tanh().sum()

    run = torch.capture(step)
    x = torch.ones(100, 64)
    with torch.no_grad():
        found = [run(x).item() for _ in range(4)]
        assert len(set(found)) == 1
        assert found[0] == step(x).item()
    (program,) = run.report().variants
    assert program.runs == 1
    assert program.arena_bytes == x.numpy().nbytes


def test_an_operand_that_is_read_in_another_order_too_is_not_overwritten():
    def step(x):
        e = x.exp()
        return (e + e.t()).neg().sum(0)

    run = torch.capture(step)
    x = torch.arange(0, 6400, dtype=torch.float32).reshape(80, 80) / 6400
    with torch.no_grad():
        found = [run(x) for _ in range(4)]
        assert (found[3] == step(x)).all()
    assert run.report().replays


@pytest.mark.parametrize("count", [2, 9, 10, 11])
def test_replays_leave_no_memory_behind(count):
    @torch.capture
    def step(*inputs):
        return [x * 2 for x in inputs]

    inputs = [torch.ones(8) for _ in range(count)]
    for _ in range(20):
        step(*inputs)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            step(*inputs)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 4000
