"""Filling a module's tensors from a state dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.autograd import no_grad
from engine.autograd.tape import wrap
from engine.device import CPU
from engine.errors import CheckpointError
from engine.nn.parameter import Parameter
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.nn.module import Module

# what networks are wrapped in, whose names then stand before every key
_WRAPPERS = ("module.", "_orig_mod.", "model.")


class IncompatibleKeys(NamedTuple):
    """Which keys a state dict lacked, and which it had too many."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def load_into(
    module: Module,
    source: Mapping[str, Any],
    strict: bool,
    assign: bool,
    missing: list[str],
    unexpected: list[str],
    complaints: list[str],
) -> IncompatibleKeys:
    """Copy or assign `source`'s values, all of them or, on any complaint, none.

    missing, unexpected, complaints: what hooks have found already
    """
    targets = module.state_dict(keep_vars=True)
    missing.extend(key for key in targets if key not in source)
    unexpected.extend(key for key in source if key not in targets)
    if strict and missing:
        complaints.append("missing keys: " + ", ".join(missing))
    if strict and unexpected:
        complaints.append("unexpected keys: " + ", ".join(unexpected))
        complaints.extend(_advice(targets, unexpected))
    for key, target in targets.items():
        if key not in source:
            continue
        if not hasattr(source[key], "shape"):
            complaints.append(f"{key} must be a tensor or an array, and is {type(source[key]).__name__}")
        elif tuple(source[key].shape) != target.shape:
            complaints.append(
                f"{key} has shape {tuple(source[key].shape)}, and the module's is {tuple(target.shape)}"
            )
    if complaints:
        raise CheckpointError(
            f"the state dict doesn't fit {type(module).__name__}:\n  " + "\n  ".join(complaints)
        )
    with no_grad():
        for key, target in targets.items():
            if key not in source:
                continue
            if assign:
                _assign(module, key, source[key])
            else:
                target.copy_(as_tensor(source[key]))
    return IncompatibleKeys(missing, unexpected)


def _advice(targets: Mapping[str, Tensor], unexpected: list[str]) -> list[str]:
    for wrapper in _WRAPPERS:
        if all(key.removeprefix(wrapper) in targets and key.startswith(wrapper) for key in unexpected):
            return [f"without {wrapper!r} in front, these keys are the module's: strip it from each key"]
    return []


def _assign(module: Module, key: str, value: Any) -> None:
    path, _, name = key.rpartition(".")
    owner = module.get_submodule(path)
    before = getattr(owner, name)
    new: Tensor = as_tensor(value)
    if isinstance(before, Parameter):
        same = isinstance(value, Parameter) and value.requires_grad == before.requires_grad
        new = value if same else Parameter(new, before.requires_grad)
    setattr(owner, name, new)


def as_tensor(value: Any) -> Tensor:
    """A saved value as a tensor: one of ours, an array, or a tensor of PyTorch's."""
    if isinstance(value, Tensor):
        return value.detach()
    if hasattr(value, "detach"):  # PyTorch's tensors give no array while they require grad
        value = value.detach()
    return wrap(np.asarray(value), CPU)  # type: ignore[no-any-return]  # it is a Tensor
