"""Requests that are wrong in every way we know, sent to a real server.

Each gets a 4xx that names the place, and the server's log stays free of tracebacks.
"""

import json
import socket
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

import pytest

from service.jobs.schemas import EXAMPLE_JOB
from tests.service.processes import Server
from tests.service.trained import fail, start

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def places(self) -> list[str]:
        return [error.get("parameter") or error["pointer"] for error in self.body["errors"]]


def _exchange(server: Server, raw: bytes, hang_up: bool = False) -> Answered:
    """Send these very bytes, then read what comes until the server closes or has said all."""
    with server.connect() as connection:
        try:
            connection.sendall(raw)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused half-way, which is the point
        with connection.makefile("rb") as reader:
            status = int(reader.readline().split()[1])
            headers = {}
            while line := reader.readline().strip():
                name, value = line.decode("latin-1").split(":", 1)
                headers[name.lower()] = value.strip()
            return Answered(status, headers, json.loads(reader.read(int(headers["content-length"]))))


def _request(
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    given = {"host": "kiln.test", "content-length": str(len(body) if length is None else length)}
    lines = [f"{method} {path} HTTP/1.1"] + [
        f"{key}: {value}" for key, value in (given | (headers or {})).items()
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _job(**changes: Any) -> bytes:
    return json.dumps({**EXAMPLE_JOB, **changes}).encode()


def _with_layers(change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    job = deepcopy(EXAMPLE_JOB)
    change(job["model"]["layers"])
    return json.dumps(job).encode()


def _layer(index: int, **changes: Any) -> bytes:
    return _with_layers(lambda layers: layers[index].update(changes))


def _post(body: bytes, path: str = "/v1/jobs", **headers: str) -> bytes:
    return _request(
        "POST", path, body, JSON | {key.replace("_", "-"): value for key, value in headers.items()}
    )


CHUNKED = _request("POST", "/v1/jobs", headers=JSON | {"transfer-encoding": "chunked"}).replace(
    b"content-length: 0\r\n", b""
)

# name: (bytes to send, status, code, a place that the answer names)
BODIES: dict[str, tuple[bytes, int, str, str]] = {
    "empty body": (_post(b""), 422, "invalid_request", ""),
    "white space only": (_post(b" \n "), 400, "malformed_json", ""),
    "not json": (_post(b"epochs=10&batch_size=64"), 400, "malformed_json", ""),
    "cut in the middle": (_post(_job()[:200]), 400, "malformed_json", "/model/layers/1"),
    "comma too many": (_post(b'{"epochs": 1,}'), 400, "malformed_json", ""),
    "single quotes": (_post(b"{'epochs': 1}"), 400, "malformed_json", ""),
    "duplicate key": (_post(b'{"epochs": 1, "epochs": 2}'), 400, "malformed_json", "/epochs"),
    "NaN": (_post(b'{"optimizer": {"lr": NaN}}'), 400, "malformed_json", "/optimizer/lr"),
    "Infinity": (_post(b'{"optimizer": {"lr": -Infinity}}'), 400, "malformed_json", "/optimizer/lr"),
    "1e999": (_post(b'{"optimizer": {"lr": 1e999}}'), 400, "malformed_json", "/optimizer/lr"),
    "10^30 epochs": (_post(b'{"epochs": 1' + b"0" * 30 + b"}"), 400, "malformed_json", "/epochs"),
    "a number of 200,000 digits": (
        _post(b'{"epochs": ' + b"9" * 200_000 + b"}"),
        400,
        "malformed_json",
        "/epochs",
    ),
    "invalid UTF-8": (_post(b'{"name": "\xff\xfe"}'), 400, "malformed_json", ""),
    "UTF-16": (_post('{"name": "x"}'.encode("utf-16")), 400, "malformed_json", ""),
    "lone surrogate": (_post(b'{"name": "\\ud800"}'), 400, "malformed_json", "/name"),
    "NUL in a string": (_post(b'{"name": "a\\u0000b"}'), 400, "malformed_json", "/name"),
    "900 deep": (_post(b'{"model":' * 900 + b"1" + b"}" * 900), 400, "malformed_json", "/model" * 64),
    "900 deep arrays": (
        _post(b'{"model":' + b"[" * 900 + b"]" * 900 + b"}"),
        400,
        "malformed_json",
        "/model" + "/0" * 63,
    ),
    "100,000 deep": (_post(b"[" * 100_000), 400, "malformed_json", "/0" * 64),
    "an array": (_post(b"[]"), 422, "invalid_request", ""),
    "a string": (_post(b'"job"'), 422, "invalid_request", ""),
    "null": (_post(b"null"), 422, "invalid_request", ""),
    "no content type": (_request("POST", "/v1/jobs", _job()), 415, "unsupported_media_type", ""),
    "form": (
        _request("POST", "/v1/jobs", _job(), {"content-type": "application/x-www-form-urlencoded"}),
        415,
        "unsupported_media_type",
        "",
    ),
    "compressed": (_post(_job(), content_encoding="gzip"), 415, "unsupported_media_type", ""),
    "300 KiB": (_post(b" " * 300 * 1024 + _job()), 413, "body_too_large", ""),
    "300 KiB in chunks": (
        CHUNKED + b"".join(b"1000\r\n" + b" " * 0x1000 + b"\r\n" for _ in range(75)) + b"0\r\n\r\n",
        413,
        "body_too_large",
        "",
    ),
    "1 GB announced": (
        _request("POST", "/v1/jobs", headers=JSON, length=10**9),
        413,
        "body_too_large",
        "",
    ),
    "1 GB announced to a path that is not there": (
        _request("POST", "/v1/nothing", headers=JSON, length=10**9),
        413,
        "body_too_large",
        "",
    ),
}
FIELDS: dict[str, tuple[bytes, int, str, str]] = {
    "no fields": (_post(b"{}"), 422, "invalid_request", "/model"),
    "unknown field": (_post(_job(epoch=3)), 422, "invalid_request", "/epoch"),
    "unknown field inside": (
        _post(_job(checkpoint={"every_steps": 5, "x": 1})),
        422,
        "invalid_request",
        "/checkpoint/x",
    ),
    "negative epochs": (_post(_job(epochs=-3)), 422, "invalid_request", "/epochs"),
    "no epochs": (_post(_job(epochs=0)), 422, "invalid_request", "/epochs"),
    "half an epoch": (_post(_job(epochs=0.5)), 422, "invalid_request", "/epochs"),
    "epochs in words": (_post(_job(epochs="10")), 422, "invalid_request", "/epochs"),
    "true epochs": (_post(_job(epochs=True)), 422, "invalid_request", "/epochs"),
    "2^63 - 1 epochs": (_post(_job(epochs=2**63 - 1)), 422, "invalid_request", "/epochs"),
    "empty batches": (_post(_job(batch_size=0)), 422, "invalid_request", "/batch_size"),
    "negative seed": (_post(_job(seed=-1)), 422, "invalid_request", "/seed"),
    "a name of 10,000 letters": (_post(_job(name="n" * 10_000)), 422, "invalid_request", "/name"),
    "a device that nobody has": (_post(_job(device="tpu")), 422, "invalid_request", "/device"),
    "no such dataset": (_post(_job(dataset={"name": "imagenet"})), 422, "invalid_request", "/dataset/name"),
    "no such model": (_post(_job(model="mdl_00000000000000000000")), 422, "invalid_request", "/model"),
    "10,000 transforms": (
        _post(_job(transforms=[{"type": "ToTensor"}] * 10_000)),
        422,
        "invalid_request",
        "/transforms",
    ),
    "no such loss": (_post(_job(loss={"type": "Anger"})), 422, "invalid_definition", "/loss/type"),
    "no such optimizer": (
        _post(_job(optimizer={"type": "SDG"})),
        422,
        "invalid_definition",
        "/optimizer/type",
    ),
    "negative learning rate": (
        _post(_job(optimizer={"type": "SGD", "lr": -0.1})),
        422,
        "invalid_definition",
        "/optimizer/lr",
    ),
    "no such metric": (_post(_job(metrics=["charm"])), 422, "invalid_definition", "/metrics/0"),
    "no such split": (_post(_job(evaluate={"split": "exam"})), 422, "invalid_definition", "/evaluate/split"),
    "no such layer": (_post(_layer(2, type="ReLu2")), 422, "invalid_definition", "/model/layers/2/type"),
    "a layer without a type": (
        _post(_with_layers(lambda layers: layers[2].pop("type"))),
        422,
        "invalid_definition",
        "/model/layers/2",
    ),
    "a layer that is a string": (
        _post(_with_layers(lambda layers: layers.append(cast(Any, "ReLU")))),
        422,
        "invalid_definition",
        "/model/layers/4",
    ),
    "shapes that don't fit": (
        _post(_layer(3, in_features=100)),
        422,
        "invalid_definition",
        "/model/layers/3/in_features",
    ),
    "10^9 wide": (
        _post(_layer(1, out_features=10**9)),
        422,
        "invalid_definition",
        "/model/layers/1",
    ),
    "2^63 - 1 wide": (
        _post(_layer(1, out_features=2**63 - 1)),
        422,
        "invalid_definition",
        "/model/layers/1/out_features",
    ),
    "negative width": (
        _post(_layer(1, out_features=-5)),
        422,
        "invalid_definition",
        "/model/layers/1/out_features",
    ),
    "unknown argument": (_post(_layer(1, colour="red")), 422, "invalid_definition", "/model/layers/1/colour"),
    "the same name twice": (_post(_layer(3, name="fc1")), 422, "invalid_definition", "/model/layers/3/name"),
    "no layers": (
        _post(_job(model={**EXAMPLE_JOB["model"], "layers": []})),
        422,
        "invalid_definition",
        "/model/layers",
    ),
    "20,000 layers": (
        _post(
            json.dumps({**EXAMPLE_JOB["model"], "layers": [{"type": "ReLU"}] * 13_000}).encode(), "/v1/models"
        ),
        422,
        "invalid_definition",
        "/layers",
    ),
    "targets that the model cannot name": (
        _post(_layer(3, out_features=3)),
        422,
        "invalid_definition",
        "/model",
    ),
    "a malformed idempotency key": (
        _post(_job(), idempotency_key="k" * 300),
        422,
        "invalid_request",
        "Idempotency-Key",
    ),
}
ADDRESSES: dict[str, tuple[bytes, int, str, str]] = {
    "no such job": (_request("GET", "/v1/jobs/job_00000000000000000000"), 404, "job_not_found", ""),
    "an id with a NUL": (_request("GET", "/v1/jobs/job_%00"), 404, "job_not_found", ""),
    "an id that is a path": (_request("GET", "/v1/jobs/..%2f..%2fetc%2fpasswd"), 404, "route_not_found", ""),
    "cancel of no job": (_request("POST", "/v1/jobs/job_0/cancel"), 404, "job_not_found", ""),
    "no such path": (_request("GET", "/v1/jobz"), 404, "route_not_found", ""),
    "no such method": (_request("PUT", "/v1/jobs"), 405, "method_not_allowed", ""),
    "limit of 0": (_request("GET", "/v1/jobs?limit=0"), 422, "invalid_request", "limit"),
    "a cursor out of thin air": (
        _request("GET", "/v1/jobs?after=%F0%9F%92%A5"),
        422,
        "invalid_request",
        "after",
    ),
    "unknown parameter": (_request("GET", "/v1/jobs?stat=queued"), 422, "invalid_request", "stat"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400, "malformed_http", ""),
    "two lengths": (
        b"POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        400,
        "malformed_http",
        "",
    ),
    "a negative length": (_request("POST", "/v1/jobs", length=-5), 400, "malformed_http", ""),
    "a megabyte of header": (
        b"GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 1_000_000 + b"\r\n\r\n",
        431,
        "headers_too_large",
        "",
    ),
}
CASES = BODIES | FIELDS | ADDRESSES


@pytest.fixture(autouse=True)
def _no_traceback(server: Server) -> Iterator[None]:
    before = len(server.log)
    yield
    written = server.log[before:]
    assert "Traceback" not in written
    assert " ERROR " not in written


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_a_malformed_request_is_told_what_is_wrong_and_where(server: Server, name: str) -> None:
    raw, status, code, place = CASES[name]
    answer = _exchange(server, raw)
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["detail"]
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    if status in (400, 422) and code != "malformed_http":
        assert place in answer.places, answer.body
        assert all(error["detail"] for error in answer.body["errors"])


def test_a_malformed_json_tells_line_and_column(server: Server) -> None:
    answer = _exchange(server, _post(b'{"epochs": 1,\n "batch_size": 6 4}'))
    assert "line 2, column 18" in answer.body["detail"]


def test_a_body_whose_sender_hangs_up_is_answered(server: Server) -> None:
    whole = _post(_job())
    answer = _exchange(server, whole[:-50], hang_up=True)
    assert (answer.status, answer.body["code"]) == (400, "incomplete_body")
    assert f"of {len(_job())} bytes" in answer.body["detail"]


def test_a_chunked_body_whose_sender_hangs_up_is_answered(server: Server) -> None:
    answer = _exchange(server, CHUNKED + b"2\r\n{}\r\n", hang_up=True)
    assert (answer.status, answer.body["code"]) == (400, "incomplete_body")


def test_a_body_that_never_comes_is_answered(server: Server) -> None:
    answer = _exchange(server, _post(_job())[:-50])
    assert (answer.status, answer.body["code"]) == (408, "body_timeout")


def test_a_sender_who_leaves_entirely_leaves_no_trace_but_a_line(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(_post(_job(), x_request_id="gone-1")[:-50])
        # RST instead of FIN: nobody is left to answer
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    while "[gone-1] POST /v1/jobs" not in server.log:  # pytest's timeout ends this
        pass


def test_a_gigabyte_that_really_comes_is_cut_off(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(_request("POST", "/v1/jobs", headers=JSON, length=10**9))
        sent = 0
        try:
            while sent < 10**9:
                sent += connection.send(b" " * (1 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 10**9


def test_a_conflicting_key_is_refused_and_a_repeated_one_replayed(server: Server) -> None:
    first = _exchange(server, _post(_job(), idempotency_key="k1"))
    assert first.status == 201
    again = _exchange(server, _post(_job(), idempotency_key="k1"))
    assert again.body == first.body
    other = _exchange(server, _post(_job(epochs=3), idempotency_key="k1"))
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")


def test_a_finished_job_cannot_be_cancelled(server: Server) -> None:
    job_id = _exchange(server, _post(_job())).body["id"]
    fail(server.store, start(server.store, job_id))
    answer = _exchange(server, _request("POST", f"/v1/jobs/{job_id}/cancel"))
    assert (answer.status, answer.body["code"]) == (409, "job_finished")


def test_the_server_is_as_well_as_before(server: Server) -> None:
    assert _exchange(server, _post(_job(validate_only=True))).status == 200
