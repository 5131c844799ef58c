"""Whether a job's transforms lead from the samples that a dataset stores to those that the model takes."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from engine.dtypes import of
from engine.spec.catalogue import TRANSFORMS
from engine.spec.complaints import Complaints, show
from engine.spec.datasets import DatasetSchema
from engine.spec.inference import REFUSALS
from engine.spec.jobs import Choice
from engine.spec.models import ModelReport
from engine.spec.preparation import applied, as_array

# what a transform raises for samples that it can't take; one of tensors may not even look at an array
ODDITIES = (*REFUSALS, AttributeError)


def check_samples(
    chain: Sequence[Choice] | None, model: ModelReport, dataset: DatasetSchema, complaints: Complaints
) -> None:
    """Run the transforms on a batch of no samples; None is a chain that couldn't be read."""
    if chain is None:
        return
    # without samples nothing is allocated, however large a transform would make them
    value: Any = np.zeros((0, *dataset.input_shape), dataset.input_dtype)
    for choice in chain:
        try:
            transform = choice.make()
        except REFUSALS as error:
            complaints.add(choice.pointer, f"{choice.entry.name} can't be made so: {error}")
            return
        try:
            after = applied(transform, value)
            of(as_array(after).dtype)
        except ODDITIES as error:
            hint = _missing_before(transform, value) or f": {error}"
            detail = f"{choice.entry.name} can't take samples that are {_kind(value)}{hint}"
            complaints.add(choice.pointer, detail)
            return
        value = after
    if _suits(value, model):
        return
    wanted = f"{model.input_dtype} {show(list(model.input_shape))}"
    given = "after the transforms they are" if chain else "and the dataset's are"
    detail = f"the model takes samples that are {wanted}, {given} {_kind(value)}{_remedy(value, model)}"
    complaints.add("/transforms", detail)


def _suits(value: Any, model: ModelReport) -> bool:
    array = as_array(value)
    return array.shape[1:] == model.input_shape and str(array.dtype) == model.input_dtype


def _remedy(value: Any, model: ModelReport) -> str:
    """One transform that would help, or the input that the model should have."""
    for name, transform in _plain_transforms():
        with suppress(*ODDITIES):
            if _suits(applied(transform, value), model):
                return f'; add {{"type": "{name}"}} to transforms'
    array = as_array(value)
    if str(array.dtype) == model.input_dtype:
        return f"; give the model's input the shape {show(list(array.shape[1:]))}"
    return ""


def _plain_transforms() -> list[tuple[str, Any]]:
    """Those that need no arguments."""
    return [
        (name, entry.make({}))
        for name, entry in TRANSFORMS.items()
        if not any(argument.required for argument in entry.arguments.values())
    ]


def _missing_before(transform: Any, value: Any) -> str:
    """One transform that would have to come first."""
    for name, first in _plain_transforms():
        with suppress(*ODDITIES):
            applied(transform, applied(first, value))
            return f'; put {{"type": "{name}"}} before it'
    return ""


def _kind(samples: Any) -> str:
    """Dtype and shape of one sample."""
    array = as_array(samples)
    return f"{array.dtype} {show(list(array.shape[1:]))}"
