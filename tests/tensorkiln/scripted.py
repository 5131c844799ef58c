"""A real HTTP server on a free port that answers by script, and remembers what it was asked."""

import json
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """cut_after: close the connection after so many bytes of the body; 0: before anything is sent"""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> "Answer":
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json", **named})

    @classmethod
    def problem(cls, status: int, code: str = "bad", errors: Any = (), **headers: str) -> "Answer":
        content = {"title": "No", "status": status, "detail": f"no: {code}", "code": code, "errors": errors}
        return cls.json({**content, "request_id": "req_1"}, status, **headers)


HANG_UP = Answer(cut_after=0)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._script: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._lock = threading.Lock()

    def on(self, method: str, path: str, *answers: Answer) -> None:
        """Give these answers, one a request; the last one for ever."""
        self._script[method, path].extend(answers)

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            answers = self._script.get((asked.method, asked.path))
            if not answers:
                return Answer.problem(404, "route_not_found")
            return answers.popleft() if len(answers) > 1 else answers[0]

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(
            self.command, url.path, dict(parse_qsl(url.query)), dict(self.headers), self.rfile.read(length)
        )
        answer: Answer = self.server.script.answer(asked)  # type: ignore[attr-defined]  # the server's class is the standard library's
        if answer.cut_after == 0:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        with suppress(ConnectionError):  # a client that has heard enough
            self.wfile.write(answer.body[: answer.cut_after])
        if answer.cut_after is not None:
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _handle

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may leave when it likes
            super().handle_error(request, client_address)


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        script = ScriptedServer(server.server_address[1])
        server.script = script  # type: ignore[attr-defined]  # the server's class is the standard library's
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()


def job_json(**changes: Any) -> dict[str, Any]:
    """A job as the service shows it."""
    return {
        "id": "job_1",
        "object": "job",
        "name": "first",
        "state": "running",
        "status_reason": None,
        "status_history": [
            {"state": "queued", "at": "2026-11-23T09:30:00.123Z", "reason": None, "attempt": 0}
        ],
        "attempt": 1,
        "queue_position": None,
        "progress": {"epoch": 1, "epochs": 2, "step": 3, "steps_total": 20, "fraction": 0.15},
        "estimated_finish": None,
        "created_at": "2026-11-23T09:30:00.123Z",
        "started_at": "2026-11-23T09:30:01.123Z",
        "finished_at": None,
        "model": {"id": None, "name": "net", "sha256": "0" * 64},
        "dataset": "digits",
        "device": "auto",
        "definition": {},
        "estimate": {"parameters": 10},
        "metrics": {},
        "weights": None,
        "error": None,
        **changes,
    }


def stream(*messages: tuple[str, int, dict[str, Any]], cut_after: int | None = None) -> Answer:
    """An SSE answer of (type, seq, data)."""
    text = "retry: 1\n\n: still here\n\n"
    for kind, seq, data in messages:
        text += f"event: {kind}\nid: {seq}\ndata: {json.dumps(data)}\n\n"
    return Answer(200, text.encode(), {"Content-Type": "text/event-stream"}, cut_after)
