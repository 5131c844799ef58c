"""Filling a state dict's tensors from another one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from engine.autograd import no_grad
from engine.autograd.tape import wrap
from engine.device import CPU
from engine.errors import CheckpointError
from engine.tensor import Tensor


class IncompatibleKeys(NamedTuple):
    """Which keys a state dict lacked, and which it had too many."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load_into(
    owner: str, targets: Mapping[str, Tensor], source: Mapping[str, Any], strict: bool
) -> IncompatibleKeys:
    """Copy `source`'s values into the tensors of `targets`, all of them or, on any complaint, none."""
    missing = [key for key in targets if key not in source]
    unexpected = [key for key in source if key not in targets]
    complaints = []
    if strict and missing:
        complaints.append("missing keys: " + ", ".join(missing))
    if strict and unexpected:
        complaints.append("unexpected keys: " + ", ".join(unexpected))
    for key, target in targets.items():
        if key in source and tuple(source[key].shape) != target.shape:
            complaints.append(
                f"{key} has shape {tuple(source[key].shape)}, and the module's is {target.shape}"
            )
    if complaints:
        raise CheckpointError(f"the state dict doesn't fit {owner}:\n  " + "\n  ".join(complaints))
    with no_grad():
        for key, target in targets.items():
            if key in source:
                target.copy_(as_tensor(source[key]))
    return IncompatibleKeys(missing, unexpected)


def as_tensor(value: Any) -> Tensor:
    """A saved value as a tensor: one of ours, an array, or a tensor of PyTorch's."""
    if isinstance(value, Tensor):
        return value.detach()
    if hasattr(value, "detach"):  # PyTorch's tensors give no array while they require grad
        value = value.detach()
    return wrap(np.asarray(value), CPU)  # type: ignore[no-any-return]
