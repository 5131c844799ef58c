"""Storing, listing, showing and deleting models."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from service.models.schemas import EXAMPLE_DEFINITION
from tests.service.clients import ON_SQLITE, AppClient, assert_problem


@pytest.fixture
def definition() -> dict[str, Any]:
    return deepcopy(EXAMPLE_DEFINITION)


def _sized(definition: dict[str, Any], hidden: int) -> dict[str, Any]:
    changed = deepcopy(definition)
    changed["layers"][1]["out_features"] = changed["layers"][3]["in_features"] = hidden
    return changed


def test_a_stored_model_shows_its_shapes_and_cost(client: AppClient, definition: dict[str, Any]) -> None:
    response = client.post("/v1/models", json=definition)
    assert response.status_code == 201, response.text
    model = response.json()
    assert response.headers["location"] == f"/v1/models/{model['id']}"
    assert model["object"] == "model"
    assert model["name"] == "simplenet"
    assert model["version"] == 1
    assert model["input_shape"] == [1, 28, 28]
    assert model["output_shape"] == [10]
    assert model["parameters"] == 784 * 128 + 128 + 128 * 10 + 10
    assert [layer["type"] for layer in model["layers"]] == ["Flatten", "Linear", "ReLU", "Linear"]
    assert model["layers"][1]["output_shape"] == [128]
    assert client.get(f"/v1/models/{model['id']}").json() == model


def test_the_same_content_is_the_same_model(client: AppClient, definition: dict[str, Any]) -> None:
    first = client.post("/v1/models", json=definition)
    inferred = deepcopy(definition)
    del inferred["layers"][1]["in_features"], inferred["layers"][3]["in_features"]
    again = client.post("/v1/models", json=inferred)
    assert again.status_code == 200
    assert again.json() == first.json()


def test_another_content_is_the_next_version_of_its_name(
    client: AppClient, definition: dict[str, Any]
) -> None:
    versions = [client.post("/v1/models", json=_sized(definition, hidden)).json() for hidden in (8, 16, 32)]
    assert [model["version"] for model in versions] == [1, 2, 3]
    assert len({model["sha256"] for model in versions}) == 3
    other = client.post("/v1/models", json={**definition, "name": "other"}).json()
    assert other["version"] == 1


def test_the_same_model_sent_at_once_is_stored_once(client: AppClient, definition: dict[str, Any]) -> None:
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: client.post("/v1/models", json=definition), range(6)))
    assert sorted(response.status_code for response in responses) == [200] * 5 + [201]
    assert len({response.json()["id"] for response in responses}) == 1


def test_models_are_listed_newest_first_and_by_name(client: AppClient, definition: dict[str, Any]) -> None:
    ids = [client.post("/v1/models", json=_sized(definition, hidden)).json()["id"] for hidden in (8, 16)]
    other = client.post("/v1/models", json={**definition, "name": "other"}).json()["id"]
    assert [item["id"] for item in client.get("/v1/models").json()["data"]] == [other, *ids[::-1]]
    named = client.get("/v1/models", params={"name": "simplenet", "limit": 1}).json()
    assert [item["id"] for item in named["data"]] == [ids[1]]
    assert named["has_more"] is True
    rest = client.get("/v1/models", params={"name": "simplenet", "after": named["last_id"]}).json()
    assert [item["id"] for item in rest["data"]] == [ids[0]]
    assert rest["has_more"] is False


def test_a_deleted_model_is_gone(client: AppClient, definition: dict[str, Any]) -> None:
    model_id = client.post("/v1/models", json=definition).json()["id"]
    response = client.delete(f"/v1/models/{model_id}")
    assert response.status_code == 204
    assert response.content == b""
    assert_problem(client.get(f"/v1/models/{model_id}"), 404, "model_not_found")
    assert_problem(client.delete(f"/v1/models/{model_id}"), 404, "model_not_found")
    assert client.post("/v1/models", json=definition).status_code == 201


@pytest.mark.parametrize("model_id", ["mdl_0", "job_0", "mdl_%00", "mdl_" + "a" * 400, "..%2F.."])
def test_an_unknown_model_is_a_404(client: AppClient, model_id: str) -> None:
    response = client.get(f"/v1/models/{model_id}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [[], "simplenet", 3, None, True])
@ON_SQLITE
def test_a_definition_is_an_object(client: AppClient, body: Any) -> None:
    assert_problem(client.post("/v1/models", json=body), 422, "invalid_request", "")


def test_a_model_without_a_name_can_be_stored(client: AppClient, definition: dict[str, Any]) -> None:
    del definition["name"]
    model = client.post("/v1/models", json=definition).json()
    assert model["name"] == "unnamed"


def test_every_fault_of_a_definition_is_named_where_it_stands(
    client: AppClient, definition: dict[str, Any]
) -> None:
    definition["layers"][0]["type"] = "Flattn"
    definition["layers"][3]["out_features"] = 0
    definition["colour"] = "red"
    assert_problem(
        client.post("/v1/models", json=definition),
        422,
        "invalid_definition",
        "/layers/0/type",
        "/layers/3/out_features",
        "/colour",
    )
