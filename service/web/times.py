"""Times as the API shows them: RFC 3339 in UTC with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, overload

from pydantic import WithJsonSchema

Timestamp = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T09:30:00.123Z"]})
]


@overload
def rfc3339(epoch_ms: int) -> str: ...
@overload
def rfc3339(epoch_ms: None) -> None: ...
def rfc3339(epoch_ms: int | None) -> str | None:
    """`1795426200123` is `2026-11-23T09:30:00.123Z`; None stays None."""
    if epoch_ms is None:
        return None
    moment = datetime.fromtimestamp(epoch_ms // 1000, UTC).replace(microsecond=epoch_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware datetime."""
    return int(moment.timestamp() * 1000)
