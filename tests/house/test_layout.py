"""The tree: its names, the size of its files, and the README's picture of it."""

import ast
import re
import subprocess

import pytest

from requirements.environment import ROOT

ROOMS = ["engine", "service", "workers", "migrations", "tensorkiln"]
CODE = [*ROOMS, "tests", "benchmarks", "examples", "requirements"]
BANNED = {"utils", "helpers", "helper", "manager", "common", "misc"}
# PyTorch's users type engine.utils.data and engine.nn.utils; the tests mirror them
ALLOWED = {f"{root}engine/{part}utils" for root in ("", "tests/") for part in ("", "nn/")}
JUDGES = {"engine/parity"}  # PyTorch's own test data against the engine as a whole


def python_files():
    return [
        path for room in CODE for path in sorted((ROOT / room).rglob("*.py")) if path.name != "__pycache__"
    ]


def test_no_file_is_longer_than_400_lines():
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in python_files()}
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_no_file_or_folder_is_named_for_nothing():
    parts = {part for path in python_files() for part in [path, *path.parents] if ROOT in part.parents}
    bad = {str(part.relative_to(ROOT)) for part in parts if part.stem in BANNED}
    assert bad <= ALLOWED


def test_tests_are_no_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("room", ROOMS)
def test_tests_mirror_the_folders_of_their_room(room):
    folder = ROOT / "tests" / room
    for path in folder.rglob("test_*.py"):
        mirrored = ROOT / room / path.parent.relative_to(folder)
        judges = str(path.parent.relative_to(ROOT / "tests")) in JUDGES
        assert judges or mirrored.is_dir(), f"{path.relative_to(ROOT)} mirrors no folder of {room}/"


def test_every_test_file_belongs_to_a_room_the_house_or_the_journeys():
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert folders <= {*ROOMS, "house", "journeys", "benchmarks", "examples"}


def test_the_readmes_tree_shows_what_is_there():
    """Every folder of code at the top is in it, and everything in it is on disk."""
    block = re.search(r"## The tree\n+```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block, "README.md has no tree"
    shown, parent = set(), ""
    for line in block[1].splitlines():
        names = re.match(r"( *)((?:\S+ )*\S+)(?:  |$)", line)
        assert names, line
        if not names[1]:
            parent = names[2].split()[0] if names[2].endswith("/") else ""
        for name in names[2].split():
            shown.add(f"{parent if names[1] else ''}{name}".rstrip("/"))
    assert {name for name in shown if not (ROOT / name).exists()} == set()
    assert set(CODE) <= shown
    for room in ROOMS:
        folders = {f"{room}/{path.parent.name}" for path in (ROOT / room).glob("*/__init__.py")}
        assert folders - shown - ALLOWED == set(), f"README.md's tree does not show these folders of {room}/"


def test_nothing_that_is_made_is_committed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    made = re.compile(
        r"(^|/)(__pycache__|\.venv|\.[a-z_]+_cache|build|dist)/|\.(pyc|so|sqlite3?)$|(^|/)\.env$"
    )
    assert [name for name in listed.stdout.splitlines() if made.search(name)] == []


def test_no_test_needs_torch_to_be_collected():
    """`dev.py test` is without it: a test asks for it with pytest.importorskip."""
    eager = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            eager += [
                str(path.relative_to(ROOT))
                for name in names
                if name.startswith(("torch", "safetensors.torch"))
            ]
    assert eager == []
