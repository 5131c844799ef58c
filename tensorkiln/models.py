"""Model definitions that the service keeps, versioned by content."""

from datetime import datetime
from typing import Any

from tensorkiln.records import Record


class Model(Record):
    """A validated definition. Equal definitions are one model.

    definition: canonical, with what was inferred filled in; shapes are per sample, without the batch
    output_shapes: of each output; output_shape: of the first
    """

    id: str
    name: str
    version: int | None = None
    sha256: str | None = None
    definition: dict[str, Any] | None = None
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    output_shapes: tuple[tuple[int, ...], ...] | None = None
    parameters: int | None = None
    flops_per_sample: int | None = None
    created_at: datetime | None = None
