"""Fixtures that every room shares: databases, a broker, settings, an open store, and the real data."""

import os
import signal

# started in the background of a script, the tests have SIGINT ignored; so would the commands that they start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# OpenBLAS spins while it waits for its threads: where tests share their cores with anything, two are far
# slower than one. Set before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest

from migrations.schema import upgrade
from service.settings import Settings
from service.store import Store
from tests.servers import ServerUnavailable, postgres_server, redis_server, scratch_database


class _Servers:
    """Servers started on first use, once per run, and stopped when it ends."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._urls: dict[str, str] = {}

    def url(self, kind: str) -> str:
        if kind not in self._urls:
            server = postgres_server() if kind == "postgresql" else redis_server()
            try:
                self._urls[kind] = self._stack.enter_context(server)
            except ServerUnavailable as missing:
                pytest.skip(str(missing))
        return self._urls[kind]


@pytest.fixture(scope="session")
def servers() -> Iterator[_Servers]:
    with ExitStack() as stack:
        yield _Servers(stack)


@pytest.fixture
def redis_url(servers: _Servers) -> str:
    """A real Redis-protocol server, shared by the run's tests."""
    return servers.url("redis")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, servers: _Servers) -> Iterator[str]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kiln.sqlite3'}"
    else:
        with scratch_database(servers.url("postgresql")) as url:
            yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a private home. Their broker is not there: ask for `redis_url` where one is needed."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return Settings(home=home, database_url=database_url, redis_url=f"unix://{tmp_path / 'nobody.sock'}")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open store on a migrated, empty database."""
    upgrade(settings.database)
    opened = Store.open(settings)
    yield opened
    opened.close()


def _data_folders() -> list[Path]:
    """Where public data may be."""
    given = os.environ.get("KILN_DATA_DIR")
    beside = Path(__file__).parents[2] / "shared" / "data"
    return [Path(given), beside] if given else [beside]


@pytest.fixture(scope="session")
def public_data() -> Callable[[str], Path]:
    """The folder of a public dataset by its name (fsdd, names, ...); skips the test where it isn't there."""

    def find(name: str) -> Path:
        for folder in _data_folders():
            if (folder / name).is_dir():
                return folder / name
        pytest.skip(f"the data {name} are not here: set KILN_DATA_DIR to the folder that has {name}/")

    return find


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The folder of MNIST's four idx files: $KILN_DATA_DIR, or ../shared/data, itself or its mnist/."""
    for folder in _data_folders():
        for place in (folder, folder / "mnist", folder / "MNIST" / "raw"):
            if (place / "train-images-idx3-ubyte.gz").is_file():
                return place
    pytest.skip("MNIST's idx files are not here: set KILN_DATA_DIR to their folder")


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch, the oracle. `dev.py test --torch` installs it."""
    module: ModuleType = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed: --torch")
    # on a busy machine its threads wait for each other twenty times as long as they compute
    module.set_num_threads(1)
    return module
