"""Every layer, function and loss that can be named: the engine's own, found by what they are."""

import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from engine import nn
from engine.spec.arguments import READERS
from engine.spec.entries import Entry, entry_of, read_part
from engine.spec.functions import FUNCTIONS

Entries = dict[str, Entry]


def public_classes(module: ModuleType, base: type) -> list[type]:
    """The public classes of a module that derive from `base`, without it, in the order of their names."""
    found = [
        value for name, value in vars(module).items() if inspect.isclass(value) and not name.startswith("_")
    ]
    return sorted({c for c in found if issubclass(c, base) and c is not base}, key=lambda c: c.__name__)


def entries_of(kind: str, targets: Iterable[Any]) -> Entries:
    made = [entry_of(kind, target) for target in targets]
    return {entry.name: entry for entry in made if entry is not None}


# an argument may be a module itself, as a Transformer's layer
READERS[nn.Module] = lambda kind, value: read_part(LAYERS, kind, value)


def _forward(module: Any) -> Any:
    return module.forward


# torch.nn's names tell losses from layers, and what is only a base; what has no forward only holds others,
# and DataParallel only calls another
_MODULES = [
    c
    for c in public_classes(nn, nn.Module)
    if _forward(c) is not nn.Module.forward
    and not issubclass(c, nn.Sequential | nn.DataParallel)
    and not c.__name__.endswith("Base")
]
# a job's loss compares the model's output with the target; one of three tensors has no place there
LOSSES = {
    name: entry
    for name, entry in entries_of("loss", [c for c in _MODULES if c.__name__.endswith("Loss")]).items()
    if entry.takes(2)
}
LAYERS: Entries = entries_of("module", [c for c in _MODULES if not c.__name__.endswith("Loss")]) | entries_of(
    "function", FUNCTIONS
)
