"""Downloading MNIST's files, from a real HTTP server on loopback."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from workers.datasets import mirrors
from workers.datasets.mirrors import DownloadFailed, download_mnist


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror's folder with small files of the right names, whose digests are the expected ones."""
    folder = tmp_path / "published"
    folder.mkdir()
    digests = {}
    for name in mirrors.FILES:
        content = f"contents of {name}".encode()
        (folder / name).write_bytes(content)
        digests[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(mirrors, "FILES", digests)
    return folder


def test_all_four_files_arrive(published: Path, tmp_path: Path) -> None:
    with _serving(published) as url:
        download_mnist(tmp_path / "got", (url,))
    assert {path.name for path in (tmp_path / "got").iterdir()} == set(mirrors.FILES)


def test_the_next_mirror_is_tried_when_one_gives_wrong_bytes(published: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in mirrors.FILES:
        (bad / name).write_bytes(b"tampered with")
    with _serving(bad) as bad_url, _serving(published) as good_url:
        download_mnist(tmp_path / "got", (bad_url, good_url))
    name = next(iter(mirrors.FILES))
    assert (tmp_path / "got" / name).read_bytes() == (published / name).read_bytes()


def test_wrong_bytes_from_every_mirror_are_refused_and_not_kept(published: Path, tmp_path: Path) -> None:
    name = next(iter(mirrors.FILES))
    (published / name).write_bytes(b"tampered with")
    with _serving(published) as url, pytest.raises(DownloadFailed, match="not those expected"):
        download_mnist(tmp_path / "got", (url,))
    assert not (tmp_path / "got" / name).exists()


def test_files_that_are_there_are_not_fetched_again(published: Path, tmp_path: Path) -> None:
    with _serving(published) as url:
        download_mnist(tmp_path / "got", (url,))
    download_mnist(tmp_path / "got", ("http://127.0.0.1:1/",))


def test_no_mirror_in_reach_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1: ConnectError"):
        download_mnist(tmp_path / "got", ("http://127.0.0.1:1/",))
