"""The OpenAPI document: what FastAPI generates, with what only the engine and the error tree know."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from engine.spec import catalogue
from engine.spec.bodies import MOST_OUTPUTS
from engine.spec.bounds import LARGEST_SIZE
from engine.spec.definitions import INPUT_DTYPES, MOST_INPUT_AXES
from engine.spec.entries import NAME_PATTERN
from engine.spec.nodes import LARGEST_MODEL, LARGEST_REPEAT
from engine.spec.references import PARTS_PATTERN
from service.models.schemas import EXAMPLE_DEFINITION
from service.web.documents import INT_MAX
from service.web.schemas import JsonObject, Problem

SUMMARY = "Training as a service: models and jobs in, loss curves and PyTorch-loadable weights out."
DESCRIPTION = """
POST a model definition and a training job to `/v1/jobs`, poll the job or follow its live stream, and download
weights that load into `torch.nn` with `load_state_dict(strict=True)`.

- **Errors** are `application/problem+json` (RFC 9457) with a `code` for programs, a `request_id` to find the
  request in the server's log, and `errors`, each with a JSON pointer into the body that was sent.
- **Lists** come a page at a time: while `has_more` is true, give `last_id` as `after` to get the next one.
- **Retries**: give a POST an `Idempotency-Key` and it can be sent again without being done again.
- **Times** are RFC 3339 in UTC with milliseconds.
- Bodies are strict JSON: unknown fields, duplicate keys, NaN and numbers beyond 64 bits are refused.
"""
TAGS: list[dict[str, Any]] = [
    {"name": "jobs", "description": "Submit training, watch it, stop it, take its weights."},
    {"name": "models", "description": "Definitions, checked and versioned by content."},
    {"name": "datasets", "description": "What can be trained on."},
    {"name": "catalogue", "description": "What can be named in a definition, with JSON schemas."},
    {"name": "system", "description": "The service itself."},
]


def install(app: FastAPI) -> None:
    def openapi() -> JsonObject:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI says to replace it


def _document(app: FastAPI) -> JsonObject:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    schemas |= _definition_schemas()
    for path in document["paths"].values():
        for operation in path.values():
            _tidy(operation)
    _make_whole(document)
    return document


def _tidy(operation: JsonObject) -> None:
    """Drop the 422 that FastAPI adds wherever there are parameters; ours are there where they can occur."""
    answer = operation["responses"].get("422")
    if answer is not None and "application/problem+json" not in answer.get("content", {}):
        del operation["responses"]["422"]


def _make_whole(schema: Any) -> None:
    """Write the limits of integers as integers: FastAPI makes floats of them, 2^63 of 2^63 - 1."""
    if isinstance(schema, dict):
        for limit in ("minimum", "maximum") if schema.get("type") == "integer" else ():
            if isinstance(schema.get(limit), float):
                schema[limit] = min(int(schema[limit]), INT_MAX)
        for inner in schema.values():
            _make_whole(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _make_whole(inner)


def _definition_schemas() -> JsonObject:
    """The schema of a model definition, with every layer that the engine knows."""
    name = {"type": "string", "pattern": NAME_PATTERN}
    named = {"name": {**name, "description": "Names the layer's weights, e.g. `fc1.weight`."}}
    repeat = {"repeat": {"type": "integer", "minimum": 1, "maximum": LARGEST_REPEAT}}
    several = {"type": "array", "minItems": 1, "maxItems": LARGEST_MODEL}
    reference = {"type": "string", "pattern": NAME_PATTERN.replace("$", PARTS_PATTERN + "$")}
    wired = {"inputs": {**several, "items": reference, "description": "Names of nodes, or `input`."}}
    layers = {**several, "items": {"$ref": "#/components/schemas/Layer"}}
    nodes = {**several, "items": {"$ref": "#/components/schemas/Node"}}
    either = {"oneOf": [{"required": ["layers"]}, {"required": ["nodes"]}]}
    types = [entry["type"] for entry in catalogue("layers")]
    layer: JsonObject = {
        "type": "object",
        "properties": {"type": {"type": "string", "examples": types}, **named, **repeat},
        "required": ["type"],
        "additionalProperties": True,
        "description": f"`type` is one of {', '.join(types)} (see GET /v1/layers) or a block's name; the "
        "other fields are its arguments. `in_features` and its like may be left out.",
    }
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE}
    shape = {"type": "array", "items": size, "maxItems": MOST_INPUT_AXES, "examples": [[1, 28, 28]]}
    dtype = {"type": "string", "enum": list(INPUT_DTYPES), "default": "float32"}
    body = {
        "layers": layers,
        "nodes": nodes,
        "output": {**reference, "description": "Of a graph: its last node."},
    }
    outputs = {"type": "array", "items": reference, "minItems": 1, "maxItems": MOST_OUTPUTS}
    output = {
        "anyOf": [reference, outputs],
        "description": "Of a graph: what it gives, one value or several.",
    }
    return {
        "Layer": layer,
        "Node": {
            **layer,
            "properties": {**layer["properties"], **wired},
            "required": ["type", "name", "inputs"],
        },
        "ModelDefinition": {
            "type": "object",
            "title": "ModelDefinition",
            "description": "A network: `layers`, run in order, or `nodes`, a graph; names as in torch.nn.",
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 200},
                "input": {
                    "type": "object",
                    "description": "One sample, without the batch.",
                    "properties": {"shape": shape, "dtype": dtype},
                    "required": ["shape"],
                    "additionalProperties": False,
                },
                **body,
                "output": output,
                "blocks": {
                    "type": "object",
                    "description": "Sub-models by name, to be named as a `type` and repeated.",
                    "propertyNames": name,
                    "additionalProperties": {
                        "type": "object",
                        "properties": body,
                        "additionalProperties": False,
                        **either,
                    },
                },
            },
            "required": ["input"],
            "additionalProperties": False,
            **either,
            "examples": [EXAMPLE_DEFINITION],
        },
    }
