"""Reading a training job: its fields, and the loss, optimizer, transforms and metrics that it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal

from engine.spec.absences import unknown
from engine.spec.catalogue import METRICS_OF, OPTIMIZERS, SCHEDULERS, TRANSFORMS
from engine.spec.complaints import Complaints, at, nearest, show
from engine.spec.entries import Entry, entry_of
from engine.spec.layers import LOSSES, Entries

LONGEST_CHAIN = 32
MOST_METRICS = 16


def job(
    epochs: int,
    batch_size: int,
    shuffle: bool = True,
    seed: int = 0,
    device: Literal["auto", "cpu"] = "auto",
) -> None:
    """The plain fields of a training job."""


def evaluate(split: str = "test", every: Literal["epoch"] | int = "epoch") -> None:
    """When to measure on data that isn't trained on; a number counts epochs."""


def checkpoint(every_steps: int, keep: int = 2) -> None:
    """How often the state is handed out."""


def _fields(target: Any) -> Entry:
    entry = entry_of("fields", target)
    assert entry is not None
    return entry


PLAIN, EVALUATE, CHECKPOINT = _fields(job), _fields(evaluate), _fields(checkpoint)
FIELDS = (
    *PLAIN.arguments,
    "loss",
    "optimizer",
    "scheduler",
    "transforms",
    "metrics",
    "evaluate",
    "checkpoint",
)


@dataclass
class Choice:
    """Something of a catalogue with its arguments."""

    entry: Entry
    values: dict[str, Any]
    pointer: str

    def make(self, **extra: Any) -> Any:
        """The object. extra: what the engine passes by itself, such as params."""
        return self.entry.make(self.values, **extra)

    def document(self) -> dict[str, Any]:
        """As JSON, with every default filled in."""
        return {"type": self.entry.name, **self.entry.complete(self.values)}


@dataclass
class Job:
    """A job as far as it could be read; what is at fault is None, or missing from `plain`."""

    plain: dict[str, Any]
    loss: Choice | None
    optimizer: Choice | None
    scheduler: Choice | None
    transforms: list[Choice] | None
    metrics: list[str]
    evaluate: dict[str, Any] | None
    checkpoint: dict[str, Any] | None
    others: dict[str, Any] = field(default_factory=dict)  # fields of the document that aren't ours

    def document(self) -> dict[str, Any]:
        """The canonical job; `others` as they were given."""
        chosen = {"loss": self.loss, "optimizer": self.optimizer, "scheduler": self.scheduler}
        return {
            **self.others,
            "transforms": [choice.document() for choice in self.transforms or []],
            **{name: choice.document() if choice else None for name, choice in chosen.items()},
            **PLAIN.complete(self.plain),
            "metrics": list(self.metrics),
            "evaluate": self.evaluate,
            "checkpoint": self.checkpoint,
        }


def read_job(document: Any, complaints: Complaints) -> Job | None:
    """The job, with a complaint for every fault seen without model and data; None if it is no object."""
    if not isinstance(document, Mapping):
        complaints.add("", f"the job is {show(document)}, not an object")
        return None
    others = {key: value for key, value in document.items() if key not in FIELDS}
    for key in others:
        # what else a job holds is its owner's business, but a slip of the pen isn't
        near = get_close_matches(key, FIELDS, n=1, cutoff=0.8) if isinstance(key, str) else []
        if near and near[0] not in document:
            complaints.add(at("", key), f'there is no field {show(key)}; did you mean "{near[0]}"?')
    plain = {key: value for key, value in document.items() if key in PLAIN.arguments}
    return Job(
        plain=PLAIN.read(plain, "", complaints),
        loss=_required(document, "loss", LOSSES, complaints),
        optimizer=_required(document, "optimizer", OPTIMIZERS, complaints),
        scheduler=_choice(document.get("scheduler"), "/scheduler", SCHEDULERS, complaints),
        transforms=_transforms(document.get("transforms", []), complaints),
        metrics=_metrics(document.get("metrics", []), complaints),
        evaluate=_object(document.get("evaluate"), "/evaluate", EVALUATE, complaints),
        checkpoint=_object(document.get("checkpoint"), "/checkpoint", CHECKPOINT, complaints),
        others=others,
    )


@dataclass
class WholeJob(Job):
    """A job that nothing is wrong with."""

    loss: Choice
    optimizer: Choice
    transforms: list[Choice]


def read_canonical(document: Mapping[str, Any]) -> WholeJob:
    """A canonical job, as check_job reports it. Raises SpecError where it is none."""
    complaints = Complaints()
    job = read_job(document, complaints)
    complaints.raise_any()
    assert job is not None
    return WholeJob(**vars(job))


def _required(
    document: Mapping[str, Any], name: str, known: Entries, complaints: Complaints
) -> Choice | None:
    if document.get(name) is None:
        complaints.add("", f"{name} is missing; it must be an object with a type{nearest(None, known)}")
        return None
    return _choice(document[name], at("", name), known, complaints)


def _choice(value: Any, pointer: str, known: Entries, complaints: Complaints) -> Choice | None:
    """What an object {"type": ..., arguments} names; None for null, and after a complaint."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or "type" not in value:
        fault = "an object without a type" if isinstance(value, Mapping) else show(value)
        is_name = isinstance(value, str) and value in known
        hint = f'; write {{"type": "{value}"}}' if is_name else nearest(None, known)
        detail = f"this is {fault}, not an object with a type and its arguments{hint}"
        complaints.add(pointer, detail)
        return None
    kind = value["type"]
    entry = known.get(kind) if isinstance(kind, str) else None
    if entry is None:
        complaints.add(at(pointer, "type"), unknown("type", kind, known))
        return None
    before = len(complaints)
    given = {key: argument for key, argument in value.items() if key != "type"}
    values = entry.read(given, pointer, complaints)
    return Choice(entry, values, pointer) if len(complaints) == before else None


def _transforms(value: Any, complaints: Complaints) -> list[Choice] | None:
    if not isinstance(value, list) or len(value) > LONGEST_CHAIN:
        complaints.add(
            "/transforms", f"transforms is {show(value)}, not a list of at most {LONGEST_CHAIN} transforms"
        )
        return None
    chain: list[Choice] = []
    for position, item in enumerate(value):
        pointer = at("/transforms", position)
        choice = _choice(item, pointer, TRANSFORMS, complaints)
        if item is None:
            complaints.add(pointer, "a transform is null, not an object with a type")
        if choice is not None:
            chain.append(choice)
    return chain if len(chain) == len(value) else None


def _metrics(value: Any, complaints: Complaints) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_METRICS:
        complaints.add("/metrics", f"metrics is {show(value)}, not a list of at most {MOST_METRICS} names")
        return []
    names: list[str] = []
    for position, name in enumerate(value):
        if not isinstance(name, str) or name not in METRICS_OF:
            detail = f"the metric {show(name)} isn't known{nearest(name, METRICS_OF)}"
            complaints.add(at("/metrics", position), detail)
        elif name not in names:
            names.append(name)
    return names


def _object(value: Any, pointer: str, entry: Entry, complaints: Complaints) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        complaints.add(pointer, f"{entry.name} is {show(value)}, not an object or null")
        return None
    return entry.complete(entry.read(dict(value), pointer, complaints))


def make_scheduler(choice: Choice, optimizer: Any, steps: int | None) -> Any:
    """The scheduler of a job of so many steps (None: unknown); a cycle is as long as the job unless told."""
    length = ("total_steps", "epochs", "steps_per_epoch")
    is_told = any(choice.values.get(name) is not None for name in length)
    if "total_steps" in choice.entry.arguments and steps is not None and not is_told:
        choice = replace(choice, values={**choice.values, "total_steps": steps})
    return choice.make(optimizer=optimizer)
