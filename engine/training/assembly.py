"""From a checked job to the objects that train it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from engine.nn import Module
from engine.optim import Optimizer
from engine.optim.lr_scheduler import LRScheduler
from engine.spec import DatasetSchema, Problem, SpecError, build_model, check_job, check_model
from engine.spec.checking import TRAIN
from engine.spec.jobs import FIELDS, make_scheduler, read_canonical
from engine.spec.losses import Objective, make_loss
from engine.spec.metrics import METRICS, Counter
from engine.tensor.random import default_generator
from engine.training.batches import Split

Array = NDArray[Any]
Splits = Mapping[str, tuple[Array, Array]]

# what may differ when a run goes on from a state: how long it is, and what is told of it
FREE = ("epochs", "evaluate", "checkpoint", "metrics", "device")


@dataclass(frozen=True)
class Parts:
    """Everything that a run is made of.

    evaluation: the split to measure on, None for none, and its name
    every: epochs from one evaluation to the next; checkpoint_every: steps, 0 for never
    generator: the state of the generator after the weights were drawn
    """

    model: Module
    loss: Objective
    optimizer: Optimizer
    scheduler: LRScheduler | None
    metrics: dict[str, Counter]
    train: Split
    evaluation: Split | None
    evaluation_name: str
    every: int
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    checkpoint_every: int
    generator: list[int]
    fingerprint: str


def assemble(job: Mapping[str, Any], model: Mapping[str, Any], splits: Splits) -> Parts:
    """Check the job against the model and the data, and build its parts.

    Raises SpecError for a job, model or data that don't fit together.
    """
    checked_model = check_model(model)
    checked = check_job(job, checked_model, schema_of(splits))
    read = read_canonical(checked.job)
    plain = read.plain
    module = build_model(checked_model.definition, plain["seed"])
    optimizer = read.optimizer.make(params=module.parameters())
    steps = -(-len(splits[TRAIN][0]) // plain["batch_size"]) * plain["epochs"]
    scheduler = make_scheduler(read.scheduler, optimizer, steps) if read.scheduler else None
    transforms = [choice.make() for choice in read.transforms]
    name = read.evaluate["split"] if read.evaluate else ""
    every = read.evaluate["every"] if read.evaluate else 1
    return Parts(
        model=module,
        loss=make_loss(read.loss.entry, read.loss.values),
        optimizer=optimizer,
        scheduler=scheduler,
        metrics={metric: METRICS[metric] for metric in read.metrics},
        train=Split(*splits[TRAIN], transforms, is_varied=True),
        evaluation=Split(*splits[name], transforms) if name else None,
        evaluation_name=name,
        every=1 if every == "epoch" else every,
        epochs=plain["epochs"],
        batch_size=plain["batch_size"],
        shuffle=plain["shuffle"],
        seed=plain["seed"],
        checkpoint_every=read.checkpoint["every_steps"] if read.checkpoint else 0,
        generator=default_generator.get_state().tolist(),
        fingerprint=_fingerprint(checked.job, checked_model.definition, len(splits[TRAIN][0])),
    )


def schema_of(splits: Splits) -> DatasetSchema:
    """What the arrays of a dataset say about it; integer targets are classes from 0 to the largest."""
    if TRAIN not in splits:
        names = ", ".join(splits) or "none"
        raise SpecError(
            [Problem("/dataset", f'there is no "{TRAIN}" split to train on; the splits: {names}')]
        )
    inputs, targets = splits[TRAIN]
    classes = None
    if targets.dtype.kind in "iu":
        classes = 1 + max((int(t.max()) for _, t in splits.values() if t.size), default=0)
    return DatasetSchema(
        input_shape=tuple(inputs.shape[1:]),
        input_dtype=str(inputs.dtype),
        target_shape=tuple(targets.shape[1:]),
        target_dtype=str(targets.dtype),
        classes=classes,
        splits={name: len(x) for name, (x, _) in splits.items()},
    )


def _fingerprint(job: Mapping[str, Any], definition: Mapping[str, Any], samples: int) -> str:
    kept = {name: job[name] for name in FIELDS if name not in FREE}
    text = json.dumps([kept, definition, samples], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
