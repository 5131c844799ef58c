"""Samples to a batch, one by one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.errors import DTypeError
from engine.tensor import Tensor
from engine.tensor.creation import tensor
from engine.tensor.shapes import stack


def default_collate(batch: list[Any]) -> Any:
    """Stack tensors, arrays and numbers along a new first axis, within tuples, lists and mappings of them.

    Strings stay a list. Floats become float64, as in PyTorch, and ints int64.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray):
        return tensor(np.stack(batch))
    if isinstance(first, bool | int | float | np.generic):
        return tensor(np.asarray(batch))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(part)) for part in zip(*batch, strict=True)))
    if isinstance(first, tuple | list):
        return [default_collate(list(part)) for part in zip(*batch, strict=True)]
    raise DTypeError(
        f"samples of type {type(first).__name__} can't be put into a batch; let the dataset give tensors, "
        "arrays or numbers, or pass collate_fn"
    )


def default_convert(data: Any) -> Any:
    """One sample with its arrays as tensors, within tuples, lists and mappings; all else as it is."""
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind not in "SUO":
        return tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(part) for part in data))
    if isinstance(data, tuple | list):
        return [default_convert(part) for part in data]
    return data
