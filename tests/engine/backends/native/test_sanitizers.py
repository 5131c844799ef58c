"""The kernels' tests once more, in a core whose reads, writes, arithmetic and threads are watched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.backends import native

hatchling = pytest.importorskip("hatchling", reason="the package's build tools aren't installed")

from engine.backends.native import build  # noqa: E402  # it imports hatchling

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
# what runs kernels; starting other interpreters and forking is what sanitizers can't follow
TESTS = [
    "tests/engine/backends/native",
    "tests/engine/capture/test_blocks.py",
    "tests/engine/capture/test_fusion.py",
    "tests/engine/capture/test_native_runs.py",
]
CHOSEN = "not sanitizer and not build and not forked and not without_the_core"

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)


def _library(name):
    """Where the compiler keeps a library; skips where it has none."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    found = subprocess.run(
        [compiler, f"-print-file-name={name}"], capture_output=True, text=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        pytest.skip(f"the compiler has no {name}")
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("sanitizers", "libraries", "options"),
    [
        ("address,undefined", ["libasan.so", "libstdc++.so"], {"ASAN_OPTIONS": "detect_leaks=0"}),
        ("thread", ["libtsan.so"], {"TSAN_OPTIONS": "halt_on_error=1:ignore_noninstrumented_modules=1"}),
    ],
    ids=["address-undefined", "thread"],
)
def test_the_kernels_tests_pass_under_sanitizers(sanitizers, libraries, options, tmp_path):
    preloaded = " ".join(map(_library, libraries))
    source = shutil.copytree(
        Path(build.__file__).parent, tmp_path / "native", ignore=shutil.ignore_patterns("*.so", "__pycache__")
    )
    failure = build.build(
        source,
        tmp_path / "build",
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON",
        f"-DKILN_LEVELS={str(native.report()['level']).replace('_', '-')}",
        f"-DCMAKE_CXX_FLAGS=-fsanitize={sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1",
    )
    assert failure is None, failure
    (core,) = source.glob("_core*.so")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "tests.engine.backends.native.sanitized",
            "-p",
            "no:cacheprovider",
            "-k",
            CHOSEN,
            *TESTS,
        ],
        cwd=ROOT,
        env={**os.environ, **options, "LD_PRELOAD": preloaded, "KILN_CORE": str(core), "CI": ""},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    assert " passed" in done.stdout
