"""The reference trainings: a few steps of each always, all of each with `-m training`."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from examples import adult, mnist_cnn, names_lstm, shakespeare, sms_spam, spelled_digits, spoken_digits


@dataclass(frozen=True)
class Example:
    """data: the dataset's name; measure, least or most: what the whole training reaches"""

    module: ModuleType
    data: str
    measure: str
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def train(self) -> Callable[..., dict[str, float]]:
        function: Any = self.module.train
        return function


EXAMPLES = [
    Example(adult, "adult", "test_accuracy", least=0.85),
    Example(mnist_cnn, "mnist", "test_accuracy", least=0.99),
    Example(names_lstm, "names", "held_out_loss", most=2.15),
    Example(shakespeare, "tinyshakespeare", "validation_loss", most=1.75),
    Example(sms_spam, "sms_spam", "test_f1", least=0.93),
    Example(spoken_digits, "fsdd", "test_accuracy", least=0.95),
    Example(spelled_digits, "fsdd", "exactness", least=0.90),
]
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.module.__name__.split(".")[-1])


@every_example
def test_the_first_steps_lower_the_loss(example, public_data):
    result = example.train(str(public_data(example.data)), epochs=1, steps=12)
    assert result["loss"] < result["first_loss"]


@every_example
@pytest.mark.training
@pytest.mark.timeout(3600)
def test_the_whole_training_reaches_what_its_docstring_says(example, public_data):
    result = example.train(str(public_data(example.data)))
    assert example.least <= result[example.measure] <= example.most, result
