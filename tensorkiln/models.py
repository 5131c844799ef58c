"""Model definitions that the service keeps, versioned by content."""

from datetime import datetime
from typing import Any

from tensorkiln.records import Record


class Model(Record):
    """A validated definition. Equal definitions are one model.

    definition: canonical, with what was inferred filled in
    """

    id: str
    name: str
    version: int | None = None
    sha256: str | None = None
    definition: dict[str, Any] | None = None
    parameters: int | None = None
    created_at: datetime | None = None
