"""What can be named in a definition."""

import pytest
from jsonschema import Draft202012Validator

from service.catalogue.operations import KINDS
from service.jobs.schemas import EXAMPLE_JOB
from tests.service.clients import AppClient

KNOWN = {
    "layers": {"Linear", "Flatten", "ReLU", "Dropout"},
    "optimizers": {"SGD", "Adam", "AdamW"},
    "losses": {"CrossEntropyLoss", "MSELoss"},
    "schedulers": set(),
    "transforms": {"ToTensor", "Normalize"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_entry_has_a_name_words_and_a_valid_schema(client: AppClient, kind: str) -> None:
    listed = client.get(f"/v1/{kind}").json()
    assert listed["object"] == "list"
    assert {entry["type"] for entry in listed["data"]} >= KNOWN[kind]
    for entry in listed["data"]:
        assert entry["summary"] or entry.get("kind") == "function"  # some names of functions say it all
        Draft202012Validator.check_schema(entry["schema"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_catalogue_is_sent_once(client: AppClient, kind: str) -> None:
    first = client.get(f"/v1/{kind}")
    assert "max-age" in first.headers["cache-control"]
    again = client.get(f"/v1/{kind}", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_the_schemas_accept_the_example(client: AppClient) -> None:
    def schema(kind: str, name: str) -> Draft202012Validator:
        entries = client.get(f"/v1/{kind}").json()["data"]
        return Draft202012Validator(next(entry["schema"] for entry in entries if entry["type"] == name))

    schema("losses", "CrossEntropyLoss").validate(EXAMPLE_JOB["loss"])
    schema("optimizers", "SGD").validate(EXAMPLE_JOB["optimizer"])
    schema("transforms", "ToTensor").validate(EXAMPLE_JOB["transforms"][0])
    assert not schema("optimizers", "SGD").is_valid({"type": "SGD", "lr": "fast"})
