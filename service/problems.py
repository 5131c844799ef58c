"""Errors as HTTP answers: the only file that knows how one becomes the other (RFC 9457 problem documents)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from service.errors import (
    BodyTimeout,
    BodyTooLarge,
    DatabaseUnavailable,
    Fault,
    IncompleteBody,
    InternalError,
    InvalidHeader,
    InvalidRequest,
    JobFinished,
    JobNotFound,
    MalformedJson,
    MethodNotAllowed,
    RouteNotFound,
    ServiceError,
    UnsupportedMediaType,
)
from service.store import errors as store
from service.web.documents import pointer

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
BODY_ERRORS = (MalformedJson, IncompleteBody, BodyTimeout, BodyTooLarge, UnsupportedMediaType)

log = logging.getLogger("service")


def problem(error: ServiceError, request_id: str) -> Response:
    """The problem document of an error."""
    body = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "errors": [fault.to_dict() for fault in error.errors],
    }
    headers = {"cache-control": "no-store", **error.headers}
    return Response(json.dumps(body, ensure_ascii=False), error.status, headers, MEDIA_TYPE)


def service_error(error: Exception, request: Request) -> ServiceError | None:
    """What a client is told about an exception; None where it is a fault of ours."""
    match error:
        case ServiceError():
            return error
        case RequestValidationError():
            return InvalidRequest(errors=[_fault(entry, error.body) for entry in error.errors()])
        case store.UnknownJob():
            return JobNotFound()
        case store.JobFinished():
            return JobFinished(f"{error}. A job that has ended never changes.")
        case sql.OperationalError() | sql.TimeoutError() | sql.InterfaceError():
            log.warning(
                "the database did not answer: %s", str(error.__cause__ or error).strip().split("\n")[0]
            )
            return DatabaseUnavailable(headers={"retry-after": str(RETRY_AFTER_S)})
        case HTTPException(status_code=404):
            return RouteNotFound()
        case HTTPException(status_code=405):
            allowed = allowed_methods(request.app, request.scope["path"])
            return MethodNotAllowed(
                f"{request.scope['path']} does not know {request.method}; it knows {', '.join(allowed)}.",
                headers={"allow": ", ".join(allowed)},
            )
        case HTTPException(status_code=413):
            return BodyTooLarge()
        case HTTPException(status_code=400):
            return InvalidRequest(str(error.detail))
        case _:
            return None


def install(app: FastAPI) -> None:
    """Have the app answer every exception that is the client's, or the database's, doing with its problem."""

    def answer(request: Request, error: Exception) -> Response:
        known = service_error(error, request)
        if known is None:
            raise error  # the gate logs it and answers 500
        return problem(known, request.state.request_id)

    for kind in (ServiceError, RequestValidationError, store.StoreError, sql.SQLAlchemyError, HTTPException):
        app.add_exception_handler(kind, answer)
    # Nobody is left to read an answer; the gate logs the request as cut off.
    app.add_exception_handler(ClientDisconnect, lambda request, error: Response(status_code=499))


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods of every route with this path."""
    allowed: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            allowed |= {method.upper() for method in operations}
    if "GET" in allowed or not allowed:  # routes outside the schema are pages, to be read only
        allowed |= {"GET", "HEAD"}
    return sorted(allowed)


def responses(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` of an operation: each error's own words, grouped by status."""
    every: list[type[ServiceError]] = [*errors, InternalError, DatabaseUnavailable]
    statuses = sorted({error.status for error in every})
    return {status: _described([error for error in every if error.status == status]) for status in statuses}


def _described(kinds: Sequence[type[ServiceError]]) -> dict[str, Any]:
    examples = {
        kind.code: {
            "summary": kind.title,
            "value": {
                "type": "about:blank",
                "title": kind.title,
                "status": kind.status,
                "detail": kind.message(),
                "code": kind.code,
                "request_id": "req_01m3kd8v9a2s",
                "errors": [fault.to_dict() for fault in _EXAMPLE_FAULTS.get(kind, ())],
            },
        }
        for kind in kinds
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.message()}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


_EXAMPLE_FAULTS: Mapping[type[ServiceError], Sequence[Fault]] = {
    InvalidRequest: [Fault("/epochs", "input should be greater than or equal to 1; given: 0")],
    InvalidHeader: [Fault("", "1 to 255 printable ASCII characters", "Idempotency-Key", "header")],
}


def _fault(entry: Mapping[str, Any], body: Any) -> Fault:
    """One of pydantic's complaints."""
    place, *location = entry["loc"]
    detail = _sentence(entry)
    if place != "body":
        name = str(location[0]) if location else None
        return Fault("", detail, parameter=name, place=str(place))
    if entry["type"] == "missing" and not location:
        return Fault("", "a JSON body is required")
    return Fault(pointer(_path(location, body)), detail)


BY_THE_ENGINE = "engine"  # the type of a complaint among pydantic's whose message is a sentence already

# pydantic's words for Python people, in JSON's
_JSON_WORDS = {
    "extra_forbidden": "this field is not known",
    "missing": "this field is required",
    "model_type": "an object is expected",
    "model_attributes_type": "an object is expected",
    "dict_type": "an object is expected",
    "list_type": "an array is expected",
    "int_type": "an integer is expected",
    "float_type": "a number is expected",
    "string_type": "a string is expected",
    "bool_type": "true or false is expected",
}


def _sentence(entry: Mapping[str, Any]) -> str:
    """What was expected, and what came instead where that is short."""
    if entry["type"] == BY_THE_ENGINE:
        return str(entry["msg"])
    words = _JSON_WORDS.get(entry["type"])
    if words is None:
        message = str(entry["msg"]).removeprefix("Value error, ")
        words = message[0].lower() + message[1:]
    given = entry.get("input")
    if entry["type"] in ("missing", "extra_forbidden") or isinstance(given, dict | list):
        return words
    return f"{words}; given: {json.dumps(given, default=str, ensure_ascii=False)[:80]}"


def _path(location: Sequence[str | int], body: Any) -> list[str | int]:
    """The place in the body itself: pydantic's location less the names of union branches and the like."""
    path: list[str | int] = []
    for index, part in enumerate(location):
        within = (isinstance(body, dict) and part in body) or (
            isinstance(body, list) and isinstance(part, int) and part < len(body)
        )
        if within:
            path.append(part)
            body = body[part]
        elif index == len(location) - 1 and isinstance(body, dict):
            path.append(part)  # a missing key
    return path
