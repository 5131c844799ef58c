"""Batches of sequences of different lengths: padded to one length, or packed by time without padding.

Packing and padding move rows by one index each way, so gradients flow through both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.autograd.tape import apply
from engine.device import Device
from engine.dtypes import int64
from engine.errors import ShapeError
from engine.ops.shapes import INDEX, INDEX_GRAD
from engine.tensor import Tensor, creation, shapes

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]

Integers = npt.NDArray[np.int64]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences packed by time, the longest first: what pack_padded_sequence and pack_sequence return.

    data: [total, ...], all sequences' first rows, then all second rows of those that have one, and so on
    batch_sizes: [T] int64 on the CPU, how many sequences have a row at each step
    sorted_indices: [B] int64, which of the sequences that were given is k-th here; None if they were in order
    unsorted_indices: [B] int64, the inverse
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes.device.type != "cpu" or batch_sizes.dtype is not int64:
            raise ShapeError(
                f"batch_sizes must be int64 on the CPU, not {batch_sizes.dtype} on {batch_sizes.device}; a "
                "packed sequence is made by pack_padded_sequence"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With its data in another dtype, or all of it on another device; itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        order = (
            None if x is None else x.to(data.device) for x in (self.sorted_indices, self.unsorted_indices)
        )
        return PackedSequence(data, self.batch_sizes, *order)

    def cpu(self) -> PackedSequence:
        return self.to("cpu")

    def double(self) -> PackedSequence:
        return self.to(self.data.double().dtype)

    def float(self) -> PackedSequence:
        return self.to(self.data.float().dtype)

    def long(self) -> PackedSequence:
        return self.to(self.data.long().dtype)

    def int(self) -> PackedSequence:
        return self.to(self.data.int().dtype)

    @property
    def is_cuda(self) -> bool:
        return self.data.device.type == "cuda"


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one."""
    if permutation is None:
        return None
    return _indices(np.argsort(permutation.cpu().numpy(), kind="stable"), permutation.device)


def _indices(values: Integers, device: Device) -> Tensor:
    return creation.from_numpy(np.asarray(values, np.int64)).to(device)


def _pick(x: Tensor, rows: Integers) -> Tensor:
    """x[rows]"""
    return apply(INDEX, (x, _indices(rows, x.device)), ((True,),))


def _place(x: Tensor, rows: Integers, shape: tuple[int, ...], padding_value: float) -> Tensor:
    """A tensor of `shape` with x at `rows`, and the padding elsewhere."""
    out = apply(INDEX_GRAD, (x, _indices(rows, x.device)), (shape, (True,)))
    if padding_value == 0:
        return out
    free = np.ones(shape[0], np.bool_)
    free[rows] = False
    padded = creation.from_numpy(free).to(x.device).reshape((-1,) + (1,) * (x.ndim - 1))
    return out.masked_fill(padded, padding_value)


def _by_time(lengths: Integers) -> tuple[Integers, Integers]:
    """Step and sequence of each packed row, for lengths that don't increase."""
    step, sequence = np.nonzero(np.arange(lengths[0])[:, None] < lengths)
    return step, sequence


def _flat(step: Integers, sequence: Integers, steps: int, batch: int, batch_first: bool) -> Integers:
    """Where a padded batch, flattened, holds a row."""
    return sequence * steps + step if batch_first else step * batch + sequence


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Without its padding.

    input: [T, B, ...], or [B, T, ...] if batch_first
    lengths: [B], at least 1 and at most T, on the CPU
    enforce_sorted: refuse lengths that increase somewhere; otherwise the sequences are sorted first
    Raises ShapeError for lengths that don't fit.
    """
    if input.ndim < 2:
        raise ShapeError(f"pack_padded_sequence: a padded batch has at least two axes, not {input.shape}")
    batch, steps = input.shape[:2] if batch_first else input.shape[1::-1]
    if isinstance(lengths, Tensor):
        if lengths.device.type != "cpu":
            raise ShapeError(f"pack_padded_sequence: lengths must be on the CPU, not on {lengths.device}")
        lengths = lengths.tolist()
    sizes = np.array(lengths, np.int64)
    if sizes.shape != (batch,) or not batch:
        raise ShapeError(
            f"pack_padded_sequence: {batch} sequences ({'batch_first, ' if batch_first else ''}shape "
            f"{input.shape}) need {batch} lengths, one at least, not lengths of shape {sizes.shape}"
        )
    if sizes.min() < 1 or sizes.max() > steps:
        raise ShapeError(
            f"pack_padded_sequence: lengths must be between 1 and {steps}, the padded length, and they are "
            f"between {sizes.min()} and {sizes.max()}"
        )
    order = None
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        sizes = sizes[order]
    elif (np.diff(sizes) > 0).any():
        raise ShapeError(
            "pack_padded_sequence: with enforce_sorted the longest sequence comes first, and these lengths "
            "increase somewhere; pass enforce_sorted=False to have them sorted"
        )
    step, sequence = _by_time(sizes)
    given = sequence if order is None else order[sequence]
    rows = _flat(step, given, steps, batch, batch_first)
    data = _pick(input.reshape(batch * steps, *input.shape[2:]), rows)
    batch_sizes = creation.from_numpy(np.bincount(step))
    return PackedSequence(data, batch_sizes, None if order is None else _indices(order, input.device))


def _lengths(batch_sizes: Tensor) -> Integers:
    """Of the packed sequences, the longest first."""
    sizes = batch_sizes.numpy()
    found: Integers = np.sum(sizes[:, None] > np.arange(sizes[0]), 0, dtype=np.int64)
    return found


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The padded batch, in the order in which it was packed, and its lengths [B].

    total_length: pad to this length, rather than to that of the longest sequence
    Returns [T, B, ...], or [B, T, ...] if batch_first.
    """
    steps = longest = sequence.batch_sizes.shape[0]
    if total_length is not None:
        if total_length < longest:
            raise ShapeError(
                f"pad_packed_sequence: the longest sequence has {longest} steps, more than total_length "
                f"{total_length}"
            )
        steps = total_length
    lengths = _lengths(sequence.batch_sizes)
    batch = len(lengths)
    step, packed = _by_time(lengths)
    if sequence.sorted_indices is not None and sequence.unsorted_indices is not None:
        packed = sequence.sorted_indices.cpu().numpy()[packed]
        lengths = lengths[sequence.unsorted_indices.cpu().numpy()]
    rows = _flat(step, packed, steps, batch, batch_first)
    data = sequence.data
    out = _place(data, rows, (batch * steps, *data.shape[1:]), padding_value)
    lead = (batch, steps) if batch_first else (steps, batch)
    return out.reshape(*lead, *data.shape[1:]), creation.from_numpy(lengths)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: Literal["right", "left"] = "right",
) -> Tensor:
    """Sequences [L_k, ...] padded to the longest: [T, B, ...], or [B, T, ...] if batch_first.

    padding_side: where the padding goes, "right" (after a sequence) or "left"
    """
    each = list(sequences)
    if not each:
        raise ShapeError("pad_sequence: at least one sequence is needed")
    if padding_side not in ("right", "left"):
        raise ShapeError(f"pad_sequence: padding_side must be 'right' or 'left', not {padding_side!r}")
    rest = each[0].shape[1:]
    for k, x in enumerate(each):
        if x.ndim == 0 or x.shape[1:] != rest:
            raise ShapeError(
                f"pad_sequence: sequence {k} is {x.shape} and sequence 0 is {each[0].shape}; all axes but "
                "the first must be the same"
            )
    lengths = np.array([x.shape[0] for x in each])
    steps, batch = int(lengths.max()), len(each)
    number = np.repeat(np.arange(batch), lengths)
    step = np.concatenate([np.arange(n) + (steps - n if padding_side == "left" else 0) for n in lengths])
    rows = _flat(step, number, steps, batch, batch_first)
    out = _place(shapes.cat(each), rows, (batch * steps, *rest), padding_value)
    return out.reshape(*((batch, steps) if batch_first else (steps, batch)), *rest)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded batch, each [L_k, ...]: the inverse of pad_sequence."""
    sizes = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
    dim = 0 if batch_first else 1
    if len(sizes) != padded_sequences.shape[dim]:
        raise ShapeError(
            f"unpad_sequence: {padded_sequences.shape[dim]} sequences need as many lengths, not {len(sizes)}"
        )
    return [shapes.select(padded_sequences, dim, k)[:n] for k, n in enumerate(sizes)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences [L_k, ...] packed by time, without padding.

    enforce_sorted: refuse lengths that increase somewhere; otherwise the sequences are sorted first
    """
    lengths = [x.shape[0] for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences, each [L_k, ...], in the order in which they were packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
