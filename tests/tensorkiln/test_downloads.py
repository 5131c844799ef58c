import hashlib
from pathlib import Path

import numpy as np
import pytest

from tensorkiln import Client, ConnectionFailed, DownloadCorrupt, Job, KilnError
from tests.tensorkiln.conftest import QUICK
from tests.tensorkiln.scripted import Answer, ScriptedServer, job_json

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "/v1/jobs/job_1/weights"


@pytest.fixture
def job(server: ScriptedServer, client: Client) -> Job:
    weights = {"sha256": SHA256, "size_bytes": len(CONTENT), "url": URL}
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json(state="succeeded", weights=weights)))
    return client.jobs.get("job_1")


def _whole(cut_after: int | None = None) -> Answer:
    return Answer(200, CONTENT, {"ETag": f'"{SHA256}"'}, cut_after)


def _part(start: int, cut_after: int | None = None) -> Answer:
    headers = {"Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"}
    return Answer(206, CONTENT[start:], headers, cut_after)


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _ranges(server: ScriptedServer) -> list[str | None]:
    return [asked.headers.get("Range") for asked in server.asked_for(URL)]


def test_the_file_appears_whole(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    server.on("GET", URL, _whole())
    path = job.download_weights(tmp_path / "deep" / "w.safetensors")
    assert path.read_bytes() == CONTENT
    assert _left(path.parent) == ["w.safetensors"]


def test_a_folder_gets_a_file_named_after_the_job(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    server.on("GET", URL, _whole())
    assert job.download_weights(tmp_path) == tmp_path / "first.safetensors"


def test_a_broken_line_is_resumed_where_it_broke(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    server.on("GET", URL, _whole(cut_after=300_000), _part(300_000, cut_after=100_000), _part(400_000))
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT
    assert _ranges(server) == [None, "bytes=300000-", "bytes=400000-"]
    assert server.asked_for(URL)[1].headers["If-Range"] == f'"{SHA256}"'


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(
    server: ScriptedServer, job: Job, tmp_path: Path
) -> None:
    refusals = [Answer.problem(503)] * QUICK.attempts
    server.on("GET", URL, _whole(cut_after=300_000), *refusals, _part(300_000))
    with pytest.raises(KilnError):
        job.download_weights(tmp_path / "w")
    assert not (tmp_path / "w").exists()
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT
    assert _ranges(server)[-1] == "bytes=300000-"
    assert _left(tmp_path) == ["w"]


def test_a_server_that_sends_all_again_is_taken_at_its_word(
    server: ScriptedServer, job: Job, tmp_path: Path
) -> None:
    server.on("GET", URL, _whole(cut_after=300_000), _whole())
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT


def test_a_part_that_is_complete_already_needs_no_request(
    server: ScriptedServer, job: Job, tmp_path: Path
) -> None:
    (tmp_path / f".w.{SHA256[:12]}.part").write_bytes(CONTENT)
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT
    assert server.asked_for(URL) == []


def test_a_part_that_is_too_long_is_thrown_away(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    (tmp_path / f".w.{SHA256[:12]}.part").write_bytes(CONTENT + b"x")
    server.on("GET", URL, _whole())
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_leave_nothing(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"what was there before")
    server.on("GET", URL, Answer(200, CONTENT[:-1] + b"?"))
    with pytest.raises(DownloadCorrupt, match=SHA256):
        job.download_weights(tmp_path / "w")
    assert _left(tmp_path) == ["w"]
    assert (tmp_path / "w").read_bytes() == b"what was there before"


def test_a_part_with_wrong_bytes_is_not_resumed_for_ever(
    server: ScriptedServer, job: Job, tmp_path: Path
) -> None:
    (tmp_path / f".w.{SHA256[:12]}.part").write_bytes(b"?" * 1000)
    server.on("GET", URL, _part(1000), _whole())
    with pytest.raises(DownloadCorrupt):
        job.download_weights(tmp_path / "w")
    assert job.download_weights(tmp_path / "w").read_bytes() == CONTENT


def test_a_range_that_was_not_asked_for_is_refused(server: ScriptedServer, job: Job, tmp_path: Path) -> None:
    server.on("GET", URL, _whole(cut_after=300_000), _part(200_000))
    with pytest.raises(KilnError, match="asked for bytes from 300000"):
        job.download_weights(tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_a_line_that_never_holds_is_a_failed_connection(
    server: ScriptedServer, job: Job, tmp_path: Path
) -> None:
    server.on("GET", URL, Answer(cut_after=0))
    with pytest.raises(ConnectionFailed):
        job.download_weights(tmp_path / "w")


def test_a_job_without_weights_says_so(server: ScriptedServer, client: Client, tmp_path: Path) -> None:
    server.on("GET", "/v1/jobs/job_2", Answer.json(job_json(id="job_2")))
    with pytest.raises(KilnError, match="no weights: it is still running"):
        client.jobs.get("job_2").download_weights(tmp_path / "w")
