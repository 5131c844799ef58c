"""What a definition or a job can name, by kind: layers, losses, optimizers, schedulers and so on.

The one list is the engine itself: its public classes, with their signatures and docstrings. Nothing is said
    twice.
"""

from typing import Any

from engine import optim
from engine.audio import transforms as sounds
from engine.data.transform import Transform
from engine.errors import EngineError
from engine.optim import lr_scheduler
from engine.spec.arguments import READERS
from engine.spec.entries import read_part
from engine.spec.layers import LAYERS, LOSSES, Entries, entries_of, public_classes
from engine.spec.metrics import METRICS
from engine.vision import transforms

# a scheduler may be made of others
READERS[lr_scheduler.LRScheduler] = lambda kind, value: read_part(SCHEDULERS, kind, value)

OPTIMIZERS = entries_of("optimizer", public_classes(optim, optim.Optimizer))
SCHEDULERS: Entries = entries_of("scheduler", public_classes(lr_scheduler, lr_scheduler.LRScheduler))
TRANSFORMS = entries_of(
    "transform", [*public_classes(transforms, Transform), *public_classes(sounds, Transform)]
)
METRICS_OF = entries_of("metric", METRICS.values())
KINDS = {
    "layers": LAYERS,
    "losses": LOSSES,
    "optimizers": OPTIMIZERS,
    "schedulers": SCHEDULERS,
    "transforms": TRANSFORMS,
    "metrics": METRICS_OF,
}


def catalogue(kind: str) -> list[dict[str, Any]]:
    """Everything of one kind: {"type", "summary", "schema"}, JSON-safe, layers also with "kind".

    kind: "layers", "losses", "optimizers", "schedulers", "transforms" or "metrics"
    The schemas are JSON schema 2020-12. Raises EngineError for another kind.
    """
    if kind not in KINDS:
        raise EngineError(f"there is no catalogue of {kind!r}; there are {', '.join(KINDS)}")
    return [entry.describe() for _, entry in sorted(KINDS[kind].items())]
