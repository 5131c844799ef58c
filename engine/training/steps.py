"""One step of training and one of measuring, captured where they can be.

Both take a batch as it is stored or held, so that what is quickly done (pixels to numbers, say) is a part of
the step, and give the loss and a sum for each metric without reading them: whoever runs many steps reads
their results in one go.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.capture import capture
from engine.data.transform import Draws
from engine.nn import Module
from engine.optim import Optimizer
from engine.spec.losses import Objective
from engine.spec.metrics import Counter
from engine.spec.preparation import prepared
from engine.spec.references import first_of
from engine.tensor import Tensor
from engine.training.batches import Rows, Split

Step = Callable[[Sequence[Any], Tensor, Tensor], tuple[Tensor, ...]]


def training_step(
    model: Module, loss: Objective, optimizer: Optimizer, metrics: Sequence[Counter]
) -> partial[tuple[Tensor, ...]]:
    """A function of transforms, inputs and targets that makes one step of the optimizer."""
    return partial(_train, model, loss, loss.function, optimizer, tuple(metrics))


def measuring_step(model: Module, loss: Objective, metrics: Sequence[Counter]) -> partial[tuple[Tensor, ...]]:
    """A function of transforms, inputs and targets that changes nothing."""
    return partial(_measure, model, loss, loss.function, tuple(metrics))


# `function` is the loss's, named once more: what a capture guards is found among a partial's arguments


def _train(
    model: Module,
    loss: Objective,
    function: Any,
    optimizer: Optimizer,
    metrics: Sequence[Counter],
    transforms: Sequence[Any],
    inputs: Tensor,
    targets: Tensor,
) -> tuple[Tensor, ...]:
    output = model(prepared(transforms, inputs))
    value = loss(output, targets)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    first = first_of(output).detach()
    return (value.detach(), *[metric(first, targets) for metric in metrics])


def _measure(
    model: Module,
    loss: Objective,
    function: Any,
    metrics: Sequence[Counter],
    transforms: Sequence[Any],
    inputs: Tensor,
    targets: Tensor,
) -> tuple[Tensor, ...]:
    output = model(prepared(transforms, inputs))
    return (loss(output, targets), *[metric(first_of(output), targets) for metric in metrics])


class Steps:
    """A step on batches of a split, one at a time or many in one call."""

    def __init__(self, step: partial[tuple[Tensor, ...]], split: Split) -> None:
        self._split = split
        self._captured = capture(partial(step, split.late_transforms))

    def one(self, rows: Rows, draws: Draws | None = None) -> tuple[Tensor, ...]:
        """The step on these samples: its loss, and a sum for each metric. draws: the epoch's."""
        return self._captured(*self._split.batch(rows, draws))  # type: ignore[no-any-return]  # as the step's

    def many(
        self, rows: Rows, rates: Mapping[Optimizer, NDArray[np.float64]], milliseconds: float
    ) -> list[NDArray[Any]] | None:
        """Steps on rows [steps, batch] until time is over: their results, [steps done] each; at least one.

        rates: float64 [steps, groups], the learning rates where they change from step to step
        None where the step isn't such a program, or not yet.
        """
        if not self._split.is_indexed:
            return None
        self._split.ensure(rows.reshape(-1))
        return self._captured.block(self._split.sources, rows, rates, milliseconds)

    @property
    def why_eager(self) -> str:
        """Why steps run as they are written, without a program; empty where none does for good."""
        return "; ".join(reason for reason, _ in self._captured.report().fallbacks)
