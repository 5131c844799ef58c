"""Downloading weights: the whole, a part, not again, not yet."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from service.store import Store
from tests.service.clients import AppClient, assert_problem
from tests.service.trained import WEIGHTS, fail, start, succeed

SIZE = len(WEIGHTS)
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here is HTTP; one kind of database will do."""
    return f"sqlite:///{tmp_path / 'kiln.sqlite3'}"


@pytest.fixture
def url(store: Store, submit: Any) -> str:
    job_id = submit()
    succeed(store, start(store, job_id))
    return f"/v1/jobs/{job_id}/weights"


def test_the_whole_file_comes_with_its_hash(client: AppClient, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 200
    assert response.content == WEIGHTS
    assert response.headers["etag"] == f'"{SHA256}"'
    assert response.headers["content-length"] == str(SIZE)
    assert response.headers["accept-ranges"] == "bytes"
    assert ".safetensors" in response.headers["content-disposition"]
    digest = base64.b64encode(hashlib.sha256(WEIGHTS).digest()).decode()
    assert response.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert response.headers["digest"] == f"sha-256={digest}"


def test_head_gives_the_headers_alone(client: AppClient, url: str) -> None:
    response = client.head(url)
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-length"] == str(SIZE)
    assert response.headers["etag"] == f'"{SHA256}"'


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=-7", SIZE - 7, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=5-999999999", 5, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
    ],
)
def test_a_range_is_served(client: AppClient, url: str, asked: str, first: int, last: int) -> None:
    response = client.get(url, headers={"range": asked})
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.content == WEIGHTS[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(client: AppClient, url: str, asked: str) -> None:
    response = client.get(url, headers={"range": asked})
    assert_problem(response, 416, "range_not_satisfiable")
    assert response.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,5-6", "bytes", "²"]
)
def test_a_range_that_makes_no_sense_is_ignored(client: AppClient, url: str, asked: str) -> None:
    response = client.get(url, headers={"range": asked.encode()})
    assert response.status_code == 200
    assert response.content == WEIGHTS


def test_if_range_guards_against_another_file(client: AppClient, url: str) -> None:
    same = client.get(url, headers={"range": "bytes=0-9", "if-range": f'"{SHA256}"'})
    assert same.status_code == 206
    other = client.get(url, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert other.status_code == 200
    assert other.content == WEIGHTS


@pytest.mark.parametrize("tags", [f'"{SHA256}"', f'"x", W/"{SHA256}"', "*"])
def test_what_the_client_has_is_not_sent_again(client: AppClient, url: str, tags: str) -> None:
    response = client.get(url, headers={"if-none-match": tags})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["etag"] == f'"{SHA256}"'
    assert client.get(url, headers={"if-none-match": '"x"'}).status_code == 200


def test_weights_are_not_ready_before_the_end(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    assert_problem(client.get(f"/v1/jobs/{job_id}/weights"), 409, "weights_not_ready")
    attempt = start(store, job_id)
    assert_problem(client.get(f"/v1/jobs/{job_id}/weights"), 409, "weights_not_ready")
    fail(store, attempt)
    assert_problem(client.get(f"/v1/jobs/{job_id}/weights"), 404, "weights_not_found")


def test_a_lost_blob_is_our_fault_and_no_path_leaks(
    client: AppClient, store: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.blobs.path(SHA256).unlink()
    response = client.get(url)
    assert_problem(response, 500, "internal_error")
    assert str(store.blobs.folder) not in response.text
    assert "BlobMissing" in caplog.text
