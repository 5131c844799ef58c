"""Rows of a table by index, and bags of them."""

from typing import Any

from engine.autograd.tape import apply, overwrite
from engine.dtypes import int32, int64
from engine.errors import DTypeError, EngineError, IndexError_, ShapeError
from engine.ops import embeddings as ops
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import arange
from engine.tensor.promotion import cast
from engine.tensor.reductions import max as max_along

__all__ = ["embedding", "embedding_bag"]


def refuse_sparse(name: str, sparse: bool) -> None:
    if sparse:
        raise EngineError(
            f"{name}: sparse=True asks for a sparse gradient, and the engine has no sparse tensors; the "
            "gradient with sparse=False is the same, as a dense tensor"
        )


def padding_row(name: str, padding_idx: int | None, rows: int) -> int | None:
    """The row's number counted from the start. Raises IndexError_ if there is no such row."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise IndexError_(f"{name}: padding_idx {padding_idx} is no row of a weight with {rows} rows")
    return padding_idx % rows


def _indices(name: str, what: str, given: Tensor) -> Tensor:
    if given.dtype not in (int32, int64):
        raise DTypeError(f"{name}: {what} must be int64 or int32, not {given.dtype}; convert it with .long()")
    return cast(given, int64)


def _table(name: str, weight: Tensor) -> None:
    if weight.ndim != 2:
        raise ShapeError(f"{name}: weight must have shape [V, D], not {weight.shape}")


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of a table that `input` names.

    input: int64 or int32 of any shape, each in [0, V); weight: [V, D]
    padding_idx: a row that gets no gradient; negative ones count from the end
    max_norm: scale picked rows whose p-norm (p = norm_type) is larger down to it first, in weight itself
    scale_grad_by_freq: divide the gradient of a row by how often it was picked
    Returns [*input.shape, D] of weight's dtype. Raises IndexError_ for an index out of range.
    """
    refuse_sparse("embedding", sparse)
    _table("embedding", weight)
    indices = _indices("embedding", "input", input)
    padding = padding_row("embedding", padding_idx, weight.shape[0])
    if max_norm is not None:
        overwrite(ops.EMBEDDING_RENORM, (weight.detach(), indices), (float(max_norm), float(norm_type)))
    return apply(ops.EMBEDDING, (weight, indices), (padding, scale_grad_by_freq))


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows in each bag of indices.

    input: int64 or int32, [B, L] for B bags of L indices, or [T] with `offsets`
    offsets: [B] int64, where each bag starts in input, ascending from 0; with include_last_offset [B + 1],
        the last one being where the last bag ends
    per_sample_weights: of input's shape and weight's dtype, factors of the rows; for mode "sum" only
    padding_idx: a row that doesn't count. A bag in which nothing counts gives zeros.
    max_norm, norm_type, scale_grad_by_freq: as in embedding
    Returns [B, D] of weight's dtype.
    """
    refuse_sparse("embedding_bag", sparse)
    _check_bags(input, weight, offsets, mode, scale_grad_by_freq, per_sample_weights)
    indices = _indices("embedding_bag", "input", input)
    padding = padding_row("embedding_bag", padding_idx, weight.shape[0])
    rows = embedding(indices, weight, padding, max_norm, norm_type, scale_grad_by_freq)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    counts = (indices != padding if padding is not None else indices == indices).unsqueeze(-1)
    if offsets is not None:
        starts = _indices("embedding_bag", "offsets", offsets)
        return _ragged(rows, counts, starts, mode, include_last_offset)
    if mode == "max":
        return _largest(rows, counts)
    return _averaged(where(counts, rows, 0.0).sum(1), cast(counts, rows.dtype).sum(1), mode)


def _check_bags(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None,
    mode: str,
    by_frequency: bool,
    per_sample_weights: Tensor | None,
) -> None:
    _table("embedding_bag", weight)
    if mode not in ("sum", "mean", "max"):
        raise ShapeError(f"embedding_bag: mode must be 'sum', 'mean' or 'max', not {mode!r}")
    if input.ndim not in (1, 2) or (input.ndim == 1) != (offsets is not None):
        given = "no offsets" if offsets is None else f"offsets {offsets.shape}"
        raise ShapeError(
            f"embedding_bag needs an input of [B, L], or of [T] with offsets [B]; it was given "
            f"{input.shape} and {given}"
        )
    if offsets is not None and offsets.ndim != 1:
        raise ShapeError(f"embedding_bag: offsets must have shape [B], not {offsets.shape}")
    if by_frequency and mode == "max":
        raise EngineError("embedding_bag: scale_grad_by_freq doesn't go with mode 'max'")
    if per_sample_weights is not None:
        if mode != "sum":
            raise EngineError(f"embedding_bag: per_sample_weights go with mode 'sum' only, not {mode!r}")
        if per_sample_weights.shape != input.shape or per_sample_weights.dtype is not weight.dtype:
            raise ShapeError(
                f"embedding_bag: per_sample_weights must have input's shape {input.shape} and weight's dtype "
                f"{weight.dtype}, not {per_sample_weights.shape} and {per_sample_weights.dtype}"
            )


def _averaged(total: Tensor, count: Tensor, mode: str) -> Tensor:
    return total if mode == "sum" else total / count.clamp(min=1)


def _largest(rows: Tensor, counts: Tensor) -> Tensor:
    """[B, L, D] -> [B, D], over the rows that count."""
    if rows.shape[1] == 0:
        return rows.sum(1)
    top: Tensor = max_along(where(counts, rows, -float("inf")), 1)[0]
    return where(counts.any(1), top, 0.0)


def _ragged(rows: Tensor, counts: Tensor, starts: Tensor, mode: str, last_is_end: bool) -> Tensor:
    """Bags of different lengths: rows [T, D], counts [T, 1], starts [B] or, with the end, [B + 1]."""
    total = rows.shape[0]
    bags = starts.shape[0] - last_is_end
    _check_starts(starts, total, last_is_end)
    # how many bags start at or before each place, less one: in which bag it is; places behind the end of the
    # last bag are in one more, which is then dropped
    bag = _counted(starts, total + 1)[:-1].cumsum(0) - 1
    if mode == "max":
        lengths = _counted(bag, bags + last_is_end)[:bags]
        longest = int(lengths.max()) if bags else 0
        column = arange(longest, device=rows.device)
        inside = column < lengths.unsqueeze(-1)
        # where a bag has no more rows, its padding points anywhere and doesn't count
        places = where(inside, starts[:bags].unsqueeze(-1) + column, 0)
        return _largest(rows[places], inside.unsqueeze(-1).logical_and(counts[places]))
    sums = _added(where(counts, rows, 0.0), bag, bags + last_is_end)[:bags]
    number = _added(cast(counts, int64), bag, bags + last_is_end)[:bags]
    return _averaged(sums, cast(number, rows.dtype), mode)


def _added(rows: Any, indices: Tensor, count: int) -> Tensor:
    return apply(ops.EMBEDDING_GRAD, (rows, indices), (count, None, False))  # type: ignore[no-any-return]  # it is a Tensor


def _counted(indices: Tensor, count: int) -> Tensor:
    """How often each of the numbers below `count` occurs: [count] int64."""
    return _added(indices.new_ones(indices.shape[0], 1), indices, count)[:, 0]


def _check_starts(starts: Tensor, total: int, last_is_end: bool) -> None:
    if starts._device.type == "meta":
        return
    values = starts.tolist()
    if last_is_end and values[-1:] != [total]:
        raise IndexError_(
            f"embedding_bag: with include_last_offset the last offset must be {total}, the length of input, "
            f"not {values[-1:]}"
        )
    if values and (values[0] != 0 or values[-1] > total or sorted(values) != values):
        raise IndexError_(
            f"embedding_bag: offsets must ascend from 0 to at most {total}, the length of input, not "
            f"{values if len(values) <= 8 else [*values[:8], '...']}"
        )
