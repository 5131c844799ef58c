"""Splits and the order of an epoch."""

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.tensor.random import default_generator
from engine.training import batches as batches_module
from engine.training.batches import Split, epoch_order
from engine.vision.transforms import Compose, Normalize, ToTensor


def test_an_epoch_visits_every_sample_once():
    assert sorted(epoch_order(1000, seed=3, epoch=5)) == list(range(1000))


def test_any_epochs_order_can_be_had_without_those_before_it():
    assert (epoch_order(100, 0, 7) == epoch_order(100, 0, 7)).all()


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(50, seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_shuffling_draws_nothing_from_the_default_generator():
    before = default_generator.get_state().tolist()
    epoch_order(50, 0, 0)
    assert default_generator.get_state().tolist() == before


def test_inputs_without_their_targets_are_refused():
    with pytest.raises(ShapeError, match="3 inputs and 2 targets"):
        Split(np.zeros((3, 4)), np.zeros(2))


def test_a_batch_is_the_rows_asked_for():
    split = Split(np.arange(12).reshape(6, 2), np.arange(6))
    inputs, targets = split.rows(np.array([4, 1]))
    assert inputs.tolist() == [[8, 9], [2, 3]]
    assert targets.tolist() == [4, 1]
    inputs, targets = split.span(4, 9)
    assert inputs.tolist() == [[8, 9], [10, 11]]
    assert targets.tolist() == [4, 5]


def test_class_indices_become_int64():
    split = Split(np.zeros((3, 1), np.float32), np.array([1, 2, 0], np.uint8))
    assert str(split.targets.dtype) == "int64"


def test_transforms_are_applied_in_pieces_as_to_each_sample(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 4)).astype(np.uint8)
    transforms: list = [ToTensor(), Normalize([0.5], [0.25])]
    expected = np.stack([Compose(transforms)(image).numpy() for image in images])
    monkeypatch.setattr(batches_module, "CHUNK", 3)
    held = Split(images, np.zeros(10), transforms).span(0, 10)[0].numpy()
    monkeypatch.setattr(batches_module, "HELD_BYTES", 0)
    each = Split(images, np.zeros(10), transforms).span(0, 10)[0].numpy()
    np.testing.assert_array_equal(held, expected)
    np.testing.assert_array_equal(each, expected)


def test_a_transform_of_single_samples_is_applied_to_each():
    split = Split(np.arange(6.0).reshape(3, 2), np.zeros(3), [lambda sample: sample * 2])
    assert split.rows(np.array([2, 0]))[0].tolist() == [[8, 10], [0, 2]]
