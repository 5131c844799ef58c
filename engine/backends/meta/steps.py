"""Steps of optimizers: nothing to compute, nothing to check."""

from typing import Any

from engine.backends.registry import Kernel

NAMES = (
    "adagrad",
    "adadelta",
    "adamax",
    "nadam",
    "radam",
    "rmsprop",
    "rmsprop_centered",
    "rmsprop_momentum",
    "rmsprop_centered_momentum",
    "asgd",
    "rprop",
    "lion",
)


def _overwrite(*args: Any) -> None:
    """The shapes are those of the parameter, which the optimizer has made them of."""


KERNELS: dict[str, Kernel] = {f"{name}_step": _overwrite for name in NAMES}
