"""Shapes of connectionist temporal classification."""

from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel
from engine.errors import DTypeError, ShapeError


def _ctc(log_probs: MetaArray, targets: MetaArray, *lengths: Any) -> tuple[MetaArray, MetaArray]:
    if log_probs.ndim != 3 or targets.ndim != 2 or targets.shape[0] != log_probs.shape[1]:
        raise ShapeError(
            f"ctc_loss: log_probs [T, N, C] and targets [N, S] are needed, not {log_probs.shape} and "
            f"{targets.shape}"
        )
    if targets.dtype != np.int64:
        raise DTypeError(f"ctc_loss: targets must be int64, not {targets.dtype}")
    steps, samples, _ = log_probs.shape
    losses = MetaArray((samples,), log_probs.dtype)
    return losses, MetaArray((steps, samples, 2 * targets.shape[1] + 1), log_probs.dtype)


def _ctc_grad(g: MetaArray, log_probs: MetaArray, *_: Any) -> MetaArray:
    return MetaArray(log_probs.shape, log_probs.dtype)


KERNELS: dict[str, Kernel] = {"ctc": _ctc, "ctc_grad": _ctc_grad}
