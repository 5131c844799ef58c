"""Who may import whom: pyproject.toml's contracts hold in this tree, and each of them can fail."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

# A tree of the same rooms with nothing in them.
ROOMS = [
    "engine/training", "engine/spec", "engine/optim", "engine/data", "engine/vision", "engine/utils",
    "engine/serialization", "engine/nn/linear", "engine/nn/functional", "engine/tensor", "engine/autograd",
    "engine/ops", "engine/device", "engine/backends", "engine/errors", "engine/dtypes",
    "service/settings", "service/store/jobs", "service/jobs/endpoints", "service/jobs/operations",
    "service/jobs/queries", "service/jobs/schemas", "service/models/endpoints", "service/models/operations",
    "service/models/queries", "workers/run", "tensorkiln/client", "migrations/versions",
]  # fmt: skip


def lint(folder):
    config = str(ROOT / "pyproject.toml")
    return subprocess.run(
        [LINTER, "--config", config, "--no-cache"], cwd=folder, capture_output=True, text=True
    )


def broken(folder):
    """The names of the contracts that this tree breaks."""
    output = lint(folder).stdout
    assert "Contracts:" in output, output
    return {line.rsplit(" ", 1)[0] for line in output.splitlines() if line.endswith(" BROKEN")}


@pytest.fixture
def rooms(tmp_path):
    for room in ROOMS:
        path = tmp_path
        for part in Path(room).parts:
            path = path / part
            path.mkdir(exist_ok=True)
            (path / "__init__.py").touch()
    return tmp_path


def test_the_tree_keeps_every_contract():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_design_allows_breaks_nothing(rooms):
    write(rooms, "workers/run", "import service.store.jobs, service.settings, engine.training, engine")
    write(rooms, "service/jobs/operations", "from engine import spec\nfrom service.models import queries")
    write(rooms, "service/jobs/endpoints", "from service.jobs import operations, schemas")
    write(rooms, "service/jobs/queries", "import service.store.jobs, sqlalchemy")
    write(rooms, "migrations/versions", "import service.store.jobs, alembic")
    write(rooms, "engine/spec", "from engine import nn, errors\nimport numpy")
    write(rooms, "tensorkiln/client", "import httpx")
    assert broken(rooms) == set()


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("engine/tensor", "import service.settings", "engine imports nothing of ours"),
        ("engine/tensor", "import torch", "engine imports nothing of ours"),
        ("engine/spec", "import pydantic", "engine imports nothing of ours"),
        ("tensorkiln/client", "import engine.spec", "tensorkiln imports nothing of ours"),
        ("tensorkiln/client", "import sqlalchemy", "tensorkiln imports nothing of ours"),
        ("service/store", "import workers.run", "nobody imports workers"),
        ("migrations/versions", "import workers", "nobody imports workers"),
        ("service/jobs/operations", "import engine.training", "service imports of the engine only"),
        ("service/jobs/operations", "import engine", "service imports of the engine only"),
        ("workers/run", "import service.jobs.queries", "workers import of the service only"),
        ("workers/run", "import tensorkiln.client", "workers import of the service only"),
        ("migrations/versions", "import service.jobs.queries", "migrations import of ours only"),
        ("engine/autograd", "import engine.tensor", "inside the engine, lower never imports higher"),
        ("engine/ops", "import engine.autograd", "inside the engine, lower never imports higher"),
        ("engine/nn", "import engine.optim", "inside the engine, lower never imports higher"),
        ("engine/data", "import engine.training", "inside the engine, lower never imports higher"),
        ("engine/errors", "import engine.backends", "inside the engine, lower never imports higher"),
        ("engine/optim", "import engine", "inside the engine, nobody imports its face"),
        ("engine/misc", "", "inside the engine, lower never imports higher"),
        ("engine/nn/functional", "import engine.nn.linear", "engine.nn.functional imports nothing else"),
        ("service/store/jobs", "import service.jobs.queries", "the store imports nothing of the API"),
        ("service/store/jobs", "import fastapi", "the store imports nothing of the API"),
        ("service/jobs/queries", "import service.models.operations", "queries import neither"),
        ("service/models/operations", "import service.jobs.endpoints", "operations import no endpoints"),
    ],
)
def test_what_the_design_forbids_breaks_its_contract(rooms, where, line, contract):
    write(rooms, where, line)
    assert any(name.startswith(contract) for name in broken(rooms))


def write(rooms, where, line):
    (rooms / where).mkdir(exist_ok=True)
    (rooms / where / "__init__.py").write_text(f"{line}\n")
