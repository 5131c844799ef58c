import subprocess
import sys
from pathlib import Path

import pytest

from tensorkiln.cli.command import kiln


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `kiln` of an environment in the present folder, which is not on PATH."""
    script = tmp_path / ".venv" / "bin" / "kiln"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    return script


def test_what_is_not_on_path_is_named_by_its_path_from_here(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kiln("up") == ".venv/bin/kiln up"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert kiln() == str(script)


def test_who_typed_kiln_can_type_it_again(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    assert kiln("up") == "kiln up"


def test_a_path_that_dev_py_made_for_us_is_not_the_users(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", ["/there/tensorkiln/cli/__main__.py", "up"])
    assert kiln("up") == ".venv/bin/kiln up"


def test_without_a_script_python_runs_the_module(script: Path) -> None:
    script.unlink()
    assert kiln("up") == f"{script.with_name('python')} -m tensorkiln.cli up"


def test_a_path_with_a_space_is_quoted(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "my folder" / "kiln"
    there.parent.mkdir()
    there.touch()
    monkeypatch.setattr(sys, "executable", str(there.with_name("python")))
    assert kiln("up") == "'my folder/kiln' up"


def test_what_it_names_can_be_run() -> None:
    ran = subprocess.run(f"{kiln('--version')}", shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("kiln ")
