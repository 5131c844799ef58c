"""The process of one side: `python -m benchmarks.worker SUITE SIDE`, told its turns by JSON lines on stdin.

{"prepare": case} makes the case and warms it up with three steps; {"run": steps} times so many. Between
turns it is blocked reading. What trains may have a `report()`, which comes with each answer. A suite is a
module with `prepare(side, case)`, which gives a Trainer or raises LeftOut, and the name of a small case,
WARM_UP, that is run before anything is measured: what a framework loads when it is first used is not the
first case's memory.
"""

import contextlib
import json
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.sides import LeftOut, Trainer


def main(suite: str, side: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print is no answer
    module = import_module(f"benchmarks.{suite}")
    prepare = module.prepare
    with contextlib.suppress(Exception):  # it will be said of the case itself
        prepare(side, module.WARM_UP)(1)
    train: Trainer | None = None
    memory = _peak_kb()
    for line in sys.stdin:
        told = json.loads(line)
        answer: dict[str, Any]
        try:
            if "prepare" in told:
                train = None  # the case before is let go first
                memory = _reset_peak()
                started = time.perf_counter()
                train = prepare(side, told["prepare"])
                loss = train(1)
                answer = {"first_s": time.perf_counter() - started, "losses": [loss, train(1), train(1)]}
            else:
                assert train is not None
                answer = _timed(train, told["run"])
            answer["peak_mb"] = (_peak_kb() - memory) / 1024
            if hasattr(train, "report"):
                answer["report"] = train.report()
        except LeftOut as reason:
            answer = {"left_out": str(reason)}
        except Exception as error:
            first = str(error).strip().splitlines()[:1]
            answer = {"left_out": f"{type(error).__name__}: {(first or [''])[0][:120]}"}
        print(json.dumps(answer), file=answers, flush=True)


def _timed(train: Trainer, steps: int) -> dict[str, Any]:
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    started = time.perf_counter()
    train(steps)
    seconds = time.perf_counter() - started
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return {"seconds": seconds, "faults": faults}


def _reset_peak() -> int:
    """The memory held now, in KB, from which the peak grows: Linux forgets the earlier peak when told so."""
    with contextlib.suppress(OSError):  # then the peak so far counts as held
        Path("/proc/self/clear_refs").write_text("5")
    return _peak_kb()


def _peak_kb() -> int:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # on Linux this counts the parent's, too
        return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    main(*sys.argv[1:])
