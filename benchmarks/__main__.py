"""`python3 dev.py bench VERB [--json FILE]`.

polling    how fast GET /v1/jobs/{id} and its metrics answer while the job trains
following  what the service and a follower cost the training, against engine.training alone
steps      time of one eager training step of five networks, beside PyTorch's
ops        what single ops cost on tensors of a few elements, by family, beside PyTorch's
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import following, overhead, polling, steps

VERBS: dict[str, Callable[[int], dict[str, Any]]] = {
    "polling": polling.measure,
    "following": following.measure,
    "steps": steps.measure,
    "ops": overhead.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="dev.py bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved repetitions (default 5)")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    figures = {
        "benchmark": options.verb,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "command": "python3 dev.py bench " + " ".join(sys.argv[1:]),
        **VERBS[options.verb](options.rounds),
    }
    for name, value in figures.items():
        print(f"{name:30} {value:.4g}" if isinstance(value, float) else f"{name:30} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
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
