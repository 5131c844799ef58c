"""A job's loss: what it compares, of the values that a model gives and the targets of a dataset.

One rule for all: what a loss calls its target is the dataset's, its other operands are the model's values in
their order. A model that gives as many values as the loss has operands needs no targets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine import nn
from engine.errors import ShapeError
from engine.spec.complaints import show
from engine.spec.entries import Entry
from engine.tensor import Tensor, creation

TARGETS = ("target", "targets")  # what losses call the operand that a dataset gives


class CTCLoss(nn.CTCLoss):
    """The loss of sequences whose alignment isn't known, such as speech and handwriting (Graves et al. 2006).

    The batch is in front, and lengths aren't given: every step of the input counts, and a target ends before
    its first blank or negative number, with which the shorter ones are filled up.

    blank: the class that stands for nothing, and fills up the targets
    zero_infinity: count targets that are too long for their input as 0 instead of inf
    log_probs [N, T, C] of log_softmax over C; targets [N, S] integers.
    """

    def forward(self, log_probs: Tensor, targets: Tensor) -> Tensor:  # type: ignore[override]  # the lengths are known
        if log_probs.ndim != 3 or targets.ndim != 2 or targets.is_floating_point():
            raise ShapeError(
                "CTCLoss takes log-probabilities [N, T, C] and classes [N, S], which are integers, not "
                f"{log_probs.dtype.name} {show(list(log_probs.shape))} and {targets.dtype.name} "
                f"{show(list(targets.shape))}"
            )
        samples, steps = log_probs.shape[:2]
        lengths = creation.full((samples,), steps, dtype=targets.dtype, device=log_probs.device)
        is_real = ((targets >= 0) & (targets != self.blank)).long().cumprod(1)
        sizes = is_real.sum(1)
        if targets.device.type == "cpu" and not self.zero_infinity:
            self._check_steps(
                steps, sizes, sizes + ((targets[:, 1:] == targets[:, :-1]) * is_real[:, 1:]).sum(1)
            )
        return super().forward(log_probs.transpose(0, 1), targets, lengths, sizes)

    def _check_steps(self, steps: int, sizes: Tensor, needed: Tensor) -> None:
        """Say what is wrong where PyTorch's loss is infinite."""
        if len(sizes) and int(needed.max()) > steps:
            sample = int(needed.argmax())
            raise ShapeError(
                f"CTCLoss: a target of {int(sizes[sample])} classes takes {int(needed[sample])} steps (each "
                "class one, and another lies between two of the same), and the input has "
                f"{steps}; let the model give more steps, or set zero_infinity, which leaves such samples out"
            )


def mean(input: Tensor) -> Tensor:
    """The mean of what the model gives, where that is a loss already: of a loss among its nodes, for one."""
    return input.mean()


@dataclass(frozen=True)
class Objective:
    """A loss as a job uses it: of a model's output and a dataset's targets.

    called: what the function is given by name beside tensors
    """

    entry: Entry
    function: Callable[..., Tensor]
    called: Mapping[str, Any]

    def __call__(self, output: Tensor | tuple[Tensor, ...], target: Tensor) -> Tensor:
        values = output if isinstance(output, tuple) else (output,)
        if self.needs_targets(len(values)):
            at = next(k for k, name in enumerate(self.operands) if name in TARGETS)
            values = (*values[:at], target, *values[at:])
        return self.function(*values, **self.called)

    @property
    def operands(self) -> list[str]:
        """Those that no number stands for."""
        return self.entry.left(self.called)

    @property
    def compared(self) -> list[str]:
        """The operands that are a model's values where the targets are used."""
        return [name for name in self.operands if name not in TARGETS]

    def needs_targets(self, values: int) -> bool:
        """Whether the dataset's targets are used with a model that gives so many values."""
        return values < len(self.operands)

    def complaint(self, values: int) -> str | None:
        """Why a model that gives so many values can't be trained with it, and what can be done; or None."""
        if values in (len(self.compared), len(self.operands)):
            return None
        needed = len(self.compared)
        names = ", ".join(self.compared)
        output = ", ".join(f'"{name}"' for name in self.compared)
        beside = " beside the targets" if needed < len(self.operands) else ""
        remedy = f'write the model as nodes and name them in its output, as "output": [{output}]'
        numbers = [
            name for name, each in self.entry.arguments.items() if each.replaces and name in self.operands
        ]
        other = f"; or give {numbers[0]} a number" if numbers else ""
        return (
            f"{self.entry.name} takes {_count(needed)} of the model{beside} ({names}), and this one gives "
            f"{values}; {remedy if needed > 1 else 'name it in its output'}{other}"
        )


def _count(values: int) -> str:
    return "one value" if values == 1 else f"{values} values"


def make_loss(entry: Entry, values: dict[str, Any], **extra: Any) -> Objective:
    """The loss of a job. extra: what the engine passes by itself, such as device."""
    return Objective(entry, entry.make(values, **extra), entry.called(values))
