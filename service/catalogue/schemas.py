"""What the catalogue endpoints answer with."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from service.web.schemas import JsonObject, Resource


class Entry(Resource):
    """Something that a definition can name as a `type`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(description="What to write as `type`.")
    summary: str
    schema_: JsonObject = Field(
        alias="schema",
        description="JSON schema (2020-12) of the whole object, generated from the engine's signature.",
    )


class Catalogue(Resource):
    """Every entry of one kind; a catalogue has one page."""

    object: Literal["list"] = "list"
    data: list[Entry]
    first_id: str | None
    last_id: str | None
    has_more: Literal[False] = False
