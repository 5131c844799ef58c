"""Single calls beside PyTorch's: what kernels.py and overhead.py have in common."""

import statistics
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from rich.table import Table

from benchmarks.sides import THREADS, LeftOut
from benchmarks.turns import Figures, interleave, lanes

SIDES = ("eager", "torch")


def framework(side: str) -> Any:
    """Ours or PyTorch, on all cores. Raises LeftOut where PyTorch isn't installed."""
    name = "torch" if side == "torch" else "engine"
    try:
        found: Any = import_module(name)
    except ImportError:
        raise LeftOut(f"{name} isn't installed") from None
    found.set_num_threads(THREADS)
    found.manual_seed(0)
    return found


def measure(suite: str, cases: Mapping[str, str], rounds: int, turn_s: float) -> Figures:
    """Medians, in microseconds a call, of both, and ours over theirs: by case, and its median by family.

    cases: the family of each
    """
    results: dict[str, Any] = {}
    with lanes(suite, SIDES) as started:
        for name, family in cases.items():
            print(f"bench: {name}", file=sys.stderr, flush=True)
            sides = interleave(started, name, rounds, turn_s)
            results[name] = {"family": family, "sides": sides}
            if all("median_ms" in sides[side] for side in SIDES):
                results[name] |= {
                    "engine_us": sides["eager"]["median_ms"] * 1000,
                    "torch_us": sides["torch"]["median_ms"] * 1000,
                    "engine_over_torch": sides["eager"]["median_ms"] / sides["torch"]["median_ms"],
                    "of_fastest": sides["eager"]["fastest_ms"] / sides["torch"]["fastest_ms"],
                }
    return {"cases": results, "families": families(results)}


def families(results: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The median and the worst of each family's ratios, of the fastest turns."""
    ratios: dict[str, list[float]] = {}
    for result in results.values():
        if "of_fastest" in result:
            ratios.setdefault(result["family"], []).append(result["of_fastest"])
    return {family: {"median": statistics.median(own), "worst": max(own)} for family, own in ratios.items()}


def tables(figures: Figures) -> list[Table]:
    calls = Table(title="microseconds a call, medians")
    for title in ("case", "ours", "torch", "ours / torch", "of the fastest turns"):
        calls.add_column(title, justify="left" if title == "case" else "right")
    for name, one in figures["cases"].items():
        if "of_fastest" in one:
            ratios = (f"{one['engine_over_torch']:.2f}", f"{one['of_fastest']:.2f}")
            calls.add_row(name, f"{one['engine_us']:.4g}", f"{one['torch_us']:.4g}", *ratios)
        else:
            reasons = [each.get("left_out", "") for each in one["sides"].values()]
            calls.add_row(name, *reasons)
    by_family = Table("family", "median", "worst", title="ours / torch, of the fastest turns")
    for family, ratio in figures["families"].items():
        by_family.add_row(family, f"{ratio['median']:.2f}", f"{ratio['worst']:.2f}")
    return [calls, by_family]
