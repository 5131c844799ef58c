"""Samples that are transformed when they are first asked for, and held from then on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec.preparation import as_array, prepared

CHUNK = 4096  # samples transformed at once


class Held:
    """What transforms that leave nothing to chance make of samples.

    array: [N, ...], of which a row is right once `ensure` has been asked for it
    """

    def __init__(self, samples: NDArray[Any], transforms: Sequence[Any], first: NDArray[Any]) -> None:
        """first: [1, ...], the first sample transformed."""
        self._samples, self._transforms = samples, transforms
        self.array = np.empty((len(samples), *first.shape[1:]), first.dtype)
        self._is_there = np.zeros(len(samples), np.bool_)
        self._missing = len(samples)

    def ensure(self, rows: NDArray[np.int64] | slice) -> None:
        """Transform those of these rows that haven't been, in pieces: no second copy of all is ever made."""
        if not self._missing:
            return
        if isinstance(rows, slice):
            rows = np.arange(len(self._samples))[rows]
        wanted = np.unique(rows[~self._is_there[rows]])
        for start in range(0, len(wanted), CHUNK):
            piece = wanted[start : start + CHUNK]
            self.array[piece] = as_array(prepared(self._transforms, self._samples[piece]))
        self._is_there[wanted] = True
        self._missing -= len(wanted)
