"""What a job can ask to be measured beside the loss."""

from collections.abc import Callable

from engine.tensor import Tensor

Counter = Callable[[Tensor, Tensor], Tensor]


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """The share of samples whose largest output is that of their class.

    output: [N, C] or [N, C, d1, ...], one value a class
    target: [N] or [N, d1, ...], class indices
    Returns int64 [], how many positions are right: dividing by their number is the caller's, who may add
    batches first.
    """
    return (output.argmax(1) == target).sum()


# by the name that a job gives; each returns a sum over the target's positions, in ops alone
METRICS: dict[str, Counter] = {"accuracy": accuracy}
