"""Datasets that a job can name."""

from datetime import datetime
from typing import Any

from pydantic import Field

from tensorkiln.records import Record


class Dataset(Record):
    """state: preparing | ready | unavailable; message: why it is so, or where the data came from.

    layout (the API calls it `schema`): shape and dtype of a sample and a target as stored, classes,
        samples per split
    """

    name: str
    state: str
    title: str | None = None
    message: str | None = None
    layout: dict[str, Any] | None = Field(default=None, alias="schema")
    splits: dict[str, Any] | None = None
    preview: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is known if the data can be had."""
        return self.state != "preparing"
