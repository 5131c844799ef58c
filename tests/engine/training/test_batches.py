"""Splits and the order of an epoch."""

import numpy as np
import pytest

from engine.training.batches import Split, epoch_order


def test_an_epoch_visits_every_sample_once():
    assert sorted(epoch_order(1000, seed=3, epoch=5)) == list(range(1000))


def test_any_epochs_order_can_be_had_without_those_before_it():
    assert (epoch_order(100, 0, 7) == epoch_order(100, 0, 7)).all()


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(50, seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_inputs_without_their_targets_are_refused():
    with pytest.raises(ValueError, match="3 inputs and 2 targets"):
        Split(np.zeros((3, 4)), np.zeros(2))


def test_a_batch_is_the_rows_asked_for():
    split = Split(np.arange(12).reshape(6, 2), np.arange(6))
    inputs, targets = split.batch(np.array([4, 1]))
    assert inputs.tolist() == [[8, 9], [2, 3]]
    assert targets.tolist() == [4, 1]
