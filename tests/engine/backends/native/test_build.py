"""The hook that builds the core with the package."""

import shutil
from pathlib import Path

import pytest

from engine.backends import native

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


def test_the_level_that_is_built_in_place_is_the_one_that_the_core_then_uses():
    if native.BACKEND is None or build.own_level() is None:
        pytest.skip("there is no core, or no level to tell its processor by")
    assert str(native.report()["level"]).replace("_", "-") == build.own_level()
