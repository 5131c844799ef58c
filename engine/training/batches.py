"""One split of a dataset as two arrays, and the order in which an epoch visits it."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Split:
    """Samples held as one contiguous array each for inputs [n, ...] and targets [n, ...]."""

    def __init__(self, inputs: NDArray[np.generic], targets: NDArray[np.generic]) -> None:
        if len(inputs) != len(targets):
            raise ValueError(
                f"there are {len(inputs)} inputs and {len(targets)} targets; give one target for each input"
            )
        self.inputs = np.ascontiguousarray(inputs)
        self.targets = np.ascontiguousarray(targets)

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, rows: Rows | slice) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """The samples of `rows`: copies for an index array, views for a slice."""
        return self.inputs[rows], self.targets[rows]


def epoch_order(samples: int, seed: int, epoch: int) -> Rows:
    """The permutation [samples] in which epoch `epoch` (from 0) visits the training split.

    Drawn from Philox keyed by the seed with the epoch as its counter, so that any epoch's order can be had without
    drawing those before it: the loader's cursor is all that a resumed run needs.
    """
    bits = np.random.Philox(key=seed, counter=[0, 0, 0, epoch])
    return np.random.Generator(bits).permutation(samples)
