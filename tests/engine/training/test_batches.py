"""Splits and the order of an epoch."""

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.spec.preparation import prepared
from engine.tensor.random import default_generator
from engine.training import batches as batches_module
from engine.training import held as held_module
from engine.training.batches import Split, epoch_order
from engine.vision.transforms import CenterCrop, Compose, Normalize, RandomHorizontalFlip, ToTensor


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


CHAIN: list = [ToTensor(), CenterCrop(2), Normalize([0.5], [0.25])]


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (10, 4, 4)).astype(np.uint8)


def test_transforms_are_applied_in_pieces_as_to_each_sample(images, monkeypatch):
    expected = np.stack([Compose(CHAIN)(image).numpy() for image in images])
    monkeypatch.setattr(held_module, "CHUNK", 3)
    held = Split(images, np.zeros(10), CHAIN).span(0, 10)[0].numpy()
    monkeypatch.setattr(batches_module, "HELD_BYTES", 0)
    each = Split(images, np.zeros(10), CHAIN).span(0, 10)[0].numpy()
    np.testing.assert_array_equal(held, expected)
    np.testing.assert_array_equal(each, expected)


def test_a_sample_is_transformed_when_it_is_first_asked_for_and_never_again(images):
    seen = []

    class Counting(CenterCrop):
        def batch(self, images):
            seen.append(len(images))
            return super().batch(images)

    split = Split(images, np.zeros(10), [ToTensor(), Counting(2), Normalize([0.5], [0.25])])
    seen.clear()  # the first sample, whose shape says that of all
    split.rows(np.array([7, 2, 7]))
    split.rows(np.array([2, 5]))
    split.span(4, 8)
    assert seen == [2, 1, 2]
    whole = np.stack([Compose(CHAIN)(image).numpy() for image in images])
    np.testing.assert_array_equal(split.span(0, 10)[0].numpy(), whole)
    assert sum(seen) == 10


@pytest.mark.parametrize("chain", [[], [ToTensor()], CHAIN, [ToTensor(), Normalize([0.5], [0.25])]])
@pytest.mark.parametrize("shape", [(10, 4, 4), (10, 4, 4, 1)])
def test_what_is_left_for_the_step_gives_the_same(chain, shape, images):
    split = Split(images.reshape(shape), np.arange(10, dtype=np.uint8), chain)
    rows = np.array([3, 9, 0])
    assert split.is_indexed
    inputs, targets = split.batch(rows)
    expected = split.rows(rows)
    found = prepared(split.late_transforms, inputs)
    assert found.dtype is expected[0].dtype
    np.testing.assert_array_equal(found.numpy(), expected[0].numpy())
    assert targets.tolist() == expected[1].tolist()
    for source, rows_of_it in zip(split.sources, (inputs, targets), strict=True):
        np.testing.assert_array_equal(source.numpy()[rows], rows_of_it.numpy())


def test_what_is_quickly_done_again_is_not_held(images):
    assert Split(images, np.zeros(10), [ToTensor(), Normalize([0.5], [0.25])])._inputs is images
    assert Split(images, np.zeros(10), CHAIN)._inputs.dtype == np.float32


def test_what_varies_is_not_left_for_the_step(images):
    split = Split(images, np.zeros(10), [ToTensor(), RandomHorizontalFlip()], is_varied=True)
    assert not split.is_indexed
    assert split.late_transforms == []
    assert split.batch(np.array([1, 2]))[0].shape == (2, 1, 4, 4)


def test_a_transform_of_single_samples_is_applied_to_each():
    split = Split(np.arange(6.0).reshape(3, 2), np.zeros(3), [lambda sample: sample * 2])
    assert split.rows(np.array([2, 0]))[0].tolist() == [[8, 10], [0, 2]]
