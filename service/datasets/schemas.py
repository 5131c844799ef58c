"""What the dataset endpoints answer with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.web.schemas import JsonObject, Page, Resource
from service.web.times import Timestamp

DatasetState = Literal["preparing", "ready", "unavailable"]


class Dataset(Resource):
    """A dataset."""

    id: str = Field(description="The same as `name`.")
    object: Literal["dataset"] = "dataset"
    name: str
    title: str
    source: str = Field(description="builtin")
    state: DatasetState
    message: str | None = Field(description="Why it is unavailable, or where it came from.")
    schema_: JsonObject | None = Field(
        alias="schema",
        description="Shape and dtype of one sample and one target as stored, classes, and samples per split.",
    )
    splits: JsonObject | None = Field(description="Of each split: count, sha256 and size_bytes.")
    preview: JsonObject | None = Field(description="A few samples; null in lists.")
    created_at: Timestamp
    updated_at: Timestamp


class DatasetPage(Page):
    """Which part of the list, by name."""

    after: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")] | None = Field(
        default=None, description="The `last_id` of the page before.", examples=["digits"]
    )
