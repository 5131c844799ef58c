"""Times as the API shows them: RFC 3339 in UTC with milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, overload

from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Timestamp = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T09:30:00.123Z"]})
]


def _written(value: Any) -> Any:
    """Only a whole RFC 3339 time goes on: pydantic would take numbers as seconds or milliseconds, too."""
    if isinstance(value, str) and not _WRITTEN.fullmatch(value):
        raise ValueError("an RFC 3339 time is expected, such as 2026-11-23T09:30:00Z (write + as %2B)")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


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
