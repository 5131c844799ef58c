"""Metric points in preallocated arrays."""

import numpy as np

from engine.training.columns import Curves


def test_points_come_out_once_in_their_order():
    curves = Curves(capacity=4)
    for step in range(1, 4):
        curves.add("loss", step, step / 2, epoch=1, timestamp_ms=1000 + step)
    curves.add("accuracy", 3, 1.0, epoch=1, timestamp_ms=1003)
    loss, accuracy = curves.take()
    assert (loss.key, accuracy.key) == ("loss", "accuracy")
    assert loss.steps.tolist() == [1, 2, 3]
    assert loss.values.tolist() == [0.5, 1.0, 1.5]
    assert loss.timestamps_ms.tolist() == [1001, 1002, 1003]
    assert loss.epochs.tolist() == [1, 1, 1]
    assert curves.take() == []


def test_more_points_than_room_are_all_kept():
    curves = Curves(capacity=2)
    for step in range(100):
        curves.add("loss", step, float(step), epoch=step // 10)
    (column,) = curves.take()
    assert column.steps.tolist() == list(range(100))
    assert column.values.tolist() == [float(step) for step in range(100)]
    assert column.epochs.tolist() == [step // 10 for step in range(100)]


def test_a_column_handed_out_is_not_overwritten_by_later_points():
    curves = Curves(capacity=4)
    curves.add("loss", 1, 0.25, epoch=1)
    (first,) = curves.take()
    curves.add("loss", 2, 9.0, epoch=1)
    assert first.values.tolist() == [0.25]


def test_points_of_many_steps_stand_behind_those_of_single_ones():
    curves = Curves(capacity=4)
    curves.add("loss", 1, 0.5, 1, 100)
    curves.extend("loss", 2, np.arange(20.0), 2, np.arange(200, 220))
    (column,) = curves.take()
    assert column.steps.tolist() == list(range(1, 22))
    assert column.values.tolist() == [0.5, *range(20)]
    assert column.epochs.tolist() == [1] + [2] * 20
    assert column.timestamps_ms.tolist() == [100, *range(200, 220)]
    assert curves.take() == []
