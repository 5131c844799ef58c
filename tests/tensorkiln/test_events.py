import pytest

from tensorkiln import APIError, Client, ConnectionFailed, NotFound
from tests.tensorkiln.conftest import QUICK
from tests.tensorkiln.scripted import HANG_UP, Answer, ScriptedServer, job_json, stream

STREAM = "/v1/jobs/job_1/stream"
AT = "2026-11-23T09:30:01.123Z"
STATUS = ("status", 1, {"state": "running", "reason": None, "at": AT, "attempt": 1})
METRICS = ("metrics", 2, {"columns": [], "progress": {}, "attempt": 1})
EPOCH = ("epoch", 3, {"epoch": 1, "metrics": {"train_loss": 0.5}, "at": AT, "attempt": 1})
DONE = ("done", 4, {"state": "succeeded"})


def _follow(server: ScriptedServer, client: Client, after: int | None = None) -> list[tuple[int, str]]:
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json()))
    return [(event.seq, event.type) for event in client.jobs.get("job_1").follow(after)]


def _last_ids(server: ScriptedServer) -> list[str | None]:
    return [asked.headers.get("Last-Event-ID") for asked in server.asked_for(STREAM)]


def test_events_come_typed_and_in_order_to_the_end(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, stream(STATUS, METRICS, EPOCH, DONE))
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json()))
    status, _, epoch, done = client.jobs.get("job_1").follow()
    assert (status.type, status.attempt, status.data) == ("status", 1, {"state": "running", "reason": None})
    assert status.at is not None
    assert epoch.data["metrics"] == {"train_loss": 0.5}
    assert done.type == "done"
    assert server.asked[-1].headers["Accept"] == "text/event-stream"


def test_a_broken_stream_goes_on_behind_the_last_event_seen(server: ScriptedServer, client: Client) -> None:
    whole = stream(STATUS, METRICS, EPOCH)
    cut = stream(STATUS, METRICS, EPOCH, cut_after=len(whole.body) - 10)  # within the third event
    server.on("GET", STREAM, HANG_UP, cut, Answer.problem(503), stream(EPOCH), stream(DONE))
    assert _follow(server, client) == [(1, "status"), (2, "metrics"), (3, "epoch"), (4, "done")]
    assert _last_ids(server) == [None, None, "2", "2", "3"]


def test_an_event_that_is_sent_again_is_told_once(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, stream(STATUS, METRICS), stream(STATUS, METRICS, EPOCH, DONE))
    assert [seq for seq, _ in _follow(server, client)] == [1, 2, 3, 4]


def test_following_can_begin_behind_an_event(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, stream(EPOCH, DONE))
    assert _follow(server, client, after=2) == [(3, "epoch"), (4, "done")]
    assert _last_ids(server) == ["2"]


def test_every_event_renews_the_patience(server: ScriptedServer, client: Client) -> None:
    many = [stream(("epoch", n, {"epoch": n})) for n in range(1, 3 * QUICK.attempts)]
    server.on("GET", STREAM, *many, stream(("done", 100, {})))
    assert _follow(server, client)[-1] == (100, "done")


def test_a_stream_that_stays_broken_is_a_failed_connection(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, stream(STATUS))
    with pytest.raises(ConnectionFailed, match="before the job's end"):
        _follow(server, client)
    assert len(server.asked_for(STREAM)) == 1 + QUICK.attempts - 1


def test_refusals_of_the_stream_are_raised(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, Answer.problem(404, "job_not_found"))
    with pytest.raises(NotFound):
        _follow(server, client)


def test_what_is_no_stream_is_not_followed(server: ScriptedServer, client: Client) -> None:
    server.on("GET", STREAM, Answer.json({}))
    with pytest.raises(APIError, match="not an event stream"):
        _follow(server, client)
