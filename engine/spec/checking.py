"""Checking a training job against its model and its dataset."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.data.transform import is_quick
from engine.optim.lr_scheduler import ReduceLROnPlateau
from engine.spec.comparison import check_loss, class_axis, has_classes
from engine.spec.complaints import Complaints, show
from engine.spec.datasets import DatasetSchema
from engine.spec.inference import REFUSALS
from engine.spec.jobs import Choice, Job, make_scheduler, read_job
from engine.spec.models import ModelReport, metered_model, untouched_generator
from engine.spec.preparation import prepared_targets
from engine.spec.rehearsal import Cost, Rehearsal
from engine.spec.samples import check_samples

TRAIN = "train"  # the split that is trained on


@dataclass(frozen=True)
class JobReport:
    """A valid job.

    job: canonical: every default filled in
    flops_per_step: of a full batch, forward, backward and optimizer; flops_total: of all training steps
    peak_memory_bytes: the most that is held at once in a training step: weights, gradients, optimizer
        state, what the tape keeps, the batch, and the dataset as it is held for training; not the
        interpreter itself
    """

    job: dict[str, Any]
    parameters: int
    flops_per_step: int
    flops_total: int
    steps_per_epoch: int
    steps_total: int
    peak_memory_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]  # an object in, an object out


def check_job(job: Mapping[str, Any], model: ModelReport, dataset: DatasetSchema) -> JobReport:
    """What a job says, once it is found to fit its model and its dataset; nothing is allocated.

    Looks at loss, optimizer, scheduler, transforms, epochs, batch_size, shuffle, seed, metrics, evaluate,
    checkpoint and device; other fields stay as they are. Pointers are into the job's document, and "/model"
    for the model. Raises SpecError with every problem found, whatever JSON value it is given.
    """
    complaints = Complaints()
    read = read_job(job, complaints)
    if read is None:
        complaints.raise_any()
        raise AssertionError("an unread job is complained of")
    check = _Check(read, model, dataset, complaints)
    check.splits()
    check_samples(read.transforms, model, dataset, complaints)
    check.metrics()
    with untouched_generator():
        cost = check.rehearse()
    complaints.raise_any()
    assert cost is not None
    return check.report(cost)


def check_fields(job: Mapping[str, Any]) -> None:
    """Check of a job what needs neither its model nor its dataset. Raises SpecError as check_job does."""
    complaints = Complaints()
    read_job(job, complaints)
    complaints.raise_any()


class _Check:
    """One job beside its model and its dataset."""

    def __init__(self, job: Job, model: ModelReport, dataset: DatasetSchema, complaints: Complaints) -> None:
        self.job = job
        self.model = model
        self.dataset = dataset
        self.complaints = complaints
        self.has_classes = has_classes(dataset)

    def splits(self) -> None:
        """The splits that the job uses are there, and a batch isn't more than all."""
        known = self.dataset.splits
        samples, size = known.get(TRAIN, 0), self.job.plain.get("batch_size")
        if samples == 0:
            self.complaints.add("/dataset", f'the dataset has no "{TRAIN}" split with samples to train on')
        elif size is not None and size > samples:
            detail = f"batch_size is {size}, the {TRAIN} split has only {samples} samples"
            self.complaints.add("/batch_size", detail)
        wanted = self.job.evaluate["split"] if self.job.evaluate else None
        if wanted is not None and not known.get(wanted):
            names = ", ".join(name for name, count in known.items() if count) or "none"
            detail = f"the dataset has no split {show(wanted)} with samples; its splits: {names}"
            self.complaints.add("/evaluate/split", detail)

    def metrics(self) -> None:
        for position, name in enumerate(self.job.metrics):
            # the only metric so far counts classes
            # one value a class on the axis after the batch, and of one output
            is_scored = (
                class_axis(self.job.loss) == 1
                and len(self.model.output_shapes) == 1
                and len(self.model.output_shape) == len(self.dataset.target_shape) + 1
            )
            if not self.has_classes:
                kind = self.dataset.target_dtype
                detail = f"{name} needs a dataset with classes, and this one has {kind} targets"
                self.complaints.add(f"/metrics/{position}", detail)
            elif not is_scored:
                shapes = " and ".join(show(list(shape)) for shape in self.model.output_shapes)
                detail = f"{name} needs one output a class; the model's output is {shapes} a sample"
                self.complaints.add(f"/metrics/{position}", detail)

    def rehearse(self) -> Cost | None:
        """Two steps without values; None after a complaint."""
        loss, optimizer = self.job.loss, self.job.optimizer
        model, device, tally = metered_model(self.model)
        made = self._optimizer(optimizer, list(model.parameters())) if optimizer else None
        if self.job.scheduler and made is not None:
            self._scheduler(self.job.scheduler, made)
        if loss is None:
            return None
        targets = prepared_targets(np.zeros((0, *self.dataset.target_shape), self.dataset.target_dtype))
        rehearsal = Rehearsal(
            model,
            device,
            tally,
            (self.model.input_shape, self.model.input_dtype),
            (self.dataset.target_shape, str(targets.dtype)),
        )
        objective = check_loss(loss, self.model, self.dataset, rehearsal, self.complaints)
        if objective is None:
            return None
        size = self.job.plain.get("batch_size")
        if made is None or size is None or len(self.complaints):
            return None
        try:
            cost = rehearsal.run(size, objective, made)
        except REFUSALS as error:
            if size == 1:  # it runs with two samples: so much is known by now
                detail = (
                    f"the model can't be trained on one sample at a time: {error}; choose another batch_size"
                )
                self.complaints.add("/batch_size", detail)
            else:
                self.complaints.add("/model", f"the model can't be trained: {error}")
            return None
        self._last_batch(rehearsal, size)
        return cost

    def _last_batch(self, rehearsal: Rehearsal, size: int) -> None:
        """The last batch of an epoch may be a single sample, of which batch norm knows no variance."""
        last = self.dataset.splits.get(TRAIN, 0) % size
        if last != 1:
            return
        try:
            rehearsal.model(rehearsal.batch(last)[0])
        except REFUSALS as error:
            detail = (
                f"the last batch of an epoch has {last} sample, on which the model can't be trained: {error}"
            )
            self.complaints.add("/batch_size", f"{detail}; choose another batch_size")

    def _optimizer(self, choice: Choice, parameters: list[Any]) -> Any:
        if not parameters:
            self.complaints.add(
                "/model", "the model has no parameters, so there is nothing to train; add a Linear"
            )
            return None
        return self._made(choice, params=parameters)

    def _scheduler(self, choice: Choice, optimizer: Any) -> None:
        """It can be made, follows a metric that there is, and lasts to the end of the job."""
        steps = self._steps()
        try:
            made = make_scheduler(choice, optimizer, steps)
        except REFUSALS as error:
            self.complaints.add(choice.pointer, f"{choice.entry.name} can't be made so: {error}")
            return
        if isinstance(made, ReduceLROnPlateau) and made.mode == "max" and not self.job.metrics:
            detail = 'mode is "max", and the loss is to fall; name the metric that is to grow in metrics'
            self.complaints.add(f"{choice.pointer}/mode", detail)
        length = getattr(made, "total_steps", None)
        if length is not None and steps is not None and length < steps:
            detail = f"the cycle has {length} steps and the job {steps}; leave its length out to fit it"
            self.complaints.add(choice.pointer, detail)

    def _steps(self) -> int | None:
        """Steps of the whole job, where it says enough."""
        size, epochs = self.job.plain.get("batch_size"), self.job.plain.get("epochs")
        samples = self.dataset.splits.get(TRAIN, 0)
        return -(-samples // size) * epochs if size and epochs and samples else None

    def _made(self, choice: Choice, **extra: Any) -> Any:
        try:
            return choice.make(**extra)
        except REFUSALS as error:
            self.complaints.add(choice.pointer, f"{choice.entry.name} can't be made so: {error}")
            return None

    def report(self, cost: Cost) -> JobReport:
        size, epochs = self.job.plain["batch_size"], self.job.plain["epochs"]
        samples = self.dataset.splits[TRAIN]
        steps = -(-samples // size)
        used = {TRAIN} | ({self.job.evaluate["split"]} if self.job.evaluate else set())
        held = sum(self.dataset.splits[name] for name in used)
        return JobReport(
            job=self.job.document(),
            parameters=self.model.parameters,
            flops_per_step=cost.flops,
            # every sample costs the same, also in a last batch that is smaller
            flops_total=cost.flops // size * samples * epochs,
            steps_per_epoch=steps,
            steps_total=steps * epochs,
            peak_memory_bytes=cost.peak_bytes + held * self._sample_bytes(),
        )

    def _sample_bytes(self) -> int:
        """One sample as training holds it: as it is stored where the transforms are quickly done again."""
        data, transforms = self.dataset, [choice.make() for choice in self.job.transforms or []]
        stored = data.input_shape, data.input_dtype
        prepared = self.model.input_shape, self.model.input_dtype
        shapes = [
            stored if all(map(is_quick, transforms)) else prepared,
            (data.target_shape, data.target_dtype),
        ]
        return sum(int(np.prod(shape, dtype=object)) * np.dtype(kind).itemsize for shape, kind in shapes)
