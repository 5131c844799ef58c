"""One value for batches of several sizes: which axis the batch is, and what a single sample's shape is."""

from typing import Any

from engine.spec.complaints import show
from engine.tensor import Tensor, creation

# sizes, so that what should follow the batch axis and doesn't is seen, also where that axis could be dropped
BATCHES = (2, 3, 1)
MOST_PLACES = 2**16  # of a sample that is run in earnest

Shape = tuple[int, ...]
Batches = tuple[Tensor, ...]  # the same value for each of BATCHES


def batch_axis(batches: Batches) -> int | None:
    """The first axis that is as long as the batch and alone in that; None if there is none."""
    shapes = [value.shape for value in batches]
    for axis in range(len(shapes[0])):
        expected = [(*shapes[0][:axis], size, *shapes[0][axis + 1 :]) for size in BATCHES]
        if shapes == expected:
            return axis
    return None


def sample_shape(batches: Batches) -> Shape:
    axis, shape = batch_axis(batches) or 0, batches[0].shape
    return (*shape[:axis], *shape[axis + 1 :])


def elsewhere(name: str, axis: int) -> str:
    return (
        f"{show(name)} has the batch on axis {axis}, and here it must be axis 0; "
        "take a select along dim 0 of it, or a transpose"
    )


def can_run_on_nothing(batches: Batches) -> bool:
    """Whether the batch is in front, and loops over the places of a sample are short, as are their tables."""
    return batch_axis(batches) == 0 and batches[0].numel() // BATCHES[0] <= MOST_PLACES


def run_on_nothing(operation: Any, inputs: list[Batches]) -> None:
    """Run a layer without parameters in earnest, on a batch of no samples, which takes no memory.

    With integers this may raise where shapes alone don't: a number that their type can't hold.
    """
    operation(*[creation.empty((0, *batches[0].shape[1:]), dtype=batches[0].dtype) for batches in inputs])
