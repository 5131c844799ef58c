"""The ground that request and response models stand on, and the shape of every list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")

JsonObject = dict[str, Any]


class RequestBody(BaseModel):
    """Strict: no coercion, no unknown fields, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class QueryParameters(BaseModel):
    """Query strings are text, so they are coerced; unknown parameters are refused all the same."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Resource(BaseModel):
    """What the API answers with."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())


def cursor(prefix: str) -> Any:
    """The `after` of a list of things whose ids begin with `prefix`."""
    pattern = f"^{prefix}_[0-9a-hjkmnp-tv-z]{{24}}$"
    example = f"{prefix}_01m3kd8v9a2s4w6y8h0jk2mn"
    return Field(
        default=None, pattern=pattern, description="The `last_id` of the page before.", examples=[example]
    )


class Page(QueryParameters):
    """How much of a list; each list says what its cursor is."""

    limit: int = Field(default=20, ge=1, le=100, description="How many items at most.")


class ResourceList(Resource, Generic[Item]):
    """One page of a list."""

    object: Literal["list"] = "list"
    data: list[Item]
    first_id: str | None = Field(description="Of the first item of this page; null on an empty one.")
    last_id: str | None = Field(description="Of the last item of this page: the next page's `after`.")
    has_more: bool = Field(description="Whether there is a page after this one.")

    @classmethod
    def of(
        cls, rows: Sequence[Row], limit: int, show: Callable[[Row], Item], name: Callable[[Row], str]
    ) -> Self:
        """A page from up to `limit` + 1 rows: the one too many says that there are more."""
        shown = rows[:limit]
        return cls(
            data=[show(row) for row in shown],
            first_id=name(shown[0]) if shown else None,
            last_id=name(shown[-1]) if shown else None,
            has_more=len(rows) > limit,
        )


class FaultEntry(Resource):
    """One thing wrong with the request, and where."""

    pointer: str = Field(description="RFC 6901 JSON pointer into the request's own body; empty: all of it.")
    detail: str = Field(description="What was given and what would have been right.")
    parameter: str | None = Field(
        default=None, description="The parameter's name, where the body is not at fault."
    )
    place: Literal["query", "path", "header"] | None = Field(
        default=None, alias="in", description="Where that parameter stands."
    )


class Problem(Resource):
    """Why a request was refused (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="The kind of problem in two words.")
    status: int = Field(description="The HTTP status, again.")
    detail: str = Field(description="This occurrence in a sentence.")
    code: str = Field(description="The kind of problem for programs.")
    request_id: str = Field(description="What the server's log calls this request; also in X-Request-ID.")
    errors: list[FaultEntry] = Field(description="Every fault with its place.")
