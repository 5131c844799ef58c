"""tests/ci_skips.py: in CI a skip fails the run unless it is marked `gpu`."""

import os
import subprocess
import sys

import pytest

from requirements.environment import ROOT

SKIPPING = """
import pytest
def test_here(): pass
def test_without_server(): pytest.skip("no server")
"""
GPU = """
import pytest
@pytest.mark.gpu
def test_on_a_gpu(): pytest.skip("no GPU")
@pytest.mark.xfail(reason="known")
def test_known(): assert False
def test_here(): pass
"""
MODULE = """
import pytest
pytest.importorskip("no_such_module")
"""


def run(folder, text, ci):
    file = folder / "test_it.py"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", ROOT, "-c", ROOT / "pyproject.toml", file]
    environment = {**os.environ, "CI": "true" if ci else ""}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [(SKIPPING, "test_without_server: Skipped: no server"), (MODULE, "could not import 'no_such_module'")],
)
def test_a_skip_fails_the_run_in_ci_and_is_named(tmp_path, text, reason):
    done = run(tmp_path, text, ci=True)
    assert done.returncode != 0
    assert reason in done.stdout


def test_a_skip_is_only_a_skip_elsewhere(tmp_path):
    done = run(tmp_path, SKIPPING, ci=False)
    assert done.returncode == 0, done.stdout


def test_a_gpu_test_may_be_skipped_in_ci(tmp_path):
    done = run(tmp_path, GPU, ci=True)
    assert done.returncode == 0, done.stdout
