"""The kernels' tests once more, in cores whose reads, writes, arithmetic and threads are watched.

`python -m tests.engine.backends.native.sanitizing FOLDER NAME ...` builds such a core for each name and runs
the tests on it. What came out is in FOLDER/NAME.json: {"skipped": why}, {"failed": output} or
{"passed": output}.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.backends import native
from engine.backends.native import build

ROOT = Path(__file__).parents[4]
# what runs kernels; starting interpreters, forking and limits of memory are what sanitizers can't follow
TESTS = [
    "tests/engine/backends/native",
    "tests/engine/capture/test_blocks.py",
    "tests/engine/capture/test_fusion.py",
    "tests/engine/capture/test_native_runs.py",
]
CHOSEN = "not sanitizer and not build and not forked and not without_the_core and not without_room"
# per name the compiler's option, libraries to be loaded first, and settings
SANITIZERS = {
    "address-undefined": (
        "address,undefined",
        ["libasan.so", "libstdc++.so"],
        {"ASAN_OPTIONS": "detect_leaks=0"},
    ),
    "thread": (
        "thread",
        ["libtsan.so"],
        {"TSAN_OPTIONS": "halt_on_error=1:ignore_noninstrumented_modules=1"},
    ),
}


class Missing(Exception):
    """What the machine lacks."""


def library(name: str) -> str:
    """Where the compiler keeps a library."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise Missing("there is no C++ compiler")
    found = subprocess.run(
        [compiler, f"-print-file-name={name}"], capture_output=True, text=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        raise Missing(f"the compiler has no {name}")
    return found


def watched(name: str, folder: Path) -> dict[str, str]:
    """What came out of the tests on a core built for a name."""
    option, libraries, settings = SANITIZERS[name]
    try:
        preloaded = " ".join(map(library, libraries))
    except Missing as missing:
        return {"skipped": str(missing)}
    source = shutil.copytree(
        Path(build.__file__).parent,
        folder / name / "native",
        ignore=shutil.ignore_patterns("*.so", "__pycache__"),
    )
    failure = build.build(
        source,
        folder / name / "build",
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON",
        f"-DKILN_LEVELS={str(native.report()['level']).replace('_', '-')}",
        f"-DCMAKE_CXX_FLAGS=-fsanitize={option} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1",
    )
    if failure is not None:
        return {"failed": failure}
    (core,) = source.glob("_core*.so")
    plugins = ["-p", "tests.engine.backends.native.sanitized", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *plugins, "-k", CHOSEN, *TESTS],
        cwd=ROOT,
        env={**os.environ, **settings, "LD_PRELOAD": preloaded, "KILN_CORE": str(core), "CI": ""},
        capture_output=True,
        text=True,
    )
    passed = done.returncode == 0 and " passed" in done.stdout
    return {"passed" if passed else "failed": done.stdout[-4000:] + done.stderr[-8000:]}


def main(folder: Path, names: list[str]) -> None:
    os.nice(10)
    for name in names:
        written = folder / f"{name}.part"
        written.write_text(json.dumps(watched(name, folder)))
        written.rename(folder / f"{name}.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
