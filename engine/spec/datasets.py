"""What a job's check needs to know of a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DatasetSchema:
    """One dataset. Shapes are of one sample as stored, before any transform; () is a single value."""

    input_shape: tuple[int, ...]
    input_dtype: str
    target_shape: tuple[int, ...]
    target_dtype: str
    classes: int | None  # number of classes if the targets are class indices
    splits: dict[str, int]  # samples in each

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "DatasetSchema":
        """From the JSON-safe form that `to_dict` gives."""
        classes = document["classes"]
        return cls(
            input_shape=tuple(int(size) for size in document["input_shape"]),
            input_dtype=str(document["input_dtype"]),
            target_shape=tuple(int(size) for size in document["target_shape"]),
            target_dtype=str(document["target_dtype"]),
            classes=None if classes is None else int(classes),
            splits={str(name): int(samples) for name, samples in document["splits"].items()},
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "input_shape": list(self.input_shape),
            "input_dtype": self.input_dtype,
            "target_shape": list(self.target_shape),
            "target_dtype": self.target_dtype,
            "classes": self.classes,
            "splits": dict(self.splits),
        }
