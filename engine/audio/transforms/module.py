"""What the transforms of sound share."""

from typing import Any

import numpy as np

from engine.data.transform import Transform
from engine.nn import Module
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy


def as_tensor(samples: Any) -> Tensor:
    return from_numpy(np.ascontiguousarray(samples)) if isinstance(samples, np.ndarray) else samples


class AudioTransform(Module, Transform):
    """A transform of waveforms [..., T] or spectrograms [..., F, T]: a module without parameters.

    Samples of a batch are told apart: what one contains doesn't change another.
    """

    def batch(self, samples: Any) -> Tensor:
        """Samples [N, ...], an array or a tensor, each by itself."""
        out: Tensor = self(as_tensor(samples).unsqueeze(1))
        return out.squeeze(1)
