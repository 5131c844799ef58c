"""Packing and padding beside PyTorch's."""

import numpy as np
import pytest

import engine
from engine.errors import ShapeError
from engine.nn.utils import rnn

LENGTHS = {True: [4, 3, 3, 1], False: [2, 4, 1, 3]}


def padded(torch, *shape, seed=0):
    array = np.random.default_rng(seed).standard_normal(shape)
    return engine.from_numpy(array.copy()).requires_grad_(), torch.from_numpy(array.copy()).requires_grad_()


def assert_packed_alike(ours, theirs):
    np.testing.assert_array_equal(ours.data.detach().numpy(), theirs.data.detach().numpy())
    assert ours.batch_sizes.tolist() == theirs.batch_sizes.tolist()
    for a, b in zip(ours[2:], theirs[2:], strict=True):
        assert (a is None) == (b is None)
        assert a is None or a.tolist() == b.tolist()


def assert_same_gradient(torch, a, b, x, y):
    w = np.random.default_rng(1).standard_normal(tuple(b.shape))
    (a * engine.from_numpy(w)).sum().backward()
    (b * torch.from_numpy(w)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy())


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("rest", [(), (2,), (2, 3)])
def test_packing_and_padding_again_agree_with_torch(torch, enforce_sorted, batch_first, rest):
    theirs = torch.nn.utils.rnn
    x, y = padded(torch, *((4, 5) if batch_first else (5, 4)), *rest)
    lengths = LENGTHS[enforce_sorted]
    ours = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted)
    other = theirs.pack_padded_sequence(y, lengths, batch_first, enforce_sorted)
    assert_packed_alike(ours, other)
    for options in ({}, {"total_length": 6}, {"padding_value": -1.5}, {"padding_value": float("-inf")}):
        a, n = rnn.pad_packed_sequence(ours, batch_first, **options)
        b, m = theirs.pad_packed_sequence(other, batch_first, **options)
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
        assert n.tolist() == m.tolist() == lengths
    assert_same_gradient(torch, ours.data, other.data, x, y)
    x.grad = y.grad = None
    a, _ = rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted))
    b, _ = theirs.pad_packed_sequence(theirs.pack_padded_sequence(y, lengths, batch_first, enforce_sorted))
    assert_same_gradient(torch, a, b, x, y)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_sequences_agrees_with_torch(torch, batch_first, side):
    pairs = [padded(torch, n, 2, seed=n) for n in (3, 1, 4)]
    a = rnn.pad_sequence([x for x, _ in pairs], batch_first, 0.5, side)
    b = torch.nn.utils.rnn.pad_sequence([y for _, y in pairs], batch_first, 0.5, side)
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    for x, y in pairs[:1]:
        assert_same_gradient(torch, a, b, x, y)


def test_whole_numbers_are_padded_and_packed_too(torch):
    numbers = [[1, 2, 3], [4], [5, 6]]
    a = rnn.pad_sequence([engine.tensor(n) for n in numbers], True, -1)
    assert a.dtype is engine.int64
    assert a.tolist() == [[1, 2, 3], [4, -1, -1], [5, 6, -1]]
    packed = rnn.pack_sequence([engine.tensor(n) for n in numbers], enforce_sorted=False)
    other = torch.nn.utils.rnn.pack_sequence([torch.tensor(n) for n in numbers], enforce_sorted=False)
    assert_packed_alike(packed, other)


def test_unpacking_gives_the_sequences_back():
    given = [engine.randn(n, 2) for n in (2, 4, 1)]
    for sequences in (
        rnn.unpack_sequence(rnn.pack_sequence(given, enforce_sorted=False)),
        rnn.unpad_sequence(rnn.pad_sequence(given), [2, 4, 1]),
        rnn.unpad_sequence(rnn.pad_sequence(given, batch_first=True), engine.tensor([2, 4, 1]), True),
    ):
        assert [x.tolist() for x in sequences] == [x.tolist() for x in given]


def test_a_packed_sequence_can_be_converted():
    packed = rnn.pack_sequence([engine.randn(3), engine.randn(2)])
    assert packed.double().data.dtype is engine.float64
    assert packed.float() is packed
    assert packed.cpu() is packed
    assert not packed.is_cuda


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rnn.pack_padded_sequence(engine.zeros(5, 2), [2, 3]), "enforce_sorted=False"),
        (lambda: rnn.pack_padded_sequence(engine.zeros(5, 2), [3]), r"need 2 lengths.*\(1,\)"),
        (lambda: rnn.pack_padded_sequence(engine.zeros(5, 2), [6, 1]), "between 1 and 5.*between 1 and 6"),
        (lambda: rnn.pack_padded_sequence(engine.zeros(5, 2), [3, 0]), "between 0 and 3"),
        (lambda: rnn.pack_padded_sequence(engine.zeros(5), [3]), "two axes"),
        (lambda: rnn.pad_sequence([]), "at least one"),
        (lambda: rnn.pad_sequence([engine.zeros(2, 3), engine.zeros(2, 4)]), r"sequence 1 is \(2, 4\)"),
        (
            lambda: rnn.pad_sequence([engine.zeros(2)], padding_side="top"),  # type: ignore[arg-type]  # so it is
            "not 'top'",
        ),
        (lambda: rnn.unpad_sequence(engine.zeros(4, 2), [4]), "2 sequences"),
        (
            lambda: rnn.pad_packed_sequence(rnn.pack_sequence([engine.zeros(3)]), total_length=2),
            "3 steps, more than total_length 2",
        ),
    ],
)
def test_mistakes_are_told_with_numbers(call, words):
    with pytest.raises(ShapeError, match=words):
        call()
