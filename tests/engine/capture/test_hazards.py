"""What could make a replay differ from an eager step: followed, guarded, or run eagerly and reported."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.errors import EngineError
from tests.engine.capture.steps import assert_same, batches, linear


def test_a_last_batch_of_another_shape_gets_a_program_of_its_own() -> None:
    given = batches(4, 4)
    given = [*given, *[(x[:2], y[:2]) for x, y in given[:1]]] * 4
    step = assert_same(lambda: linear()[::2], given, 12)
    assert len(step.report().variants) == 2


def test_a_flag_that_the_function_closes_over_is_followed() -> None:
    def make() -> Any:
        model, opt, _ = linear()
        doubled = False

        def step(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y) * (2 if doubled else 1)
            loss.backward()
            opt.step()
            return loss

        def switch(value: bool) -> None:
            nonlocal doubled
            doubled = value

        step.switch = switch  # type: ignore[attr-defined]  # functions take attributes
        return model, step

    torch.manual_seed(1)
    model, step = make()
    run = torch.capture(step)
    torch.manual_seed(1)
    other, eager = make()
    for k, (x, y) in enumerate(batches(12, 4)):
        step.switch(k >= 6)
        eager.switch(k >= 6)
        assert run(x, y).item() == eager(x, y).item()
    assert len(run.report().variants) == 2
    np.testing.assert_array_equal(model.weight.detach().numpy(), other.weight.detach().numpy())


def test_a_value_read_in_the_step_is_reported_with_its_line() -> None:
    def make() -> Any:
        model, _, step = linear()

        def reading(x: Any, y: Any) -> Any:
            loss = step(x, y)
            return loss if loss.item() > 0 else -loss

        return model, reading

    step = assert_same(make, batches(5, 4), 0)
    assert step.report().replays == 0
    assert "reads a tensor's values at test_hazards.py:" in str(step.report())


def test_draws_between_the_steps_see_the_generator_where_eager_ones_would() -> None:
    def run(captured: bool) -> list[Any]:
        torch.manual_seed(5)
        drop = nn.Dropout(0.5)
        ones = torch.ones(9)

        def step() -> Any:
            return drop(ones)

        call = torch.capture(step) if captured else step
        found = []
        for _ in range(8):
            found += [call().tolist(), torch.rand(3).tolist()]
        return found

    assert run(True) == run(False)


def test_learning_rates_are_followed_by_hand_and_by_a_scheduler() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model, opt, step = linear()
        schedule = torch.optim.lr_scheduler.StepLR(opt, 2, gamma=0.5)
        call = torch.capture(step) if captured else step
        losses = []
        for k, (x, y) in enumerate(batches(12, 4)):
            losses.append(call(x, y).item())
            schedule.step()
            if k == 8:
                opt.param_groups[0]["lr"] = 0.3
        return losses, model.weight.tolist(), call

    losses, weight, _ = run(False)
    ours, our_weight, step = run(True)
    assert (ours, our_weight) == (losses, weight)
    assert len(step.report().variants) == 1


def test_a_parameter_with_other_memory_is_noticed() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model, _, step = linear()
        call = torch.capture(step) if captured else step
        losses = []
        for k, (x, y) in enumerate(batches(15, 4)):
            if k == 5:
                model.weight.data = torch.ones(3, 4)
            if k == 10:
                model.load_state_dict({"weight": torch.zeros(3, 4), "bias": torch.ones(3)})
            losses.append(call(x, y).item())
        return losses, model.weight.tolist(), call

    losses, weight, _ = run(False)
    ours, our_weight, step = run(True)
    assert (ours, our_weight) == (losses, weight)
    # what is loaded is copied into the same memory
    assert [each.replays > 0 for each in step.report().variants] == [True, True]


def test_evaluation_between_training_steps_has_a_program_of_its_own() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.4), nn.Linear(6, 3))

        def forward(x: Any) -> Any:
            with torch.no_grad():
                return model(x)

        call = torch.capture(forward) if captured else forward
        found = []
        for k, (x, _) in enumerate(batches(16, 4)):
            model.train(k % 4 < 2)
            found.append(call(x).tolist())
        buffers = [each.tolist() for each in model.buffers()]
        return found, buffers, call

    found, buffers, _ = run(False)
    ours, our_buffers, step = run(True)
    assert ours == found
    assert our_buffers == buffers
    assert len(step.report().variants) == 2


def test_gradients_gather_over_several_steps() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model, opt, _ = linear()

        def gather(x: Any, y: Any) -> Any:
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            return loss

        call = torch.capture(gather) if captured else gather
        losses = []
        for k, (x, y) in enumerate(batches(18, 4)):
            losses.append(call(x, y).item())
            if k % 3 == 2:
                opt.step()
                opt.zero_grad()
        return losses, model.weight.tolist(), call

    losses, weight, _ = run(False)
    ours, our_weight, step = run(True)
    assert (ours, our_weight) == (losses, weight)
    assert len(step.report().variants) == 2


def test_an_error_in_a_replay_is_the_one_of_an_eager_step() -> None:
    torch.manual_seed(2)
    model, _, step = linear()
    run = torch.capture(step)
    x, y = batches(1, 4)[0]
    for _ in range(6):
        run(x, y)
    wrong = torch.tensor([0, 1, 2, 0, 1, 9])
    assert run.report().replays > 0
    with pytest.raises(EngineError) as eager:
        step(x, wrong)
    run(x, y)
    with pytest.raises(EngineError) as replayed:
        run(x, wrong)
    assert model.weight.grad is None
    assert type(replayed.value) is type(eager.value)
    assert str(replayed.value) == str(eager.value)
    assert run(x, y).isfinite().item()


def test_an_error_in_a_recording_leaves_everything_as_it_was() -> None:
    kernels, key = torch.device("cpu").kernels, torch.Generator.key
    _, _, step = linear()
    run = torch.capture(step)
    x, y = batches(1, 4)[0]
    with pytest.raises(EngineError):
        run(x[:, :3], y)
    assert torch.device("cpu").kernels is kernels
    assert torch.Generator.key is key
    assert run.report().recorded == 0
    for _ in range(5):
        run(x, y)
    assert run.report().replays > 0


def test_nested_arguments_and_results_keep_their_form() -> None:
    def step(batch: Any, *, scale: float) -> Any:
        first, (second, third) = batch["x"], batch["rest"]
        return {"sum": first + second, "parts": [third * scale, (first, scale)]}

    run = torch.capture(step)
    batch: Any = {}
    for k in range(6):
        batch = {"x": torch.full((2,), float(k)), "rest": [torch.ones(2), torch.arange(2)]}
        found = run(batch, scale=2.0)
        assert found["sum"].tolist() == [k + 1, k + 1]
        assert found["parts"][0].tolist() == [0, 2]
        assert found["parts"][1][0] is batch["x"]
        assert found["parts"][1][1] == 2.0
    assert run.report().replays == 4
    assert run(batch, scale=3.0)["parts"][0].tolist() == [0, 3]


def test_results_of_one_replay_are_not_changed_by_the_next() -> None:
    run = torch.capture(lambda x: x * 2)
    found = [run(torch.full((2,), float(k))) for k in range(6)]
    assert [each.tolist() for each in found] == [[2.0 * k] * 2 for k in range(6)]


def test_two_captured_functions_share_a_model() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model, _, step = linear()

        def evaluate(x: Any) -> Any:
            with torch.no_grad():
                return model(x).argmax(1)

        train, test = (torch.capture(step), torch.capture(evaluate)) if captured else (step, evaluate)
        return [(train(x, y).item(), test(x).tolist()) for x, y in batches(10, 4)], train, test

    found, train, test = run(True)
    assert found == run(False)[0]
    assert train.report().replays > 0
    assert test.report().replays > 0


def test_changes_in_place_are_noticed_by_graphs_that_kept_the_values() -> None:
    weight = nn.Parameter(torch.ones(2))

    def step() -> None:
        with torch.no_grad():
            weight.mul_(2)

    run = torch.capture(step)
    for _ in range(4):
        run()
    assert run.report().replays == 2
    kept = (weight * weight).sum()
    run()
    with pytest.raises(EngineError, match="changed in place"):
        kept.backward()


def test_constants_that_leave_the_step_are_new_each_time() -> None:
    def step(x: Any) -> Any:
        gathered = torch.zeros(2)
        gathered += x
        return gathered, torch.ones(2)

    run = torch.capture(step)
    for k in range(6):
        gathered, ones = run(torch.full((2,), float(k)))
        assert (gathered.tolist(), ones.tolist()) == ([k, k], [1, 1])
        gathered.zero_()
        ones.zero_()
    assert run.report().replays == 4


def test_a_draw_that_nobody_reads_uses_up_its_numbers() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(4)

        def step(x: Any) -> Any:
            torch.rand(7)
            return x + torch.rand(3)

        call = torch.capture(step) if captured else step
        return [call(torch.ones(3)).tolist() for _ in range(7)], torch.get_rng_state().tolist()

    assert run(True) == run(False)


def test_a_generator_of_its_own_goes_on() -> None:
    def run(captured: bool) -> Any:
        generator = torch.Generator().manual_seed(9)

        def step(x: Any) -> Any:
            return x + torch.randn(3, generator=generator)

        call = torch.capture(step) if captured else step
        found = [call(torch.ones(3)).tolist() for _ in range(7)]
        generator.manual_seed(9)
        return found, call(torch.ones(3)).tolist()

    assert run(True) == run(False)


def test_a_step_that_seeds_its_generator_runs_eagerly() -> None:
    def step() -> Any:
        torch.manual_seed(1)
        return torch.rand(2)

    run = torch.capture(step)
    first = step().tolist()
    assert [run().tolist() for _ in range(5)] == [first] * 5
    assert "seeds a generator" in str(run.report())


def test_a_gradient_that_gathers_may_be_returned() -> None:
    weight = nn.Parameter(torch.ones(2))

    def step() -> Any:
        (weight * 3).sum().backward()
        return weight.grad

    run = torch.capture(step)
    for k in range(6):
        found = run()
        assert found is weight.grad
        assert found.tolist() == [3 * (k + 1)] * 2
    weight.grad = torch.zeros(2)
    assert run() is weight.grad
    assert weight.grad.tolist() == [3, 3]


def test_frozen_parameters_stay_as_they_are() -> None:
    def run(captured: bool) -> Any:
        torch.manual_seed(2)
        model, _, step = linear(momentum=0)
        call = torch.capture(step) if captured else step
        found = []
        for k, (x, y) in enumerate(batches(15, 4)):
            model.weight.requires_grad_(not 5 <= k < 10)
            found.append((call(x, y).item(), model.weight.tolist(), model.weight.grad is None))
        return found, call

    found, step = run(True)
    assert found == run(False)[0]
    assert len(step.report().variants) == 2


def test_grad_mode_is_part_of_what_a_program_is_for() -> None:
    run = torch.capture(lambda x: (x + 1, torch.is_grad_enabled()))
    one = torch.ones(1)
    for _ in range(4):
        assert run(one)[1] is True
        with torch.no_grad():
            assert run(one)[1] is False
    assert len(run.report().variants) == 2


def test_tensors_in_an_object_of_a_class_run_eagerly_and_it_is_said() -> None:
    class Batch(NamedTuple):
        x: Any
        y: Any

    class Held:
        def __init__(self, x: Any) -> None:
            self.x = x

    step = torch.capture(lambda batch: batch.x * 2)
    for k in range(5):
        x = torch.full((2,), float(k))
        assert step(Batch(x, x)).tolist() == [2.0 * k] * 2
        assert step(Held(x)).tolist() == [2.0 * k] * 2
    assert step.report().replays == 0
    assert "a Batch with tensors in it; pass them in tuples" in str(step.report())
