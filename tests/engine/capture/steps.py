"""Trainings run twice from the same beginning: as written, and captured."""

from collections.abc import Callable
from typing import Any

import numpy as np

import engine as torch
from engine import nn

Step = Callable[..., Any]


def batches(count: int, *shape: int, classes: int = 3, rows: int = 6) -> list[tuple[Any, Any]]:
    """Fixed batches of inputs [rows, *shape] and targets [rows]."""
    rng = np.random.default_rng(7)
    return [
        (
            torch.tensor(rng.standard_normal((rows, *shape)).astype(np.float32)),
            torch.tensor(rng.integers(0, classes, rows)),
        )
        for _ in range(count)
    ]


def trained(make: Callable[[], tuple[Any, Step]], given: list[tuple[Any, Any]], captured: bool) -> Any:
    """Losses, the model's state and the generator's state after training on the batches; and the step."""
    torch.manual_seed(3)
    model, step = make()
    run = torch.capture(step) if captured else step
    losses = [run(*batch).item() for batch in given]
    state = {name: value.double().numpy().copy() for name, value in model.state_dict().items()}
    return losses, state, torch.get_rng_state().tolist(), run


def assert_same(make: Callable[[], tuple[Any, Step]], given: list[tuple[Any, Any]], replays: int) -> Any:
    """Assert that capturing changes no bit and at least so many calls were replays. Returns the step."""
    losses, state, generator, _ = trained(make, given, False)
    ours, our_state, our_generator, step = trained(make, given, True)
    assert ours == losses
    assert our_generator == generator
    for name, value in state.items():
        np.testing.assert_array_equal(our_state[name], value, err_msg=name)
    assert step.report().replays >= replays, str(step.report())
    return step


def linear(**settings: Any) -> Any:
    """A model, its optimizer and a step with SGD."""
    model = nn.Linear(4, 3)
    opt = torch.optim.SGD(model.parameters(), **{"lr": 0.1, "momentum": 0.9, **settings})

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, opt, step
