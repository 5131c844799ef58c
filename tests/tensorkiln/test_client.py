import json
import os
from pathlib import Path

import pytest

import tensorkiln
from tensorkiln import APIError, Client, Invalid, Job, Model, NotFound, Validation
from tensorkiln.homes import DEFAULT_URL
from tests.tensorkiln.scripted import Answer, ScriptedServer, job_json

MODEL = {
    "id": "mdl_1",
    "object": "model",
    "name": "net",
    "version": 2,
    "sha256": "0" * 64,
    "definition": {"name": "net"},
    "input_shape": [1, 8, 8],
    "output_shape": [10],
    "input_dtype": "float32",
    "parameters": 650,
    "flops_per_sample": 1280,
    "layers": [],
    "created_at": "2026-11-23T09:30:00.123Z",
}


def _page(items: list[dict[str, object]], has_more: bool) -> Answer:
    ids = [item["id"] for item in items]
    return Answer.json(
        {
            "object": "list",
            "data": items,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            "has_more": has_more,
        }
    )


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(tensorkiln, name) is not None for name in tensorkiln.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        tensorkiln.nonsense  # noqa: B018 - reading it is what is tried


def test_the_address_is_as_given_else_of_the_environment_else_of_the_running_kiln_else_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_HOME", str(tmp_path))
    assert Client().base_url == DEFAULT_URL
    (tmp_path / "run").mkdir()
    note = {"pid": os.getpid(), "url": "http://127.0.0.1:1234", "started_at": "now", "version": "1"}
    (tmp_path / "run" / "kiln.json").write_text(json.dumps(note))
    assert Client().base_url == "http://127.0.0.1:1234"
    monkeypatch.setenv("KILN_URL", "http://kiln.test:80/")
    assert Client().base_url == "http://kiln.test:80"
    assert Client("https://other.test").base_url == "https://other.test"


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="http://"):
        Client("localhost:8712")


def test_a_page_iterates_through_the_whole_list(server: ScriptedServer, client: Client) -> None:
    first, second, third = (job_json(id=f"job_{n}") for n in (1, 2, 3))
    server.on("GET", "/v1/jobs", _page([first, second], True), _page([third], False))
    page = client.jobs.list(state="running", limit=2)
    assert [job.id for job in page.data] == ["job_1", "job_2"]
    assert [job.id for job in page] == ["job_1", "job_2", "job_3"]
    assert [asked.query for asked in server.asked] == [
        {"state": "running", "limit": "2"},
        {"state": "running", "limit": "2", "after": "job_2"},
    ]


def test_the_last_page_has_no_next(server: ScriptedServer, client: Client) -> None:
    server.on("GET", "/v1/models", _page([], False))
    page = client.models.list()
    assert page.next_page() is None
    assert list(page) == []


def test_a_job_is_submitted_from_a_mapping_and_keywords_and_a_model(
    server: ScriptedServer, client: Client
) -> None:
    server.on("POST", "/v1/models", Answer.json(MODEL, 201))
    server.on("POST", "/v1/jobs", Answer.json(job_json(state="queued"), 201))
    model = client.models.create({"name": "net"})
    assert isinstance(model, Model)
    assert model.input_shape == (1, 8, 8)
    job = client.jobs.create({"epochs": 1, "seed": 3}, model=model, epochs=2)
    assert isinstance(job, Job)
    assert json.loads(server.asked[-1].body) == {"epochs": 2, "seed": 3, "model": "mdl_1"}


def test_validate_only_answers_with_a_verdict(server: ScriptedServer, client: Client) -> None:
    verdict = {"object": "job_validation", "definition": {}, "model": {}, "estimate": {"parameters": 5}}
    server.on("POST", "/v1/jobs", Answer.json(verdict))
    answer = client.jobs.create({"epochs": 1}, validate_only=True)
    assert isinstance(answer, Validation)
    assert answer.estimate == {"parameters": 5}
    assert json.loads(server.asked[0].body) == {"epochs": 1, "validate_only": True}


def test_a_name_stays_within_its_place_in_the_path(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(NotFound):
        client.jobs.get("../models")
    assert server.asked[0].path == "/v1/jobs/..%2Fmodels"


def test_a_model_is_deleted_without_an_answers_body(server: ScriptedServer, client: Client) -> None:
    server.on("DELETE", "/v1/models/mdl_1", Answer(204))
    client.models.delete("mdl_1")
    assert server.asked[0].method == "DELETE"


def test_catalogues_and_datasets_are_typed(server: ScriptedServer, client: Client) -> None:
    layer = {"type": "Linear", "summary": "y = xA", "schema": {"type": "object"}, "kind": "module"}
    server.on("GET", "/v1/layers", Answer.json({"data": [layer]}))
    dataset = {"name": "digits", "state": "preparing", "schema": {"classes": 10}, "id": "digits"}
    server.on("GET", "/v1/datasets/digits", Answer.json(dataset))
    [linear] = client.layers()
    assert (linear.type, linear.kind, linear.schema) == ("Linear", "module", {"type": "object"})
    digits = client.datasets.get("digits")
    assert not digits.is_settled
    assert digits.layout == {"classes": 10}


def test_fields_that_a_newer_service_adds_are_kept(server: ScriptedServer, client: Client) -> None:
    sent = job_json(flavour="new")
    server.on("GET", "/v1/jobs/job_1", Answer.json(sent))
    job = client.jobs.get("job_1")
    assert job.flavour == "new"  # type: ignore[attr-defined]  # what the server adds is kept
    assert job.to_dict() == sent


def test_an_object_without_its_essentials_is_an_error_of_ours(server: ScriptedServer, client: Client) -> None:
    server.on("GET", "/v1/jobs/job_1", Answer.json({"object": "job"}))
    with pytest.raises(APIError, match="versions"):
        client.jobs.get("job_1")


def test_a_refused_job_tells_its_problems(server: ScriptedServer, client: Client) -> None:
    errors = [{"pointer": "/epochs", "detail": "must be at least 1"}]
    server.on("POST", "/v1/jobs", Answer.problem(422, "invalid_request", errors))
    with pytest.raises(Invalid) as raised:
        client.jobs.create(epochs=0)
    assert raised.value.to_dict()["errors"] == errors
