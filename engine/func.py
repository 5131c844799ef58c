"""Modules as functions of their weights: PyTorch's `torch.func.functional_call`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import CheckpointError
from engine.nn import Module
from engine.tensor import Tensor

__all__ = ["functional_call"]

_INSTEAD = {
    "grad": "autograd.grad(…, create_graph=True)",
    "hessian": "autograd.functional.hessian",
    "jacfwd": "autograd.functional.jacobian",
    "jacrev": "autograd.functional.jacobian",
    "jvp": "autograd.functional.jvp",
    "vjp": "autograd.functional.vjp",
    "vmap": "a leading axis for the batch",
}


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers, which stay as they are.

    parameter_and_buffer_dicts: by the names of named_parameters() and named_buffers(); or several such dicts
    args: what the module is called with, a tuple unless it is a single argument
    tie_weights: a tensor that the module holds under several names is replaced under all of them
    strict: every parameter and buffer must be given
    Raises CheckpointError for a name that the module doesn't have, or that is given twice.
    """
    dicts = parameter_and_buffer_dicts
    given: dict[str, Tensor] = {}
    for each in (dicts,) if isinstance(dicts, Mapping) else dicts:
        twice = given.keys() & each.keys()
        if twice:
            raise CheckpointError(f"functional_call: {sorted(twice)} are given twice")
        given.update(each)
    places = _places(module)
    unknown, missing = given.keys() - places.keys(), places.keys() - given.keys()
    if unknown or (strict and missing):
        detail = f"it has no {sorted(unknown)}" if unknown else f"{sorted(missing)} are missing"
        raise CheckpointError(
            f"functional_call: {type(module).__name__} holds {', '.join(places) or 'nothing'}; {detail}"
        )
    meant = {id(places[name][2]): tensor for name, tensor in given.items()} if tie_weights else {}
    meant_names = {name: given.get(name, meant.get(id(held[2]))) for name, held in places.items()}
    try:
        for name, (owner, key, _) in places.items():
            if meant_names[name] is not None:
                owner.__dict__[key] = meant_names[name]
        arguments = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*arguments, **(kwargs or {}))
    finally:
        for owner, key, held in places.values():
            owner.__dict__[key] = held


def _places(module: Module) -> dict[str, tuple[Module, str, Tensor]]:
    """By its path: the module that holds a parameter or buffer, its name there, and the tensor."""
    found: dict[str, tuple[Module, str, Tensor]] = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        for key, tensor in (
            *owner.named_parameters(recurse=False, remove_duplicate=False),
            *owner.named_buffers(recurse=False, remove_duplicate=False),
        ):
            found[f"{path}.{key}" if path else key] = (owner, key, tensor)
    return found


def _missing(name: str) -> Any:
    detail = f"; use {_INSTEAD[name]}" if name in _INSTEAD else ""
    raise AttributeError(f"module 'engine.func' has no attribute {name!r}{detail}", name=name)


if not TYPE_CHECKING:  # what isn't there stays an error to type checkers
    __getattr__ = _missing
