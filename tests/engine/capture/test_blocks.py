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


def started(sources, indices):
    """A captured step of which there is a program, and its optimizer."""
    parameters, opt, step = make()
    run = torch.capture(step)
    for k in range(4):
        run(*rows(sources, indices[k]))
    return run, opt, parameters


def test_tables_may_be_views_and_of_other_dtypes(sources, indices):
    wide = np.full((STEPS, 2 * BATCH), 10**12)
    wide[:, ::2] = indices
    rates = np.linspace(0.125, 0.5, STEPS)
    found, weights = [], []
    for chosen, table in (
        (indices, rates[:, None]),
        (wide[:, ::2], rates[:, None].astype(np.float32).astype(np.float64)),
        (indices.astype(np.int32), np.repeat(rates[:, None], 2, 1)[:, ::2]),
    ):
        run, opt, parameters = started(sources, indices)
        found.append(blocked(run, sources, chosen[4:], {opt: table[4:]})[0])
        weights.append(parameters[0].detach().numpy())
    for others in (found, weights):
        np.testing.assert_allclose(others[1], others[0], rtol=1e-5)
        np.testing.assert_array_equal(others[2], others[0])
    run, opt, parameters = started(sources, indices)
    (single,) = blocked(run, sources, indices[4:], {opt: rates[4:, None].astype(np.float32)})
    np.testing.assert_array_equal(single, found[1])


def test_tables_that_are_no_indices_or_rates_are_refused(sources, indices):
    run, opt, _ = started(sources, indices)
    with pytest.raises(TypeError, match="indices must be whole numbers, not float64"):
        run.block(sources, indices.astype(np.float64))
    with pytest.raises(ValueError, match=r"indices must be \[steps, batch\], not of shape \[8\]"):
        run.block(sources, indices[0])
    for table in (np.ones((3, 1)), np.ones((STEPS, 2))):
        with pytest.raises(ValueError, match=r"rates of shape .* for 12 steps of 1 groups"):
            run.block(sources, indices, {opt: table})


def test_sources_with_gaps_have_no_blocks(sources, indices):
    run, _, _ = started(sources, indices)
    spread = torch.from_numpy(np.repeat(sources[0].numpy(), 2, 1))[:, ::2]
    assert run.block([spread, sources[1]], indices) is None
    assert "source 0 is a view with gaps" in run.no_block


def test_a_step_that_fails_leaves_generators_as_single_steps_do():
    x, y = torch.ones(6, 4), torch.tensor([0, 1, 2, 0, 1, 9])
    chosen = np.array([[0, 1], [5, 5], [0, 1], [1, 2]])

    def failed(together):
        torch.manual_seed(3)
        weight = torch.ones(4, 3, requires_grad=True)

        def step(x, y):
            weight.grad = None
            loss = nn.functional.cross_entropy(nn.functional.dropout(x @ weight, 0.5), y)
            loss.backward()
            return loss

        run = torch.capture(step)
        for _ in range(4):
            run(x[:2].clone(), y[:2].clone())
        if not together:
            run(*rows([x, y], chosen[0]))
        with pytest.raises(IndexError, match="class 9"):
            run.block([x, y], chosen) if together else run(*rows([x, y], chosen[1]))
        assert not run.no_block
        return torch.get_rng_state().tolist()

    assert failed(together=True) == failed(together=False)


def test_a_row_that_is_not_there_is_an_error(sources, indices):
    _, _, step = make()
    run = torch.capture(step)
    for k in range(4):
        run(*rows(sources, indices[k]))
    indices[6, 2] = 50
    with pytest.raises(IndexError, match="to 50 of 50"):
        run.block(sources, indices[4:])
