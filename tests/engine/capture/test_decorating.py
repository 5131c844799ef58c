"""What `capture` takes: functions, and methods in their class."""

import copy

import pytest

import engine as torch


class Scaled:
    """Steps that depend on an instance."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    @torch.capture
    def step(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factor

    @staticmethod
    @torch.capture
    def halved(x: torch.Tensor) -> torch.Tensor:
        return x * 0.5


class Shifted(Scaled):
    @torch.capture
    def step(self, x: torch.Tensor) -> torch.Tensor:
        return super().step(x) + 1


def test_what_cannot_be_called_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="step must be a function, not 3"):
        torch.capture(3)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(("kind", "shift"), [(Scaled, 0.0), (Shifted, 1.0)])
def test_a_method_is_a_step_of_each_instance(kind: type[Scaled], shift: float) -> None:
    x, instances = torch.ones(4), [kind(2.0), kind(3.0)]
    for _ in range(5):
        for each in instances:
            assert each.step(x).tolist() == [each.factor + shift] * 4
    for each in instances:
        assert each.step is each.step
        assert each.step.report().replays >= 2
        each.factor = 7.0
        assert each.step(x).tolist() == [7.0 + shift] * 4


def test_a_copy_of_an_instance_has_a_step_of_its_own() -> None:
    x, first = torch.ones(4), Scaled(2.0)
    for _ in range(4):
        first.step(x)
    second = copy.deepcopy(first)
    second.factor = 3.0
    for _ in range(4):
        assert second.step(x).tolist() == [3.0] * 4
    assert first.step(x).tolist() == [2.0] * 4
    assert second.step.report().replays


def test_a_static_method_is_a_function() -> None:
    for _ in range(4):
        assert Scaled(2.0).halved(torch.ones(2)).tolist() == [0.5, 0.5]
    assert Scaled.halved.report().replays


def test_a_method_whose_instances_cannot_keep_a_step_says_so() -> None:
    class Slotted:
        __slots__ = ()

        @torch.capture
        def step(self, x: torch.Tensor) -> torch.Tensor:
            return x

    with pytest.raises(TypeError, match=r"Slotted.step: .* write capture\(instance.method\)"):
        Slotted().step(torch.ones(2))
