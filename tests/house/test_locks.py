"""requirements/*.txt: complete, pinned, hashed, and in step with pyproject.toml."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from requirements.environment import ROOT

OURS = {
    "engine",
    "service",
    "workers",
    "migrations",
    "tensorkiln",
    "tests",
    "benchmarks",
    "examples",
    "requirements",
    "dev",
}
EXTRAS = {"tokenizers", "PIL"}  # imported where a script asks for them; the service doesn't
HASHED = ["run", "dev", "oracle-deps", "lock"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def lock_text(name):
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def entries(name):
    """The requirements of a lock, each with all its lines joined."""
    joined = lock_text(name).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pinned(name):
    """name -> the versions that the lock pins, one for each marker."""
    versions: dict[str, list[str]] = {}
    for entry in entries(name):
        requirement = Requirement(entry.split(" --hash")[0])
        (specifier,) = requirement.specifier
        versions.setdefault(canonicalize_name(requirement.name), []).append(specifier.version)
    return versions


@pytest.mark.parametrize("name", HASHED)
def test_every_requirement_is_one_version_with_hashes(name):
    for entry in entries(name):
        assert re.match(r"[A-Za-z0-9._-]+==[^*\s]+( ;.*?)? +--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_torch_is_pinned_by_version_alone():
    (entry,) = entries("oracle")
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", entry)


def test_jax_is_pinned_by_version_alone_and_in_no_other_lock():
    assert all(re.fullmatch(r"[a-z-]+==\d+\.\d+\.\d+", entry) for entry in entries("peers"))
    assert not [name for name in (*HASHED, "oracle") if pinned(name).keys() & {"jax", "jaxlib"}]


@pytest.mark.parametrize("name", [*HASHED, "oracle", "peers"])
def test_no_lock_names_an_index(name):
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock_text(name))


def test_torch_is_in_no_other_lock():
    assert not [name for name in HASHED if "torch" in pinned(name)]


def test_the_tests_packages_contain_the_services_at_the_same_versions():
    run, dev = pinned("run"), pinned("dev")
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run", PYPROJECT["project"]["dependencies"]),
        ("run", PYPROJECT["project"]["optional-dependencies"]["embedded"]),
        ("run", PYPROJECT["project"]["optional-dependencies"]["postgres"]),
        ("dev", PYPROJECT["project"]["optional-dependencies"]["text"]),
        ("dev", PYPROJECT["project"]["optional-dependencies"]["images"]),
        ("run", PYPROJECT["dependency-groups"]["build"]),
        ("run", PYPROJECT["build-system"]["requires"]),
        ("dev", PYPROJECT["dependency-groups"]["dev"]),
        ("oracle-deps", PYPROJECT["dependency-groups"]["oracle"]),
        ("lock", PYPROJECT["dependency-groups"]["lock"]),
    ],
)
def test_what_pyproject_asks_for_is_locked_at_a_version_that_fits(lock, wanted):
    versions = pinned(lock)
    for line in wanted:
        requirement = Requirement(line)
        chosen = versions.get(canonicalize_name(requirement.name))
        assert chosen, f"{requirement.name} is not in requirements/{lock}.txt: run `python3 dev.py lock`"
        assert all(requirement.specifier.contains(version) for version in chosen), (line, chosen)


@pytest.mark.parametrize(
    ("folders", "lock", "besides"),
    [
        (["engine", "service", "workers", "migrations", "tensorkiln"], "run", EXTRAS),
        (["engine", "tests", "benchmarks", "examples"], "dev", {"torch", "jax"}),
    ],
)
def test_what_the_code_imports_is_locked(folders, lock, besides):
    """A package that merely happens to be in somebody's environment is missing in the next one."""
    locked = pinned(lock).keys()
    distributions = packages_distributions()
    for name in sorted(imported(folders) - OURS - besides - sys.stdlib_module_names):
        assert name in distributions, f"{name} is imported, and is not installed"
        known = {canonicalize_name(distribution) for distribution in distributions[name]}
        assert known & locked, f"{name} is imported, and {sorted(known)} is not in requirements/{lock}.txt"


def imported(folders):
    """The top-level names of all absolute imports below these folders."""
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found
