"""Padding and packing."""

import numpy as np
import pytest

import engine
from engine.data import DataLoader
from engine.errors import IndexError_, ShapeError
from engine.text import PadCollate, TokenBlocks, pack_tokens


def test_sequences_are_padded_beside_their_lengths_and_targets():
    samples = [([1, 2, 3], 0), ([4], 1), ([5, 6], 0)]
    padded, lengths, targets = next(iter(DataLoader(samples, batch_size=3, collate_fn=PadCollate(9))))
    assert padded.tolist() == [[1, 2, 3], [4, 9, 9], [5, 6, 9]]
    assert (lengths.tolist(), targets.tolist()) == ([3, 1, 2], [0, 1, 0])
    assert (padded.dtype, lengths.dtype) == (engine.int64, engine.int64)


def test_every_sequence_of_a_sample_is_padded():
    samples = [
        (np.ones((4, 2), np.float32), engine.tensor([1])),
        (np.ones((1, 2), np.float32), engine.tensor([2, 3])),
    ]
    x, x_lengths, y, y_lengths = PadCollate(batch_first=False)(samples)
    assert (x.shape, y.shape, x.dtype) == ((4, 2, 2), (2, 2), engine.float32)
    assert x[:, 1, 0].tolist() == [1, 0, 0, 0]
    assert (x_lengths.tolist(), y_lengths.tolist(), y.tolist()) == ([4, 1], [1, 2], [[1, 2], [0, 3]])


def test_samples_that_are_no_tuples_are_sequences():
    padded, lengths = PadCollate()([[1, 2], [3]])
    assert (padded.tolist(), lengths.tolist()) == ([[1, 2], [3, 0]], [2, 1])


def test_texts_are_packed_without_gaps():
    packed = pack_tokens([[1, 2, 3], [], [4, 5], [6]], 4, separator=0)
    assert packed.tolist() == [[1, 2, 3, 0], [0, 4, 5, 0]]
    assert pack_tokens([[1, 2, 3]], 2).tolist() == [[1, 2]]
    assert pack_tokens([], 2).shape == (0, 2)
    with pytest.raises(ShapeError, match="at least one token"):
        pack_tokens([[1]], 0)


def test_blocks_ask_for_the_token_that_follows():
    blocks = TokenBlocks(list(range(10)), 3)
    assert len(blocks) == 3
    assert [(x.tolist(), y.tolist()) for x, y in (blocks[k] for k in range(3))] == [
        ([0, 1, 2], [1, 2, 3]),
        ([3, 4, 5], [4, 5, 6]),
        ([6, 7, 8], [7, 8, 9]),
    ]
    x, y = next(iter(DataLoader(blocks, batch_size=3)))
    assert (x.tolist()[1], y.tolist()[2]) == ([3, 4, 5], [7, 8, 9])
    assert len(TokenBlocks(np.arange(10), 3, stride=1)) == 7
    assert blocks[-1][0].tolist() == [6, 7, 8]
    with pytest.raises(IndexError_, match="no block 3 among 3"):
        blocks[3]
    with pytest.raises(ShapeError, match="one more token than a block has"):
        TokenBlocks([1, 2, 3], 3)
