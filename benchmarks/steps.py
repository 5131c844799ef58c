"""A training step of many networks, beside PyTorch and JAX, all in one interleaved run."""

import argparse
import math
import sys
from typing import Any

from rich.table import Table

from benchmarks import ceiling
from benchmarks.sides import SIDES, Trainer
from benchmarks.turns import Figures, best_peer, interleave, lanes
from benchmarks.workloads import TINY, WORKLOADS

TURN_S = 0.25
WARM_UP = TINY.name
AGREE = 1e-3  # relative, of the losses of the first three steps


def prepare(side: str, case: str) -> Trainer:
    return SIDES[side].trainer(TINY if case == WARM_UP else WORKLOADS[case])


def measure(options: argparse.Namespace) -> Figures:
    """Of each workload and side: medians, page faults, peak memory; ratios, and shares of the ceiling."""
    from benchmarks.sides.ours import flops

    speeds = ceiling.gflops(3)
    workloads: dict[str, Any] = {}
    for name in options.only or WORKLOADS:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        with lanes("steps", options.sides or list(SIDES)) as started:
            sides = dict(interleave(started, name, options.rounds, TURN_S))
        work = flops(WORKLOADS[name])
        for each in sides.values():
            if "median_ms" in each:
                each["gflops"] = work / each["median_ms"] / 1e6
        ratios = {}
        for ours in ("captured", "eager"):
            for statistic, among in (("median_ms", ""), ("fastest_ms", "_fastest")):
                theirs = best_peer(sides, statistic)
                if theirs is not None and statistic in sides.get(ours, {}):
                    ratios[f"best_torch_over_{ours}{among}"] = theirs / sides[ours][statistic]
        workloads[name] = {
            "text": WORKLOADS[name].text,
            "flops": work,
            **ratios,
            "sides_agree": agree(sides),
            "sides": sides,
        }
    for library, speed in ceiling.gflops(3).items():  # again at the end: other work comes and goes
        speeds[library] = max(speed, speeds.get(library, 0.0))
    return {"ceiling_gflops": max(speeds.values()), "ceilings": speeds, "workloads": workloads}


def agree(sides: dict[str, Figures]) -> bool:
    """Whether all sides computed the same: the losses of their first steps."""
    losses = [each["losses"] for each in sides.values() if "losses" in each]
    return all(
        math.isclose(a, b, rel_tol=AGREE) for own in losses for a, b in zip(own, losses[0], strict=True)
    )


def tables(figures: Figures) -> list[Table]:
    workloads = figures["workloads"]
    present = [side for side in SIDES if any("median_ms" in _side(w, side) for w in workloads.values())]
    times = Table(
        title="ms per step, medians (ratios: also of the fastest turns); "
        f"ceiling {figures['ceiling_gflops']:.0f} GFLOP/s"
    )
    memory = Table(title="peak memory grown, MB / minor page faults per step")
    times.add_column("workload")
    memory.add_column("workload")
    for side in present:
        times.add_column(SIDES[side].title, justify="right")
        memory.add_column(SIDES[side].title, justify="right")
    for title in (*(f"best torch / {ours}" for ours in ("captured", "eager")), "of ceiling"):
        times.add_column(title, justify="right")
    for name, one in workloads.items():
        cells = [_side(one, side) for side in present]
        ratios = [_ratios(one, ours) for ours in ("captured", "eager")]
        speed = max((_side(one, ours).get("gflops", 0) for ours in ("captured", "eager")), default=0)
        times.add_row(
            name if one["sides_agree"] else f"{name} (losses differ!)",
            *(f"{cell['median_ms']:.3g}" if "median_ms" in cell else "-" for cell in cells),
            *ratios,
            f"{speed / figures['ceiling_gflops']:.0%}",
        )
        memory.add_row(
            name,
            *(
                f"{cell['peak_mb']:.0f} / {cell['faults_per_step']:.3g}" if "peak_mb" in cell else "-"
                for cell in cells
            ),
        )
    return [times, memory, *_reasons(workloads)]


def _reasons(workloads: dict[str, Any]) -> list[Table]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, one in workloads.items():
        for side, each in one["sides"].items():
            if "left_out" in each:
                reasons.setdefault((side, each["left_out"]), []).append(name)
    if not reasons:
        return []
    table = Table("side", "why", "workloads", title="left out")
    for (side, reason), names in reasons.items():
        table.add_row(SIDES[side].title, reason, "all" if len(names) == len(workloads) else " ".join(names))
    return [table]


def _ratios(one: dict[str, Any], ours: str) -> str:
    medians = one.get(f"best_torch_over_{ours}")
    return f"{medians:.2f} ({one[f'best_torch_over_{ours}_fastest']:.2f})" if medians else "-"


def _side(one: dict[str, Any], side: str) -> Figures:
    found: Figures = one["sides"].get(side, {})
    return found
