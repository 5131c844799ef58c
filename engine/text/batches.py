"""Texts of different lengths in batches: padded beside each other, or packed into blocks without gaps."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.collate import default_collate
from engine.data.dataset import Dataset, Indices
from engine.errors import IndexError_, ShapeError
from engine.nn.utils.rnn import pad_sequence
from engine.tensor import Tensor
from engine.tensor.creation import as_tensor, from_numpy, tensor

__all__ = ["PadCollate", "TokenBlocks", "pack_tokens"]


class PadCollate:
    """A DataLoader's collate_fn for sequences of different lengths.

    Of samples (sequence, ...) it makes [padded [B, T, ...], lengths int64 [B], ...]: every part of a sample
    that is a list, an array or a tensor with at least one axis is padded to the longest and followed by its
    lengths; other parts are collated as usual. Samples that are no tuples give [padded, lengths].

    padding_value: what stands after a sequence's end
    batch_first: [T, B, ...] otherwise
    """

    def __init__(self, padding_value: float = 0.0, batch_first: bool = True) -> None:
        self.padding_value = padding_value
        self.batch_first = batch_first

    def __call__(self, batch: Sequence[Any]) -> list[Any]:
        samples = [sample if isinstance(sample, tuple) else (sample,) for sample in batch]
        out: list[Any] = []
        for part in zip(*samples, strict=True):
            if all(_is_sequence(value) for value in part):
                sequences = [as_tensor(value) for value in part]
                lengths = [len(sequence) for sequence in sequences]
                padded = pad_sequence(sequences, self.batch_first, self.padding_value)
                out += [padded, tensor(np.array(lengths, np.int64))]
            else:
                out.append(default_collate(list(part)))
        return out


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, Tensor | np.ndarray) and value.ndim > 0)


def pack_tokens(texts: Iterable[Sequence[int]], length: int, separator: int | None = None) -> Tensor:
    """Texts one after the other, cut into blocks: int64 [N, length]. What doesn't fill a block is left out.

    separator: a token put after each text
    """
    if length < 1:
        raise ShapeError(f"a block has at least one token, not {length}")
    end = [] if separator is None else [separator]
    pieces = [np.asarray([*text, *end], np.int64) for text in texts]
    stream = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    count = len(stream) // length
    return from_numpy(stream[: count * length].reshape(count, length).copy())


class TokenBlocks(Dataset):
    """What a language model learns from: samples (inputs [T], targets [T]), the targets one token ahead.

    tokens: one long stream, int [S]
    length: T
    stride: from the start of one block to the next, T by default, which uses every target once
    """

    def __init__(
        self, tokens: Sequence[int] | npt.NDArray[Any] | Tensor, length: int, stride: int | None = None
    ) -> None:
        given = tokens.numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
        self.tokens = given.astype(np.int64)
        self.length = length
        self.stride = length if stride is None else stride
        if self.tokens.ndim != 1 or len(self.tokens) <= length or min(length, self.stride) < 1:
            raise ShapeError(
                f"blocks of {length} tokens, {self.stride} apart, can't be cut out of a stream of shape "
                f"{self.tokens.shape}; it takes one more token than a block has"
            )

    def __len__(self) -> int:
        return (len(self.tokens) - 1 - self.length) // self.stride + 1

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError_(f"there is no block {index} among {len(self)}")
        start = index % len(self) * self.stride
        block = self.tokens[start : start + self.length + 1]
        return from_numpy(block[:-1]), from_numpy(block[1:])

    def fetch(self, indices: Indices) -> tuple[Tensor, Tensor]:
        """Both as [N, T] at once."""
        blocks = self.tokens[indices[:, None] * self.stride + np.arange(self.length + 1)]
        return from_numpy(blocks[:, :-1].copy()), from_numpy(blocks[:, 1:].copy())
