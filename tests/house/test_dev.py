"""dev.py: its verbs, what it says when it can't go on, and once for real on a fresh copy."""

import ast
import os
import shutil
import subprocess
import sys

import pytest

import dev
from requirements.environment import DEV, ORACLE, PEERS, PROJECT, ROOT, RUN, Environment, Trouble


class Replaced(Exception):
    """In place of os.execv, which doesn't come back."""


@pytest.fixture
def calls(monkeypatch):
    """What would have been installed and then run."""
    seen: dict[str, object] = {}

    def execv(program, command):
        seen.update(program=program, command=command[1:])
        raise Replaced

    monkeypatch.setattr(Environment, "prepare", lambda self, parts: seen.update(parts=list(parts)))
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "chdir", lambda folder: seen.update(folder=folder))
    for name in ("PATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # so that what dev.py sets is undone
    return seen


@pytest.mark.parametrize(
    ("arguments", "parts", "command"),
    [
        (["demo", "--json"], [RUN, PROJECT], ["-m", "tensorkiln.demo", "--json"]),
        (["up", "--port", "0"], [RUN, PROJECT], ["-m", "tensorkiln.cli", "up", "--port", "0"]),
        (["test", "-x", "tests/house"], [DEV, PROJECT], ["-m", "pytest", "-x", "tests/house"]),
        (["test", "--torch", "-x"], [DEV, PROJECT, ORACLE], ["-m", "pytest", "-x"]),
        (["bench", "poll"], [DEV, PROJECT, ORACLE, PEERS], ["-m", "benchmarks", "poll"]),
    ],
)
def test_a_verb_installs_its_parts_and_becomes_the_environments_python(calls, arguments, parts, command):
    with pytest.raises(Replaced):
        dev.main(arguments)
    assert calls["program"] == ROOT / ".venv" / "bin" / "python"
    assert (calls["parts"], calls["command"]) == (parts, command)


def test_demo_and_up_stay_in_the_callers_folder_but_tests_run_at_the_root(calls):
    for verb, folder in {"demo": None, "up": None, "test": ROOT, "bench": ROOT}.items():
        calls.clear()
        with pytest.raises(Replaced):
            dev.main([verb])
        assert calls.get("folder") == folder


def test_lint_runs_every_tool_and_reports_the_ones_that_complain(calls, monkeypatch, capsys):
    ran = []

    def run(command, cwd):
        ran.append(os.path.basename(command[0]))
        return subprocess.CompletedProcess(command, returncode=ran[-1] == "mypy")

    monkeypatch.setattr(subprocess, "run", run)
    assert dev.main(["lint"]) == 1
    assert ran == ["ruff", "ruff", "mypy", "lint-imports"]
    assert capsys.readouterr().err.endswith("lint: mypy found something\n")


def test_lint_takes_no_other_argument(calls):
    with pytest.raises(Trouble, match="usage"):
        dev.main(["lint", "engine"])


def test_an_unknown_verb_shows_the_usage_and_installs_nothing(calls, capsys):
    for verb, told in {"dmeo": "no verb 'dmeo'; did you mean demo?", "xyzzy": "no verb 'xyzzy'"}.items():
        assert dev.main([verb]) == 2
        out, err = capsys.readouterr()
        assert (out, err.splitlines()[0]) == ("", f"dev.py: {told}")
        assert "python3 dev.py test" in err
    assert calls == {}


def test_help_is_no_fault(calls, capsys):
    for arguments in ([], ["--help"]):
        assert dev.main(arguments) == 0
        assert "python3 dev.py test" in capsys.readouterr().out
    assert calls == {}


def test_every_verb_is_in_the_usage():
    assert dev.__doc__ is not None
    for verb in ("demo", "up", "test", "lint", "bench", "lock"):
        assert f"python3 dev.py {verb} " in dev.__doc__


def test_an_old_python_can_read_it_as_far_as_the_reason_why_it_is_too_old():
    tree = ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 7))
    first = [node for node in tree.body if not isinstance(node, ast.Expr)][:2]
    assert ast.unparse(first[0]) == "import sys"
    assert ast.unparse(first[1]).startswith("if sys.version_info < (3, 11):")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_a_fresh_copy_it_installs_once_and_then_starts_at_once(tmp_path):
    tree = tmp_path / "tree"
    ignored = shutil.ignore_patterns(".venv*", ".git", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, tree, ignore=ignored)
    command = [sys.executable, "dev.py", "up", "--help"]

    first = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    if "index can't be reached" in first.stderr:
        pytest.skip("installing needs a package index, and none can be reached")
    assert first.returncode == 0, first.stderr
    assert "dev.py: making .venv with Python" in first.stderr
    assert "Usage" in first.stdout
    assert "dev.py" not in first.stdout

    again = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")

    # what `up` and `demo` start is all there, without the tests' packages
    imports = "import service.app, workers.host, migrations.schema, tensorkiln.demo, engine.training"
    for command in (["-m", "pip", "check"], ["-c", imports]):
        done = subprocess.run([tree / ".venv/bin/python", *command], cwd=tree, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
