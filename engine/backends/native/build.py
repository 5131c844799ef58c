"""Builds the native core as a step of the package's own build (a hook of hatchling); CMake does the work.

A machine without a compiler gets the package all the same: what went wrong is printed, and the engine says so
later (`kiln doctor`, GET /v1/system).
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = "engine/backends/native"
LINES = 15  # of a failed build's output
# what a processor must say of itself in /proc/cpuinfo, the highest level first
LEVELS = {
    "x86-64-v4": "avx512f avx512bw avx512cd avx512dq avx512vl avx2 bmi1 bmi2 f16c fma abm movbe",
    "x86-64-v3": "avx2 bmi1 bmi2 f16c fma abm movbe",
    "x86-64-v2": "sse4_1 sse4_2 ssse3 popcnt cx16",
}


class NativeCore(BuildHookInterface[BuilderConfig]):
    """Puts the extension beside this file, and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(self.root, HERE)
        core = source / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"
        core.unlink(missing_ok=True)  # that of a former build must not stand in for one that failed
        # installed in place it runs where it is built; a wheel may go anywhere
        levels = own_level() if version == "editable" else None
        settings = [] if levels is None else [f"-DKILN_LEVELS={levels}"]
        failure = build(source, Path(self.root, "build", sysconfig.get_platform()), *settings)
        if failure is not None:
            self.app.display_warning(f"no native core, training will run on numpy: {failure}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(f"{HERE}/{core.name}")


def own_level() -> str | None:
    """The level of this processor as compilers name it; None where it isn't known, or there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    lines = [line for line in text.splitlines() if line.startswith("flags")]
    if platform.machine() != "x86_64" or not lines:
        return None
    flags = set(lines[0].split())
    return next((level for level, needed in LEVELS.items() if flags.issuperset(needed.split())), None)


def build(source: Path, folder: Path, *settings: str) -> str | None:
    """Build the core of `source` in `folder`, with CMake's settings; None, or why it could not be built."""
    # beside the Python first: a pip that installs into another environment doesn't put its programs on PATH
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    cmake, ninja = shutil.which("cmake", path=path), shutil.which("ninja", path=path)
    if cmake is None:
        return "cmake isn't installed"
    # of another machine, another Python or another place: made anew
    shutil.rmtree(folder, ignore_errors=True)
    generator = [] if ninja is None else ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    configure = [f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={source}"]
    for command in (
        [cmake, "-S", str(source), "-B", str(folder), *generator, *configure, *settings],
        [cmake, "--build", str(folder), "--parallel"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            return f"{' '.join(command[:2])} failed\n" + "\n".join(done.stdout.splitlines()[-LINES:])
    return None
