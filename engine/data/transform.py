"""What a transform is: a function of one sample that may also know whole batches, and may draw numbers.

A random transform is a plain function of its samples and of uniform numbers that it is given, so many for
each sample. Whoever trains hands it numbers that belong to (seed, epoch, sample), and a run that goes on from
a checkpoint needs no state of it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.random import blocks, words
from engine.dtypes import float64
from engine.errors import ShapeError
from engine.tensor.random import rand

Uniforms = npt.NDArray[np.float64]

FIRST_STREAM = 1 << 40  # streams below it are for weights and for the orders of epochs


def whole_batch(transform: Any) -> Callable[[Any], Any] | None:
    """The function that transforms a batch at once, or None where the transform knows only samples."""
    batch = getattr(transform, "batch", None)
    return batch if callable(batch) else None


class Transform:
    """The base of the engine's transforms.

    is_quick: applying it takes no longer than reading what it gives from memory would, so that results aren't
        worth keeping; its `batch` then takes tensors too, and is made of ops alone
    """

    is_quick: bool = False

    def __call__(self, sample: Any) -> Any:
        """One sample, transformed."""
        raise NotImplementedError

    def batch(self, samples: Any) -> Any:
        """[N, ...]: what stacking the N transformed samples would give."""
        raise NotImplementedError


class RandomTransform(Transform):
    """The base of transforms that treat every sample in a way of its own.

    draws: how many uniform numbers one sample takes; 0 where the arguments leave nothing to chance
    """

    draws: int = 1

    def varied(self, samples: Any, u: Uniforms) -> Any:
        """Samples [N, ...], each in the way that its row of u, float64 [N, draws] in [0, 1), says."""
        raise NotImplementedError

    def still(self, samples: Any) -> Any:
        """Samples [N, ...] as they are to be measured: of the same shape, with nothing left to chance."""
        return samples

    def batch(self, samples: Any) -> Any:
        """With numbers of the default generator (see engine.manual_seed)."""
        return self.varied(samples, uniforms(len(samples), self.draws))

    def __call__(self, sample: Any) -> Any:
        return self.batch(sample[None])[0]


def uniforms(samples: int, draws: int) -> Uniforms:
    """float64 [samples, draws] in [0, 1), from the default generator."""
    return rand(samples, draws, dtype=float64).numpy()


class Draws:
    """The uniform numbers that belong to the samples of one epoch.

    Those of a sample depend on the seed, the epoch and the sample's index alone: neither on the batch it
    comes in nor on what was drawn before.
    """

    def __init__(self, seed: int, epoch: int) -> None:
        self.seed = seed & ((1 << 64) - 1)
        self.stream = FIRST_STREAM + epoch

    def __call__(self, rows: npt.NDArray[np.int64], draws: int) -> Uniforms:
        """float64 [len(rows), draws] in [0, 1) for the samples with these indices."""
        width = blocks(draws)
        out = np.empty((len(rows), draws), np.uint64)
        for place, row in enumerate(rows.tolist()):
            out[place] = words(np.array([self.seed, self.stream, row * width], np.uint64), draws)
        return np.asarray((out >> np.uint64(11)) * 2.0**-53, np.float64)


def is_random(transform: Any) -> bool:
    return isinstance(transform, RandomTransform) and transform.draws > 0


def is_quick(transform: Any) -> bool:
    return isinstance(transform, Transform) and transform.is_quick


def split_draws(u: Uniforms, counts: list[int]) -> list[Uniforms]:
    """The columns of u for several transforms in turn; raises ShapeError if they don't add up."""
    if u.shape[1] != sum(counts):
        raise ShapeError(f"{u.shape[1]} numbers a sample were given to transforms that take {sum(counts)}")
    return np.split(u, np.cumsum(counts)[:-1], axis=1)
