"""`python3 dev.py bench VERB [--rounds N] [--only NAME …] [--json FILE]`.

steps       a training step of many networks, beside PyTorch (as it comes, tuned, compiled) and JAX
kernels     forwards and gradients by family of ops, beside PyTorch's
overhead    what a call costs whose arrays are tiny, beside PyTorch's
mnist       MNIST's job from POST to `succeeded`, beside the same script in PyTorch
first-step  from POST until the first step's loss can be polled
polling     how fast GET /v1/jobs/{id} and its metrics answer while the job trains
following   what the service and a follower cost the training, against engine.training alone
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from benchmarks import first_step, following, kernels, mnist, overhead, polling, steps
from benchmarks.sides import SIDES
from benchmarks.workloads import WORKLOADS

VERBS: dict[str, ModuleType] = {
    "steps": steps,
    "kernels": kernels,
    "overhead": overhead,
    "mnist": mnist,
    "first-step": first_step,
    "polling": polling,
    "following": following,
}
NAMES: dict[str, Callable[[], Iterable[str]]] = {
    "steps": lambda: WORKLOADS,
    "kernels": lambda: kernels.CASES,
    "overhead": lambda: overhead.FAMILIES,
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="dev.py bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        own = verbs.add_parser(verb)
        own.add_argument("--rounds", type=int, default=5, help="interleaved repetitions (default 5)")
        own.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
        if verb in NAMES:
            own.add_argument("--only", nargs="+", choices=list(NAMES[verb]()), metavar="NAME")
        if verb == "steps":
            own.add_argument("--sides", nargs="+", choices=list(SIDES), metavar="SIDE")
    return made


def main() -> int:
    options = parser().parse_args()
    verb = VERBS[options.verb]
    figures = {
        "benchmark": options.verb,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "load": os.getloadavg()[0],
        "command": "python3 dev.py bench " + " ".join(sys.argv[1:]),
    }
    figures |= verb.measure(options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    for name, value in figures.items():
        if not isinstance(value, dict):
            print(f"{name:30} {value:.4g}" if isinstance(value, float) else f"{name:30} {value}")
    show: Any = getattr(verb, "tables", None)
    if show is not None:
        console = Console(width=None if sys.stdout.isatty() else 170)
        for table in show(figures):
            console.print(table)
    return 0


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else model}, {len(names) or '?'} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
