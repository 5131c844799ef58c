"""Every layer, function and loss that can be named: the engine's own, found by what they are."""

import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from engine import nn
from engine.spec.arguments import READERS
from engine.spec.entries import Entry, entry_of, read_part
from engine.spec.functions import FUNCTIONS
from engine.spec.losses import CTCLoss, mean

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


# or a function itself, as a distance
READERS[Callable] = lambda kind, value: read_part(FUNCTION_ENTRIES, kind, value)

# torch.nn's names tell losses from layers, and what is only a base; what has no forward only holds others,
# and DataParallel only calls another
_MODULES = [
    c
    for c in public_classes(nn, nn.Module)
    if _forward(c) is not nn.Module.forward
    and not issubclass(c, nn.Sequential | nn.DataParallel)
    and not c.__name__.endswith("Base")
]
_BY_NAME = {c.__name__: c for c in _MODULES} | {CTCLoss.__name__: CTCLoss}
FUNCTION_ENTRIES: Entries = entries_of("function", FUNCTIONS)
LAYERS: Entries = entries_of("module", _BY_NAME.values()) | FUNCTION_ENTRIES
# a job's loss is one of these, or the mean of what the model gives
LOSSES = entries_of("loss", [*(c for name, c in _BY_NAME.items() if name.endswith("Loss")), mean])
