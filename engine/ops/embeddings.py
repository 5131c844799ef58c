"""Rows of a table picked by index, and rows added up by index. indices: int64 of any shape."""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op


def _picked_as_added(
    g: Any, indices: Any, rows: int, padding_idx: int | None, by_frequency: bool
) -> tuple[Any, None]:
    """The gradient of what embedding_grad adds up: each row's own, weighted as it was."""
    out = EMBEDDING(g, indices, None, False)
    if by_frequency:
        ones = g.new_ones((*indices.shape, 1))
        out = out / EMBEDDING(EMBEDDING_GRAD(ones, indices, rows, None, False), indices, None, False)
    if padding_idx is not None:
        out = out.masked_fill((indices == padding_idx).unsqueeze(-1), 0.0)
    return out, None


# weight [V, D] -> weight[indices] [*indices.shape, D]. The attributes concern the gradient only: the row
# padding_idx gets none, and by_frequency divides each row's by how often it was picked.
EMBEDDING: Op = op(
    "embedding",
    "weight indices",
    "padding_idx by_frequency",
    vjp=(
        lambda g, indices, weight_shape, padding_idx, by_frequency: EMBEDDING_GRAD(
            g, indices, weight_shape[0], padding_idx, by_frequency
        ),
        None,
    ),
)
# g0 [*indices.shape, D] added up by index: [rows, D]
EMBEDDING_GRAD: Op = op("embedding_grad", "g0 indices", "rows padding_idx by_frequency", vjp=_picked_as_added)
# scales those rows of weight that are picked and whose p-norm is larger than max_norm down to it
EMBEDDING_RENORM = op(
    "embedding_renorm", "weight indices", "max_norm p", outputs="", mutates=(0,), vjp=CONSTANT
)
