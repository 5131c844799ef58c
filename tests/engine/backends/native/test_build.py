"""The hook that builds the core with the package."""

import shutil
from pathlib import Path

import pytest

hatchling = pytest.importorskip("hatchling", reason="the package's build tools aren't installed")

from engine.backends.native import build  # noqa: E402  # it imports hatchling

SOURCE = Path(build.__file__).parent


def test_a_build_without_a_compiler_says_so_and_does_not_raise(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    copy = shutil.copytree(SOURCE, tmp_path / "native", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    failure = build.build(copy, tmp_path / "build")
    assert failure is not None
    assert "no-such-compiler" in failure
    assert not list(copy.glob("*.so"))
