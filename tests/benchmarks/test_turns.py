"""benchmarks/turns.py and worker.py: what a process of a side is told, and what it answers."""

import argparse

import pytest

from benchmarks import calls, kernels, overhead, steps
from benchmarks.turns import Figures, best_peer, interleave, lanes
from benchmarks.workloads import WORKLOADS

SIDE = {
    "median_ms": 2.0,
    "fastest_ms": 1.0,
    "peak_mb": 3.0,
    "faults_per_step": 0.0,
    "losses": [1.0, 1.0, 1.0],
}


def test_a_side_that_is_asked_for_what_is_not_there_says_so_and_takes_the_next_case():
    with lanes("overhead", ["eager"]) as started:
        assert interleave(started, "nothing", 1, 0.001)["eager"] == {
            "left_out": "NameError: name 'nothing' is not defined"
        }
        figures = interleave(started, "a + b", 2, 0.001)["eager"]
    assert len(figures["turns_ms"]) == 2
    assert figures["fastest_ms"] <= figures["median_ms"]
    assert figures["steps_a_turn"] >= 1


def test_a_process_that_does_not_start_is_left_out_with_its_last_words():
    with lanes("no_such_suite", ["eager"]) as started:
        figures = interleave(started, "a + b", 1, 0.001)
    assert figures == {
        "eager": {"left_out": "ModuleNotFoundError: No module named 'benchmarks.no_such_suite'"}
    }


def test_the_best_of_pytorchs_configurations_is_the_peer():
    sides: dict[str, Figures] = {
        "eager": {"median_ms": 1.0},
        "torch": {"median_ms": 3.0},
        "torch_tuned": {"median_ms": 2.0},
        "torch_compile": {"left_out": "no compiler"},
        "jax": {"median_ms": 0.5},
    }
    assert best_peer(sides) == 2.0
    assert best_peer({"eager": {"median_ms": 1.0}}) is None


def test_sides_that_compute_something_else_are_noticed():
    off = {**SIDE, "losses": [1.0, 1.0, 1.1]}
    assert steps.agree({"eager": SIDE, "torch": SIDE, "jax": {"left_out": "not written"}})
    assert not steps.agree({"eager": SIDE, "torch": off})


def test_steps_are_told_in_tables():
    sides = {"eager": {**SIDE, "gflops": 50.0}, "torch": SIDE, "jax": {"left_out": "not written for JAX"}}
    one = {
        "sides": sides,
        "sides_agree": True,
        "best_torch_over_eager": 1.0,
        "best_torch_over_eager_fastest": 1.0,
    }
    times, memory, left_out = steps.tables({"ceiling_gflops": 100.0, "workloads": {"mlp64": one}})
    assert [list(column.cells) for column in times.columns] == [
        ["mlp64"], ["2"], ["2"], ["-"], ["1.00 (1.00)"], ["50%"],
    ]  # fmt: skip
    assert list(memory.columns[1].cells) == ["3 / 0"]
    assert [list(column.cells) for column in left_out.columns] == [
        ["JAX jit"],
        ["not written for JAX"],
        ["all"],
    ]


def test_ratios_of_a_family_are_its_median_and_its_worst():
    results: dict[str, Figures] = {
        "a": {"family": "views", "of_fastest": 1.0},
        "b": {"family": "views", "of_fastest": 3.0},
        "c": {"family": "views", "sides": {}},
    }
    assert calls.families(results) == {"views": {"median": 2.0, "worst": 3.0}}


@pytest.mark.parametrize(
    ("suite", "cases"),
    [
        (overhead, [expression for family in overhead.FAMILIES.values() for expression in family]),
        (kernels, [name for name in kernels.CASES if "large" not in name]),
    ],
)
def test_every_call_runs_on_the_engine(suite, cases):
    for case in cases:
        suite.prepare("eager", case)(1)


def test_only_known_names_are_measured(capsys):
    from benchmarks.__main__ import parser

    assert parser().parse_args(["steps", "--only", "gpt", "--rounds", "2"]) == argparse.Namespace(
        verb="steps", rounds=2, json=None, only=["gpt"], sides=None
    )
    with pytest.raises(SystemExit):
        parser().parse_args(["steps", "--only", "gtp"])
    said = capsys.readouterr().err
    assert "invalid choice: 'gtp'" in said
    assert all(name in said for name in WORKLOADS)
