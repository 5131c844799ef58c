"""Whether a job's loss can compare what the model gives with what the dataset holds."""

import numpy as np

from engine.spec.complaints import Complaints, show
from engine.spec.datasets import DatasetSchema
from engine.spec.inference import REFUSALS
from engine.spec.jobs import Choice
from engine.spec.losses import Objective, make_loss
from engine.spec.models import ModelReport
from engine.spec.rehearsal import Rehearsal
from engine.tensor import Tensor

# the axis of an output that has one value a class, where it isn't torch's usual one
CLASS_AXES = {"CTCLoss": 2}


def has_classes(dataset: DatasetSchema) -> bool:
    """Whether its targets are class indices."""
    return dataset.classes is not None and np.dtype(dataset.target_dtype).kind in "iu"


def class_axis(loss: Choice | None) -> int:
    """The axis of a batch of outputs that has one value a class."""
    return CLASS_AXES.get(loss.entry.name, 1) if loss is not None else 1


def check_loss(
    choice: Choice,
    model: ModelReport,
    dataset: DatasetSchema,
    rehearsal: Rehearsal,
    complaints: Complaints,
) -> Objective | None:
    """The loss, if it takes the model's output and the dataset's targets and gives one number to go down."""
    try:
        objective = make_loss(choice.entry, choice.values, device=rehearsal.device)
    except REFUSALS as error:
        complaints.add(choice.pointer, f"{choice.entry.name} can't be made so: {error}")
        return None
    fault = _fault(choice, objective, model, dataset, rehearsal)
    if fault is None:
        return objective
    complaints.add(*fault)
    return None


def _fault(
    choice: Choice, objective: Objective, model: ModelReport, dataset: DatasetSchema, rehearsal: Rehearsal
) -> tuple[str, str] | None:
    """Where what is wrong, or None."""
    values = len(model.output_shapes)
    detail = objective.complaint(values)
    if detail is not None:
        return choice.pointer, detail
    inputs, targets = rehearsal.batch(2)
    try:
        output = rehearsal.model(inputs)
    except REFUSALS as error:
        return "/model", f"the model can't be trained: {error}"
    outputs: tuple[Tensor, ...] = output if isinstance(output, tuple) else (output,)
    # of one output, which has one value a class
    is_scored = values == 1 and objective.needs_targets(values) and has_classes(dataset)
    try:
        value = objective(output, targets)
    except REFUSALS as error:
        hint = _remedy(choice.entry.name, outputs[0], dataset) if is_scored else ""
        compared = _compared(outputs, targets if objective.needs_targets(values) else None)
        detail = f"{choice.entry.name} can't compare {compared}: {error} (with a batch of 2){hint}"
        return choice.pointer, detail
    if value.shape != ():
        detail = 'the loss must be one number for the whole batch; take the reduction "mean" or "sum"'
        return choice.pointer, detail
    if is_scored and outputs[0].ndim == targets.ndim + 1:
        count, classes = outputs[0].shape[class_axis(choice)], dataset.classes or 0
        if count < classes:
            return "/model", f"the model gives {count} outputs, the dataset has {classes} classes"
    if not value.requires_grad and any(True for _ in rehearsal.model.parameters()):
        return "/model", "the model's output doesn't depend on its parameters, so it can't learn"
    return None


def _compared(outputs: tuple[Tensor, ...], targets: Tensor | None) -> str:
    given = " and ".join(f"{each.dtype.name} {show(list(each.shape[1:]))}" for each in outputs)
    said = f"the model's output{'s' if len(outputs) > 1 else ''}, {given} a sample"
    if targets is None:
        return said
    return f"{said}, with the dataset's targets, {targets.dtype.name} {show(list(targets.shape[1:]))}"


def _remedy(loss: str, output: Tensor, dataset: DatasetSchema) -> str:
    """What would make a loss of classes fit."""
    if loss not in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        return "; for classes take CrossEntropyLoss" if loss != "CTCLoss" else ""
    if output.ndim > 2 and not dataset.target_shape:
        return '; put a {"type": "Flatten"} before the last Linear, or take a mean over axes'
    return ""
