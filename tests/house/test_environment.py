"""requirements/environment.py: what is installed when, and what is said when it can't be."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

from requirements import environment
from requirements.environment import DEV, ORACLE, PROJECT, ROOT, RUN, Environment, Progress, Trouble, explain


@pytest.fixture
def project(tmp_path):
    """A copy of the files that decide what is installed, without an environment."""
    locks = (f"requirements/{lock.name}" for lock in (ROOT / "requirements").glob("*.txt"))
    for name in (*PROJECT.files, *locks):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


@pytest.fixture
def whole(project):
    """An environment that is finished and holds everything, as far as its stamp goes."""
    own = Environment(project)
    own.python.parent.mkdir(parents=True)
    own.python.symlink_to(sys.executable)
    (own.folder / "pyvenv.cfg").touch()
    (own.folder / "lib" / f"python{environment.PYTHON_VERSION}" / "site-packages").mkdir(parents=True)
    own._write_stamp({part.name: own.digest(part) for part in (RUN, DEV, ORACLE, PROJECT)})
    return own


def test_a_fresh_clone_lacks_every_part(project):
    assert Environment(project).missing([RUN, PROJECT]) == [RUN, PROJECT]


def test_a_stamped_environment_lacks_nothing_and_starts_no_process(whole, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    whole.prepare([RUN, DEV, ORACLE, PROJECT])


def test_a_changed_lock_makes_only_its_own_part_stale(whole):
    lock = whole.root / "requirements/dev.txt"
    lock.write_text(lock.read_text() + "# changed\n")
    assert whole.missing([RUN, DEV, ORACLE, PROJECT]) == [DEV]


def test_a_linters_setting_makes_nothing_stale_but_a_dependency_does(whole):
    pyproject = whole.root / "pyproject.toml"
    text = pyproject.read_text()
    pyproject.write_text(text.replace("line-length = 110", "line-length = 99"))
    assert whole.missing([PROJECT]) == []
    pyproject.write_text(text.replace('"rich>=15"', '"rich>=14"'))
    assert whole.missing([PROJECT]) == [PROJECT]


@pytest.mark.parametrize("field", ["python", "root"])
def test_an_environment_of_another_python_or_folder_is_not_used(whole, field):
    stamp = json.loads(whole.stamp.read_text())
    stamp["made"][field] = "another"
    whole.stamp.write_text(json.dumps(stamp))
    assert whole.missing([RUN]) == [RUN]


@pytest.mark.parametrize("damage", ["unfinished", "no stamp", "half a stamp", "no python"])
def test_a_damaged_environment_is_not_used(whole, damage):
    if damage == "unfinished":
        whole.unfinished.touch()
    elif damage == "no stamp":
        whole.stamp.unlink()
    elif damage == "half a stamp":
        whole.stamp.write_text(whole.stamp.read_text()[:20])
    else:
        whole.python.unlink()
        whole.python.symlink_to("/nowhere/python3")
    assert whole.missing([RUN]) == [RUN]


def test_an_interrupted_environment_is_made_anew(whole, monkeypatch):
    (whole.folder / "half-unpacked").touch()
    whole.unfinished.touch()
    monkeypatch.setattr(Environment, "_install", lambda self, part, lock: None)
    whole.prepare([RUN])
    assert not (whole.folder / "half-unpacked").exists()
    assert whole.python.exists()
    assert not whole.unfinished.exists()


def test_somebody_elses_folder_is_left_alone(project):
    mine = project / ".venv" / "precious.txt"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(Trouble, match="move it away"):
        Environment(project).prepare([RUN])
    assert mine.exists()


def test_a_too_full_disk_is_said_before_anything_is_made(project, monkeypatch):
    usage = shutil.disk_usage(project)._replace(free=5 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Trouble, match="has 5 MB free"):
        Environment(project).prepare([RUN])
    assert not (project / ".venv").exists()


def test_a_folder_that_can_not_be_written_is_named(project):
    (project / ".venv.lock").mkdir()
    with pytest.raises(Trouble, match=r"can't write .*/\.venv\.lock: is a directory"):
        Environment(project).prepare([RUN])


def test_a_failed_download_leaves_the_environment_usable(whole, monkeypatch):
    stub(monkeypatch, whole, "print('ERROR: NewConnectionError'); raise SystemExit(1)")
    (whole.root / "requirements/dev.txt").write_text("something-new==1\n")
    with pytest.raises(Trouble, match="can't be reached"):
        whole.prepare([DEV])
    assert whole.missing([RUN, PROJECT]) == []


def test_a_failure_while_unpacking_leaves_it_unusable(whole, monkeypatch):
    stub(monkeypatch, whole, "print('Installing collected packages: a, b'); raise SystemExit(1)")
    (whole.root / "requirements/dev.txt").write_text("something-new==1\n")
    with pytest.raises(Trouble, match="pip could not install"):
        whole.prepare([DEV])
    assert whole.missing([RUN]) == [RUN]


def test_installing_the_tests_packages_covers_the_services(whole, monkeypatch):
    stub(monkeypatch, whole, "")
    whole._write_stamp({})
    whole.prepare([DEV])
    assert whole.missing([RUN, DEV]) == []


def stub(monkeypatch, own, program):
    """Put this Python program in pip's place."""
    monkeypatch.setattr(Environment, "_pip", lambda self: [sys.executable, "-c", program])
    assert own.missing([RUN]) == []


def test_without_ensurepip_a_pip_beside_the_python_serves(whole, monkeypatch, tmp_path):
    outer_pip(monkeypatch, tmp_path, "pip 22.3.1 from /usr/lib (python 3.11)")
    assert whole._pip() == [str(tmp_path / "base"), "-m", "pip", "--python", str(whole.python)]


def test_without_any_fitting_pip_it_says_what_to_install(whole, monkeypatch, tmp_path):
    outer_pip(monkeypatch, tmp_path, "pip 22.0.2 from /usr/lib (python 3.11)")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(Trouble, match="install python3-venv or python3-pip"):
        whole._pip()


def outer_pip(monkeypatch, folder, version):
    """A base Python without ensurepip, whose pip answers with this version."""
    base = folder / "base"
    base.write_text(f"#!/bin/sh\necho '{version}'\n")
    base.chmod(0o755)
    monkeypatch.setattr(environment, "BASE_PYTHON", str(base))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_progress_counts_what_pip_collects_and_returns_its_output_on_failure(capfd, tmp_path):
    lines = ["Collecting numpy==2.4.6 (from -r run.txt)", "  Downloading numpy-2.4.6-cp311.whl (16.0 MB)"]
    program = f"print({os.linesep.join(lines)!r}); raise SystemExit(3)"
    progress = Progress("installing", total=2)
    with (tmp_path / "lock").open("w") as lock:
        output = progress.follow([sys.executable, "-c", program], tmp_path, lock)
    assert output == "".join(f"{line}\n" for line in lines)
    assert progress.doing == "numpy (16.0 MB) (1 of 2)"
    assert not progress.changing
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("dev.py: installing, 0 s")


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full; make room and run this again"),
        (
            "ERROR: [Errno 13] Permission denied: '/x/.venv/lib'",
            "can't write /x/.venv/lib: permission denied",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES.\n    amqp==5.4.2 from a/b:\n",
            "amqp==5.4.2 as downloaded is not what requirements/ pins by hash; it was not installed",
        ),
        (
            "WARNING: NewConnectionError: -3\nERROR: No matching distribution found for amqp==5.4.2",
            "the package index can't be reached; the first run needs the network, later ones don't",
        ),
        ("ERROR: strange\nERROR: stranger", "pip failed: stranger"),
        ("killed", "pip failed"),
    ],
)
def test_a_failure_is_explained_in_one_line(printed, said):
    assert explain(printed, "pip failed") == said


def test_a_missing_build_names_package_python_and_platform():
    said = explain("ERROR: No matching distribution found for scipy==1.17.1", "pip failed")
    assert said.startswith(f"no build of scipy==1.17.1 for Python {environment.PYTHON_VERSION} on ")


def test_pip_is_not_led_out_of_the_environment(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")
    seen = environment.pip_environment()
    assert "PIP_TARGET" not in seen
    assert (seen["PIP_USER"], seen["PIP_INDEX_URL"]) == ("0", "kept")
