"""All that is wrong with a job in one answer: what its schema refuses, what the engine finds beside it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from engine.spec import check_fields, check_model
from service.errors import Fault, InvalidDefinition, document_at
from service.problems import BY_THE_ENGINE

Location = tuple[str | int, ...]


def with_the_engines(error: ValidationError, document: Any) -> ValidationError:
    """The schema's complaints, and the engine's at other places of the same document.

    Of an unknown field the engine's is kept instead: it names the one that was meant.
    """
    found = {_location(fault.pointer, document): fault for fault in _engines(document)}
    refused = {entry["loc"]: entry for entry in error.errors(include_url=False)}
    lines: list[InitErrorDetails] = []
    for place, entry in refused.items():
        if entry["type"] != "extra_forbidden" or place not in found:
            line = InitErrorDetails(type=entry["type"], loc=place, input=entry["input"])
            lines.append({**line, "ctx": entry["ctx"]} if "ctx" in entry else line)
    for place, fault in found.items():
        is_unknown_field = place in refused and refused[place]["type"] == "extra_forbidden"
        is_told = any(place[: len(other)] == other for other in refused) and not is_unknown_field
        # what is missing is told by the schema, with the place where it should stand
        if place and not is_told:
            kind = PydanticCustomError(BY_THE_ENGINE, "{detail}", {"detail": fault.detail})
            lines.append(InitErrorDetails(type=kind, loc=place, input=None))
    return ValidationError.from_exception_data(error.title, lines)


def _engines(document: Any) -> list[Fault]:
    """What is wrong with the job's fields and with its model, each taken alone."""
    found: list[Fault] = []
    if isinstance(document, dict):
        model = document.get("model")
        for prefix, check, part in (("", check_fields, document), ("/model", check_model, model)):
            try:
                with document_at(prefix):
                    if isinstance(part, dict):
                        check(part)
            except InvalidDefinition as error:
                found += error.errors
    return found


def _location(pointer: str, document: Any) -> Location:
    """A JSON pointer as pydantic writes it."""
    place: list[str | int] = []
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        place.append(int(key) if isinstance(document, list) else key)
        try:
            document = document[place[-1]]
        except (LookupError, TypeError):
            document = None
    return tuple(place)
