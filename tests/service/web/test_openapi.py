"""The OpenAPI document: complete, consistent, and its examples work."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from service.models.schemas import EXAMPLE_DEFINITION
from tests.service.clients import AppClient

PROBLEM = "application/problem+json"


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def test_every_operation_is_described_and_named(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in _operations(document)]
    assert len(names) == len(set(names))
    known = {tag["name"] for tag in document["tags"]}
    for name, operation in _operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= known, name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name} {parameter['name']}"


def test_every_refusal_is_a_described_problem(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        for status, response in operation["responses"].items():
            assert response["description"], f"{name} {status}"
            if int(status) >= 400:
                content = response["content"]
                assert set(content) == {PROBLEM}, f"{name} {status}"
                assert content[PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert content[PROBLEM]["examples"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in _references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_schema_is_valid(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


def test_limits_of_integers_are_integers_that_the_api_takes(document: dict[str, Any]) -> None:
    limits = [
        schema[limit]
        for schema in _schemas(document)
        for limit in ("minimum", "maximum")
        if schema.get("type") == "integer" and limit in schema
    ]
    assert 2**63 - 1 in limits
    assert all(isinstance(limit, int) and limit < 2**63 for limit in limits)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"nodes": [{"name": "a", "type": "ReLU", "inputs": ["input"]}]},
        {"layers": [{"type": "ReLU", "name": ""}]},
        {"input": {"shape": [1] * 9}},
        {"input": {"shape": [2**31]}},
        {"input": {"shape": [1], "dtype": "float8"}},
        {"name": ""},
        {"blocks": {"a b": {"layers": [{"type": "ReLU"}]}}},
    ],
)
def test_the_definitions_schema_refuses_what_the_api_refuses(
    client: AppClient, document: dict[str, Any], spoiled: dict[str, Any]
) -> None:
    definition = {**EXAMPLE_DEFINITION, **spoiled}
    assert client.post("/v1/models", json=definition).status_code == 422
    schema = document["components"]["schemas"]["ModelDefinition"]
    assert not _validator(document, schema).is_valid(definition)


def test_every_property_of_a_request_is_described(document: dict[str, Any]) -> None:
    for name in ("JobRequest", "DatasetGiven", "Evaluate", "Checkpoint"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert schema.get("description") or "$ref" in schema or name == "JobRequest", f"{name}.{field}"


def test_every_example_keeps_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for _, operation in _operations(document):
        bodies = [operation.get("requestBody", {})]
        bodies += [response for status, response in operation["responses"].items() if int(status) >= 400]
        for body in bodies:
            for content in body.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    _validator(document, content["schema"]).validate(example["value"])
                    checked += 1
    assert checked > 50


def test_the_request_examples_work(client: AppClient, document: dict[str, Any]) -> None:
    tried = 0
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in body.get("examples", {}).values():
            response = client.post(path, json=example["value"])
            assert response.status_code in (200, 201), response.text
            tried += 1
    assert tried >= 3


def test_answers_keep_their_schema(client: AppClient, document: dict[str, Any], submit: Any) -> None:
    job_id = submit()
    model = client.post(
        "/v1/models", json=client.get(f"/v1/jobs/{job_id}").json()["definition"]["model"]
    ).json()
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith(("/stream", "/weights")):
            continue
        url = path.format(job_id=job_id, model_id=model["id"], name="mnist")
        response = client.get(url)
        answer = methods["get"]["responses"].get(str(response.status_code))
        assert answer is not None, f"{url} answers {response.status_code}"
        schema = answer["content"][response.headers["content-type"]]["schema"]
        _validator(document, schema).validate(response.json())


def test_the_docs_need_no_other_server(client: AppClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "//cdn." not in page.text
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert asset in page.text
        assert len(client.get(f"/docs/assets/{asset}").content) > 100_000


def test_the_root_leads_browsers_to_the_docs(client: AppClient) -> None:
    response = client.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert response.status_code == 307
    assert response.headers["location"] == "/docs"
    assert "/v1/jobs" in client.get("/").json()["resources"]
    assert client.get("/v1").json() == client.get("/").json()


def test_the_docs_page_sends_no_header_unasked(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/jobs/{job_id}/weights"]["get"]["parameters"]
    headers = [parameter for parameter in parameters if parameter["in"] == "header"]
    assert {parameter["name"] for parameter in headers} == {"Range", "If-Range", "If-None-Match"}
    for parameter in headers:
        assert "example" not in parameter, "the page would fill it in and send it"
        parameter["schema"]["examples"][0].encode("latin-1")
