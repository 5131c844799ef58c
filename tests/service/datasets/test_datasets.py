"""Datasets as the API shows them."""

import pytest

from service.store import Store, datasets
from tests.service.clients import AppClient, assert_problem


def test_the_built_in_datasets_are_listed_by_name(client: AppClient) -> None:
    page = client.get("/v1/datasets").json()
    assert [item["name"] for item in page["data"]] == ["digits", "mnist"]
    assert [item["state"] for item in page["data"]] == ["preparing", "ready"]
    assert page["has_more"] is False
    rest = client.get("/v1/datasets", params={"after": "digits"}).json()
    assert [item["name"] for item in rest["data"]] == ["mnist"]
    assert client.get("/v1/datasets", params={"limit": 1}).json()["has_more"] is True


def test_a_ready_dataset_shows_its_schema(client: AppClient) -> None:
    shown = client.get("/v1/datasets/mnist").json()
    assert shown["object"] == "dataset"
    assert shown["id"] == shown["name"] == "mnist"
    assert shown["schema"]["input_shape"] == [28, 28]
    assert shown["schema"]["classes"] == 10
    assert shown["splits"]["test"]["count"] == 10000
    assert shown["preview"] == {"samples": []}
    assert shown["message"] == "from a test"


def test_an_unavailable_dataset_says_why(client: AppClient, store: Store) -> None:
    with store.write() as session:
        datasets.make_unavailable(session, "digits", "scikit-learn is not installed")
    shown = client.get("/v1/datasets/digits").json()
    assert shown["state"] == "unavailable"
    assert shown["message"] == "scikit-learn is not installed"
    assert shown["schema"] is None


@pytest.mark.parametrize("name", ["cifar", "MNIST", "%00", "a" * 500])
def test_an_unknown_dataset_is_a_404(client: AppClient, name: str) -> None:
    assert_problem(client.get(f"/v1/datasets/{name}"), 404, "dataset_not_found")
