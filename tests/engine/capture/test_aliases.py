"""Arguments, gradients and parameters of a captured step that show the same memory."""

from typing import Any

import engine as torch
from engine import nn


def test_arguments_that_share_memory_are_not_mistaken_for_others() -> None:
    def step(a: Any, b: Any) -> Any:
        a.add_(1)
        return a * b

    run = torch.capture(step)
    for _ in range(4):
        assert run(torch.ones(2), torch.ones(2)).tolist() == [2, 2]
    both, before = torch.ones(2), run.report().replays
    assert before > 0
    assert run(both, both).tolist() == [4, 4]
    assert run(both, both[:]).tolist() == [9, 9]
    # what was dropped or folded for arguments apart may matter for these
    assert run.report().replays == before


def test_an_argument_that_is_a_parameter_runs_eagerly() -> None:
    weight = nn.Parameter(torch.ones(2))

    def step(x: Any) -> Any:
        with torch.no_grad():
            weight.mul_(2)
            return x + weight

    run = torch.capture(step)
    for k in range(4):
        assert run(torch.zeros(2)).tolist() == [2.0 ** (k + 1)] * 2
    before = run.report().replays
    assert run(weight.detach()).tolist() == [64, 64]
    assert run.report().replays == before


def test_slices_of_one_tensor_may_lie_anywhere_in_it() -> None:
    base = torch.arange(200.0) ** 2

    def apart(a: Any, b: Any) -> Any:
        return ((a - b) * 2).sum()

    def copied(a: Any, b: Any) -> Any:
        a.copy_(b)
        return a + 1

    step, copy = torch.capture(apart), torch.capture(copied)
    for _ in range(3):
        for first, second in ((0, 10), (1, 11), (0, 150), (150, 0), (4, 6)):
            a, b = base[first : first + 4], base[second : second + 4]
            assert step(a, b).item() == apart(a, b).item()
    assert step.report().replays > 0
    for first, second in ((0, 10), (1, 11), (2, 12), (3, 13), (0, 2), (2, 0), (5, 6)):
        ours, theirs = base.clone(), base.clone()
        copy(ours[first : first + 4], ours[second : second + 4])
        copied(theirs[first : first + 4], theirs[second : second + 4])
        assert torch.equal(ours, theirs)


def test_gradients_in_one_piece_of_memory_may_lie_anywhere_in_it() -> None:
    p, q = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))

    def gathered(x: Any) -> Any:
        (p * x + q * 2 * x).sum().backward()
        with torch.no_grad():
            return p.grad + q.grad

    step = torch.capture(gathered)
    for start in (4, 4, 4, 4, 4, 50, 4):
        flat = torch.zeros(100)
        p.grad, q.grad = flat[:4], flat[start : start + 4]
        assert step(torch.ones(4)).tolist() == [3.0] * 4
        assert flat.sum().item() == 12.0
    assert step.report().replays > 0
    together = torch.zeros(4)
    p.grad = q.grad = together
    assert step(torch.ones(4)).tolist() == [6.0] * 4
