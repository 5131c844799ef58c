"""Names, log lines, HEAD, and what happens to exceptions."""

import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI

from tests.service.clients import AppClient, assert_problem


def test_a_request_keeps_the_name_that_it_came_with(client: AppClient) -> None:
    response = client.get("/healthz", headers={"x-request-id": "abc-1.2:3_4"})
    assert response.headers["x-request-id"] == "abc-1.2:3_4"


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "x" * 129, "naïve".encode(), b'"><script>'])
def test_a_name_that_could_not_stand_in_a_log_is_replaced(client: AppClient, name: Any) -> None:
    response = client.get("/healthz", headers={"x-request-id": name})
    assert re.fullmatch(r"req_[0-9a-f]{16}", response.headers["x-request-id"])


def test_two_requests_have_different_names(client: AppClient) -> None:
    names = {client.get("/healthz").headers["x-request-id"] for _ in range(5)}
    assert len(names) == 5


def test_every_answer_is_one_line_in_the_log(client: AppClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.access")
    client.get("/v1/jobs?limit=3")
    client.get("/nowhere")
    client.head("/v1/layers")
    lines = [record.getMessage() for record in caplog.records if record.name == "service.access"]
    assert [line.rsplit(" ", 2)[0] for line in lines] == [
        "GET /v1/jobs?limit=3 200",
        "GET /nowhere 404",
        "HEAD /v1/layers 200",
    ]


def test_a_log_line_cannot_be_forged(client: AppClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.access")
    client.get("/x%0aGET%20/forged%20200")
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_an_exception_becomes_a_500_without_its_text(
    app: FastAPI, client: AppClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("password=hunter2")

    response = client.get("/boom")
    problem = assert_problem(response, 500, "internal_error")
    assert "hunter2" not in response.text
    logged = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert logged.exc_info is not None
    assert "/boom" in logged.getMessage()
    assert problem["request_id"]


@pytest.mark.parametrize("path", ["/nope", "/v1/", "/v1/jobs/", "/v2/jobs", "/v1/jobs/x/y/z", "/%2e%2e/etc"])
def test_an_unknown_path_is_a_problem(client: AppClient, path: str) -> None:
    assert_problem(client.get(path), 404, "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/jobs", "GET, HEAD, POST"),
        ("PUT", "/v1/models/mdl_1", "DELETE, GET, HEAD"),
        ("GET", "/v1/jobs/job_1/cancel", "POST"),
        ("HEAD", "/v1/jobs/job_1/cancel", "POST"),
        ("POST", "/v1/layers", "GET, HEAD"),
        ("PATCH", "/docs", "GET, HEAD"),
        ("OPTIONS", "/v1/jobs", "GET, HEAD, POST"),
    ],
)
def test_an_unknown_method_is_told_those_that_work(
    client: AppClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert response.headers["allow"] == allowed
    assert response.status_code == 405
    if method != "HEAD":
        assert_problem(response, 405, "method_not_allowed")


def test_head_works_wherever_get_does(app: FastAPI, client: AppClient, submit: Any) -> None:
    job_id = submit()
    for path, operations in app.openapi()["paths"].items():
        if "get" not in operations:
            continue
        url = path.format(job_id=job_id, model_id="mdl_0", name="mnist")
        if url.endswith("/stream"):
            assert client.head(url).status_code == 200
            continue
        got, headed = client.get(url), client.head(url)
        assert headed.status_code == got.status_code, url
        assert headed.content == b""
        if got.status_code == 200 and url != "/v1/system":
            assert headed.headers["content-length"] == got.headers["content-length"], url
