"""Datasets and loaders: batches, orders, and taking up a pass in the middle."""

from typing import Any

import numpy as np
import pytest

import engine
from engine.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from engine.errors import CheckpointError, DTypeError, EngineError, IndexError_, ShapeError


class Squares(Dataset):
    """Gives samples only, one by one, and counts them."""

    def __init__(self, length):
        self.length = length
        self.given = []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.given.append(index)
        return np.float32(index), index * index


@pytest.fixture
def numbers():
    return TensorDataset(engine.arange(10), engine.arange(10) * 10)


def _seen(loader):
    return [batch[0].tolist() for batch in loader]


def test_batches_come_in_order_with_the_rest_at_the_end(numbers):
    loader = DataLoader(numbers, batch_size=4)
    assert _seen(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3
    dropping = DataLoader(numbers, batch_size=4, drop_last=True)
    assert _seen(dropping) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(dropping) == 2


def test_a_fetched_batch_is_the_collated_batch(numbers):
    slicing = DataLoader(numbers, batch_size=3)
    collating = DataLoader(numbers, batch_size=3, collate_fn=default_collate)
    for a, b in zip(slicing, collating, strict=True):
        assert type(a) is type(b) is list
        assert [t.tolist() for t in a] == [t.tolist() for t in b]
        assert [t.dtype for t in a] == [t.dtype for t in b]


def test_a_batch_is_a_copy_of_the_data(numbers):
    for batch, _ in DataLoader(numbers, batch_size=5):
        batch.zero_()
    assert numbers.tensors[0].tolist() == list(range(10))


def test_datasets_of_single_samples_are_collated():
    batches = list(DataLoader(Squares(5), batch_size=2))
    assert [x.tolist() for x, _ in batches] == [[0, 1], [2, 3], [4]]
    assert (batches[0][0].dtype, batches[0][1].dtype) == (engine.float32, engine.int64)


def test_shuffling_visits_everything_once_in_an_order_of_the_seed(numbers):
    def order(seed):
        engine.manual_seed(seed)
        return [n for batch in _seen(DataLoader(numbers, batch_size=3, shuffle=True)) for n in batch]

    assert sorted(order(1)) == list(range(10))
    assert order(1) == order(1) != order(2)


def test_each_pass_is_shuffled_anew(numbers):
    loader = DataLoader(numbers, batch_size=10, shuffle=True, generator=engine.Generator(seed=4))
    assert _seen(loader) != _seen(loader)


def test_a_generator_of_its_own_leaves_the_global_one_alone(numbers):
    engine.manual_seed(3)
    before = engine.get_rng_state().tolist()
    list(DataLoader(numbers, shuffle=True, generator=engine.Generator()))
    assert engine.get_rng_state().tolist() == before


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_pass_can_be_taken_up_where_it_was_left(numbers, shuffle, stop):
    def make():
        return DataLoader(numbers, batch_size=3, shuffle=shuffle, generator=engine.Generator(seed=8))

    loader = make()
    list(loader)
    running = iter(loader)
    for _ in range(stop):
        next(running)
    state, generator = loader.state_dict(), loader.generator.get_state()
    rest = [batch[0].tolist() for batch in running]
    following = _seen(loader)

    again = make()
    again.generator.set_state(generator)
    again.load_state_dict(state)
    assert _seen(again) == rest
    assert _seen(again) == following


def test_taking_up_a_pass_reads_only_the_rest():
    data = Squares(9)
    loader = DataLoader(data, batch_size=3)
    loader.load_state_dict({"generator": None, "batches": 2})
    assert _seen(loader) == [[6, 7, 8]]
    assert data.given == [6, 7, 8]
    with pytest.raises(CheckpointError, match="at batch 4, and there are 3"):
        loader.load_state_dict({"generator": None, "batches": 4})


def test_samplers_say_the_order():
    data = list("abcd")
    assert list(SequentialSampler(data)) == [0, 1, 2, 3]
    assert sorted(RandomSampler(data)) == [0, 1, 2, 3]
    drawn = list(RandomSampler(data, replacement=True, num_samples=50))
    assert len(drawn) == 50
    assert set(drawn) <= {0, 1, 2, 3}
    assert list(BatchSampler(SequentialSampler(data), 3, drop_last=False)) == [[0, 1, 2], [3]]
    assert list(BatchSampler([3, 1, 2], 2, drop_last=True)) == [[3, 1]]
    with pytest.raises(ShapeError, match="can't be drawn from none"):
        RandomSampler([], num_samples=5)
    with pytest.raises(ShapeError, match="batch_size must be positive"):
        BatchSampler([1, 2], 0, drop_last=False)


def test_more_samples_than_there_are_begin_anew():
    order = list(RandomSampler(range(3), num_samples=7))
    assert [sorted(order[:3]), sorted(order[3:6]), len(order)] == [[0, 1, 2], [0, 1, 2], 7]


def test_samplers_of_subsets_and_of_weights():
    shuffled = SubsetRandomSampler([5, 7, 9, 11])
    assert sorted(shuffled) == [5, 7, 9, 11]
    assert len(shuffled) == 4
    rare = list(WeightedRandomSampler([0.0, 1.0, 3.0], 4000, generator=engine.Generator().manual_seed(3)))
    assert rare.count(0) == 0
    assert 0.7 < rare.count(2) / 4000 < 0.8
    assert sorted(WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False)) == [0, 1, 2]
    with pytest.raises(ShapeError, match="one number per sample"):
        WeightedRandomSampler([[1.0]], 2)


def test_many_draws_from_many_weights_fit_in_memory():
    order = WeightedRandomSampler(np.ones(60_000), 60_000).order()
    assert abs(order.mean() / 30_000 - 1) < 0.05


@pytest.mark.parametrize(
    "sampler", [WeightedRandomSampler([1.0] * 10, 10), SubsetRandomSampler(list(range(10)))]
)
def test_a_pass_of_a_drawn_order_can_be_taken_up(numbers, sampler):
    loader = DataLoader(numbers, batch_size=3, sampler=sampler)
    running = iter(loader)
    next(running)
    state = loader.state_dict()
    rest = [batch[0].tolist() for batch in running]
    loader.load_state_dict(state)
    assert _seen(loader) == rest


class Endless(Sampler):
    """A sampler as users write them: __iter__ alone."""

    def __iter__(self):
        k = 0
        while True:
            yield k % 10
            k += 1


def test_a_sampler_may_never_end(numbers):
    batches = iter(DataLoader(numbers, batch_size=4, sampler=Endless()))
    assert [next(batches)[0].tolist() for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]


class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        return iter(range(self.start, self.end))


def test_streams_come_in_batches_and_one_after_the_other():
    def seen(dataset, **options):
        return [batch.tolist() for batch in DataLoader(dataset, **options)]

    assert seen(Stream(0, 7), batch_size=3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert seen(Stream(0, 7), batch_size=3, drop_last=True) == [[0, 1, 2], [3, 4, 5]]
    assert list(DataLoader(Stream(0, 2), batch_size=None)) == [0, 1]
    assert seen(Stream(0, 2) + Stream(5, 7), batch_size=3) == [[0, 1, 5], [6]]
    assert seen(ChainDataset([Stream(0, 1), Stream(5, 6)]), batch_size=3) == [[0, 5]]
    with pytest.raises(TypeError):
        len(DataLoader(Stream(0, 2)))
    with pytest.raises(EngineError, match="shuffle there"):
        DataLoader(Stream(0, 2), shuffle=True)


def test_a_stream_can_be_taken_up():
    loader = DataLoader(Stream(0, 7), batch_size=3)
    running = iter(loader)
    assert next(running).tolist() == [0, 1, 2]
    state = loader.state_dict()
    again = DataLoader(Stream(0, 7), batch_size=3)
    again.load_state_dict(state)
    assert [batch.tolist() for batch in again] == [[3, 4, 5], [6]]


def test_datasets_side_by_side():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    assert StackDataset(x=[1, 2], y="ab")[1] == {"x": 2, "y": "b"}
    assert len(StackDataset([1, 2])) == 2
    with pytest.raises(ShapeError, match="equally long"):
        StackDataset([1], [1, 2])


def test_a_sum_of_datasets_is_their_concatenation(numbers):
    both = numbers + Squares(3)
    assert (len(both), both.cumulative_sizes) == (13, [10, 13])


def test_datasets_samplers_and_loaders_can_name_what_they_give():
    for base in (Dataset, IterableDataset, Sampler, DataLoader):
        named: Any = base
        assert named[int].__origin__ is base


def test_single_samples_are_converted_or_given_to_collate_fn():
    given = list(DataLoader([np.ones(2)], batch_size=None))
    assert given[0].dtype is engine.float64
    assert list(DataLoader([1, 2], batch_size=None, collate_fn=lambda x: [x])) == [[1], [2]]


def test_users_samplers_and_no_batching(numbers):
    assert _seen(DataLoader(numbers, batch_sampler=[[1, 3], [5]])) == [[1, 3], [5]]
    assert [x.item() for x, _ in DataLoader(numbers, batch_size=None)] == list(range(10))

    class Backwards(SequentialSampler):
        def order(self):
            return super().order()[::-1]

    assert _seen(DataLoader(numbers, batch_size=10, sampler=Backwards(numbers))) == [list(range(9, -1, -1))]
    with pytest.raises(EngineError, match="either shuffle, a sampler or a batch_sampler"):
        DataLoader(numbers, shuffle=True, sampler=SequentialSampler(numbers))


def test_subsets_and_concatenations(numbers):
    subset = Subset(numbers, [7, 2, 5])
    assert _seen(DataLoader(subset, batch_size=2)) == [[7, 2], [5]]
    assert _seen(DataLoader(Subset(Squares(9), [7, 2]), batch_size=2)) == [[7, 2]]
    both = ConcatDataset([numbers, subset])
    assert len(both) == 13
    assert [both[k][0].item() for k in (0, 9, 10, 12, -1)] == [0, 9, 7, 5, 5]
    with pytest.raises(IndexError_, match="out of range"):
        both[13]


def test_random_splits_are_disjoint_and_complete(numbers):
    parts = random_split(numbers, [6, 4], generator=engine.Generator(seed=2))
    assert [len(p) for p in parts] == [6, 4]
    found = [part[k][0].item() for part in parts for k in range(len(part))]
    assert sorted(found) == list(range(10))
    assert [len(p) for p in random_split(numbers, [0.5, 0.25, 0.25])] == [6, 2, 2]
    with pytest.raises(ShapeError, match="add up to 7, and the dataset has 10"):
        random_split(numbers, [3, 4])


def test_collating_keeps_the_samples_structure():
    samples = [{"x": np.ones(2), "y": (1, 2.5), "name": str(k)} for k in range(2)]
    batch = default_collate(samples)
    assert batch["x"].shape == (2, 2)
    assert batch["y"][0].tolist() == [1, 1]
    assert batch["y"][1].dtype is engine.float64
    assert batch["name"] == ["0", "1"]
    with pytest.raises(DTypeError, match="samples of type object"):
        default_collate([object()])


def test_tensors_of_a_dataset_must_be_equally_long():
    with pytest.raises(ShapeError, match="equally long first axes"):
        TensorDataset(engine.zeros(3), engine.zeros(4))
    with pytest.raises(ShapeError, match="at least one"):
        TensorDataset()


def test_pytorchs_name_for_it_leads_here():
    assert engine.utils.data.DataLoader is DataLoader
