"""Datasets that a job can name."""

from datetime import datetime
from typing import Any

from tensorkiln.records import Record


class Dataset(Record):
    """state: preparing | ready | unavailable; message: why it is so, or where the data came from."""

    name: str
    state: str
    title: str | None = None
    message: str | None = None
    splits: dict[str, Any] | None = None
    preview: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is known if the data can be had."""
        return self.state != "preparing"
