"""Many steps in one call, beside the same steps one by one."""

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.backends import native
from tests.engine.capture.steps import linear

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

STEPS, BATCH, WIDTH = 12, 8, 16


def make(optimizer="SGD"):
    """A network of native kernels alone, and a step that gives the mean square of what it makes of x."""
    weight, bias = torch.ones(WIDTH, requires_grad=True), torch.zeros(WIDTH, requires_grad=True)
    opt = getattr(torch.optim, optimizer)([weight, bias], 0.1)

    def step(x, slope):
        opt.zero_grad()
        out = nn.functional.gelu(nn.functional.layer_norm(x, (WIDTH,), weight, bias))
        out.backward(slope)
        opt.step()
        return out.detach()

    return [weight, bias], opt, step


@pytest.fixture
def sources():
    rng = np.random.default_rng(2)
    return [torch.from_numpy(rng.standard_normal((50, WIDTH)).astype(np.float32)) for _ in range(2)]


@pytest.fixture
def indices():
    return np.random.default_rng(3).integers(0, 50, (STEPS, BATCH))


def rows(sources, chosen):
    return [torch.from_numpy(x.numpy()[chosen]) for x in sources]


def blocked(run, *given, **settings):
    found = run.block(*given, **settings)
    assert found is not None, run.no_block
    return found


def one_by_one(make, sources, indices):
    parameters, _, step = make()
    outs = [step(*rows(sources, chosen)).numpy().copy() for chosen in indices]
    return outs, [p.detach().numpy().copy() for p in parameters], [p.grad.numpy().copy() for p in parameters]


def test_a_block_gives_what_its_steps_give_one_by_one(sources, indices):
    outs, weights, grads = one_by_one(lambda: make("Adam"), sources, indices)
    parameters, _, step = make("Adam")
    run = torch.capture(step)
    for k in range(4):
        np.testing.assert_array_equal(run(*rows(sources, indices[k])).numpy(), outs[k])
    (found,) = blocked(run, sources, indices[4:])
    np.testing.assert_array_equal(found, outs[4:])
    for p, weight, grad in zip(parameters, weights, grads, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), weight)
        np.testing.assert_array_equal(p.grad.numpy(), grad)
    assert run.report().replays >= 8


def test_before_there_is_a_program_there_is_no_block(sources, indices):
    _, _, step = make()
    run = torch.capture(step)
    assert run.block(sources, indices) is None
    assert "no program yet" in run.no_block


def test_a_step_that_python_takes_part_in_has_no_blocks():
    _, step = linear()[::2]

    def counted(x, y):
        step(x, y)
        return x.acosh()

    run = torch.capture(counted)
    x, y = torch.ones(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    for _ in range(4):
        run(x, y)
    assert run.report().replays
    assert (
        run.block([torch.ones(20, 4), torch.zeros(20, dtype=torch.int64)], np.zeros((3, 6), np.int64)) is None
    )
    assert "acosh" in run.no_block


def test_each_step_has_its_own_learning_rate(sources, indices):
    rates = np.linspace(0.1, 0.5, STEPS)
    outs = []
    weights, opt, step = make()
    for rate, chosen in zip(rates, indices, strict=True):
        opt.param_groups[0]["lr"] = rate
        outs.append(step(*rows(sources, chosen)).numpy().copy())
    ours, opt, step = make()
    run = torch.capture(step)
    for rate, chosen in zip(rates[:4], indices, strict=False):
        opt.param_groups[0]["lr"] = rate
        run(*rows(sources, chosen))
    (found,) = blocked(run, sources, indices[4:], {opt: rates[4:, None]})
    np.testing.assert_array_equal(found, outs[4:])
    np.testing.assert_array_equal(ours[0].detach().numpy(), weights[0].detach().numpy())


def test_a_rate_that_was_set_before_a_block_is_that_of_its_steps(sources, indices):
    weights, opt, step = make()
    for k, chosen in enumerate(indices):
        opt.param_groups[0]["lr"] = 0.1 if k < 4 else 0.02
        step(*rows(sources, chosen))
    ours, opt, step = make()
    run = torch.capture(step)
    for k in range(4):
        run(*rows(sources, indices[k]))
    opt.param_groups[0]["lr"] = 0.02
    assert run.block(sources, indices[4:]) is not None
    np.testing.assert_array_equal(ours[0].detach().numpy(), weights[0].detach().numpy())


def test_a_block_ends_when_its_time_is_over_and_goes_on_where_it_stopped(sources, indices):
    outs, weights, _ = one_by_one(make, sources, indices)
    parameters, _, step = make()
    run = torch.capture(step)
    for k in range(4):
        run(*rows(sources, indices[k]))
    done = 4
    while done < STEPS:
        (found,) = blocked(run, sources, indices[done:], milliseconds=0)
        assert len(found) == 1
        np.testing.assert_array_equal(found[0], outs[done])
        done += len(found)
    np.testing.assert_array_equal(parameters[0].detach().numpy(), weights[0])


def test_random_numbers_go_on_as_in_single_steps(sources, indices):
    def made():
        _, _, step = make()
        return lambda x, slope: step(nn.functional.dropout(x, 0.5), slope)

    def single():
        torch.manual_seed(5)
        run = torch.capture(made())
        found = [run(*rows(sources, chosen)).numpy().copy() for chosen in indices]
        return found, torch.get_rng_state().tolist()

    outs, state = single()
    torch.manual_seed(5)
    run = torch.capture(made())
    done = 0
    while done < 5:
        run(*rows(sources, indices[done]))
        done += 1
    while done < STEPS:
        found = blocked(run, sources, indices[done:], milliseconds=0)
        np.testing.assert_array_equal(found[0][0], outs[done])
        done += 1
    assert torch.get_rng_state().tolist() == state


def test_a_row_that_is_not_there_is_an_error(sources, indices):
    _, _, step = make()
    run = torch.capture(step)
    for k in range(4):
        run(*rows(sources, indices[k]))
    indices[6, 2] = 50
    with pytest.raises(IndexError, match="to 50 of 50"):
        run.block(sources, indices[4:])
