"""Timings op by op."""

import threading

import pytest

import engine as torch
from engine import nn
from engine.backends import native
from engine.capture.recording import Recording
from engine.device import CPU
from tests.engine.capture.steps import batches, linear


def times(profile):
    return {row.op: row.calls for row in profile.rows()}


def test_every_call_of_an_eager_step_is_counted():
    _, _, step = linear()
    ((x, y),) = batches(1, 4)
    step(x, y)
    before = CPU.kernels
    with torch.profile() as timings:
        step(x, y)
        step(x, y)
    assert CPU.kernels is before
    found = times(timings)
    assert found["linear"] == found["cross_entropy"] == 2
    assert found["sgd_momentum_step"] == 4
    assert 0 < timings.kernel_seconds < timings.seconds
    step(x, y)
    assert times(timings) == found


def test_a_replay_counts_the_calls_of_the_program():
    _, _, step = linear()
    run = torch.capture(step)
    given = batches(5, 4)
    for batch in given:
        run(*batch)
    with torch.profile() as timings:
        run(*given[0])
    assert run.report().last == ""
    found = times(timings)
    assert found["linear"] == found["cross_entropy"] == 1
    if native.BACKEND is None:
        assert found["sgd_momentum_step"] == 2
    else:
        assert {row.where for row in timings.rows() if row.op == "sgd_momentum_step x 2"} == {"native"}


def test_rows_by_shape_tell_calls_of_one_op_apart():
    with torch.profile() as timings:
        torch.ones(2, 3) @ torch.ones(3, 4)
        torch.ones(2, 3) @ torch.ones(3, 5)
    assert [row.calls for row in timings.rows() if row.op == "matmul"] == [2]
    by_shape = [row for row in timings.rows(by_shape=True) if row.op == "matmul"]
    assert {row.shapes for row in by_shape} == {((2, 3), (3, 4)), ((2, 3), (3, 5))}
    assert "[3, 5]" in timings.table(by_shape=True)
    assert "more rows" in timings.table(limit=1)
    assert str(timings) == timings.table()


def test_what_has_no_program_yet_runs_eagerly_and_is_not_recorded():
    _, _, step = linear()
    run = torch.capture(step)
    ((x, y),) = batches(1, 4)
    with torch.profile():
        run(x, y)
    assert "profile" in run.report().last
    assert run.report().recorded == 0


def test_there_is_one_profile_at_a_time_and_an_error_ends_it():
    before = CPU.kernels
    with pytest.raises(RuntimeError, match="one at a time"), torch.profile(), torch.profile():
        pass
    assert CPU.kernels is before
    with torch.profile() as timings:
        nn.functional.relu(torch.ones(3))
    assert times(timings)["relu"] == 1


@pytest.mark.parametrize("profile_ends_first", [False, True])
def test_a_profile_may_begin_while_another_thread_records(profile_ends_first):
    plain = CPU.kernels
    within, go_on = threading.Event(), threading.Event()

    def step(x):
        y = x * 2
        within.set()
        assert go_on.wait(60)
        return y + 1

    run = torch.capture(step)
    thread = threading.Thread(target=run, args=(torch.ones(2),))
    thread.start()
    assert within.wait(60)
    with torch.profile() as timings:
        if not profile_ends_first:
            go_on.set()
            thread.join()
            assert CPU.kernels is not plain
            torch.ones(2) * 3
    go_on.set()
    thread.join()
    assert CPU.kernels is plain
    assert times(timings).get("mul", 0) == (not profile_ends_first)
    later = torch.capture(lambda x: x * 2)
    for _ in range(4):
        later(torch.ones(2))
    assert (later.report().recorded, later.report().replays) == (2, 2)


def test_a_recording_that_a_profile_holds_within_it_writes_down_the_kernels_themselves():
    plain = CPU.kernels
    x = torch.ones(2)
    with torch.profile() as timings, Recording([x]) as recording:
        x * 2
    assert CPU.kernels is plain
    assert times(timings)["mul"] == 1
    assert [call.kernel for call in recording.trace.calls if call.op == "mul"] == [plain["mul"]]
