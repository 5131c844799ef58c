"""Two training steps of a job on a metered device: whether they run, and what they cost."""

from dataclasses import dataclass
from typing import Any

from engine.dtypes import dtype, float64
from engine.spec.meter import MeteredDevice, Tally
from engine.spec.network import Network
from engine.tensor import Tensor, creation


@dataclass(frozen=True)
class Cost:
    """Of one training step (forward, backward, optimizer) and, at its peak, of all that is alive in it."""

    flops: int
    peak_bytes: int


class Rehearsal:
    """A model with a batch to train on, without values.

    Shapes are of one sample; the device is the one that the model is on.
    """

    def __init__(
        self,
        model: Network,
        device: MeteredDevice,
        tally: Tally,
        input: tuple[tuple[int, ...], str],
        target: tuple[tuple[int, ...], str],
    ) -> None:
        self.model = model
        self.device = device
        self.tally = tally
        self._input = input
        self._target = target

    def batch(self, samples: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of that many samples."""
        made = [
            creation.empty((samples, *shape), dtype=dtype(kind), device=self.device)
            for shape, kind in (self._input, self._target)
        ]
        return made[0], made[1]

    def run(self, samples: int, loss: Any, optimizer: Any) -> Cost:
        """Two steps, since from the second on the optimizer's state is there as well."""
        flops = 0
        self.tally.peak_bytes = self.tally.live_bytes  # drawing the weights isn't part of a step
        for _ in range(2):
            before = self.tally.flops
            self._step(samples, loss, optimizer)
            flops = self.tally.flops - before
        # an optimizer with a closure evaluates the loss at most so often in a step
        flops *= max((group.get("max_eval", 1) for group in optimizer.param_groups), default=1)
        return Cost(flops, self.tally.peak_bytes)

    def _step(self, samples: int, loss: Any, optimizer: Any) -> None:
        inputs, targets = self.batch(samples)
        value = loss(self.model(inputs), targets)
        optimizer.zero_grad()
        value.backward()
        # not optimizer.step(), which looks at the learning rate's value
        rate = creation.zeros((), dtype=float64, device=self.device)
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    optimizer.update(p, p.grad, optimizer.state[p], group, rate)
