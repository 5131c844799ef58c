"""Memory for what a program computes on its way."""

import tracemalloc

import numpy as np
import pytest

import engine
from engine.capture.arena import ALIGNMENT, Need, memory, planned


def _clashes(needs, offsets):
    """Pairs that are needed at the same time and share bytes."""
    for a, (one, at) in enumerate(zip(needs, offsets, strict=True)):
        for other, there in zip(needs[:a], offsets, strict=False):
            together = one.first <= other.last and other.first <= one.last
            if together and at < there + other.size_bytes and there < at + one.size_bytes:
                yield one, other


def test_what_is_gone_makes_room():
    offsets, size = planned([Need(640, 0, 1), Need(640, 2, 3), Need(640, 1, 2)])
    assert offsets[0] == offsets[1] != offsets[2]
    assert size == 1280


def test_a_gap_is_filled():
    _, size = planned([Need(640, 0, 9), Need(320, 0, 1), Need(320, 0, 9), Need(128, 2, 9), Need(192, 2, 9)])
    assert size == 1280


@pytest.mark.parametrize("seed", range(20))
def test_nothing_overwrites_what_is_still_needed(seed):
    generator = np.random.default_rng(seed)
    needs = []
    for _ in range(60):
        first = int(generator.integers(0, 50))
        needs.append(Need(int(generator.integers(1, 5000)), first, first + int(generator.integers(0, 15))))
    offsets, size = planned(needs)
    assert not list(_clashes(needs, offsets))
    assert all(offset % ALIGNMENT == 0 for offset in offsets)
    assert size >= max(at + need.size_bytes for at, need in zip(offsets, needs, strict=True))
    alive = [sum(n.size_bytes for n in needs if n.first <= t <= n.last) for t in range(70)]
    assert size < 1.5 * max(alive) + 64 * ALIGNMENT


def test_memory_begins_at_an_aligned_address():
    found = memory(1000)
    assert found.nbytes == 1000
    assert found.__array_interface__["data"][0] % ALIGNMENT == 0


def test_a_recording_holds_nothing_of_what_a_step_computes_on_its_way():
    def step(x):
        for _ in range(20):
            x = x.exp().neg()
        return x.sum()

    def peak(run):
        tracemalloc.start()
        try:
            run(x)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    x = engine.ones(300_000)
    with engine.no_grad():
        step(x)
        assert peak(engine.capture(step)) < peak(step) + x._data.nbytes // 2


def test_nothing_needs_nothing():
    assert planned([]) == ([], 0)
