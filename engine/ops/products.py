"""Matrix products."""

from typing import Any

from engine.ops.table import op


def _rows(x: Any) -> Any:
    """[..., K] as [N, K]."""
    return x if len(x.shape) == 2 else x.reshape((-1, x.shape[-1]))


# [..., M, K] @ [..., K, N]; leading axes broadcast, and the tape sums them back
MATMUL = op(
    "matmul", "a b", broadcasts=True, vjp=(lambda g, b: g @ b.mT.conj(), lambda g, a: a.mT.conj() @ g)
)
# x [..., I] @ weight [O, I] transposed, plus bias [O]
LINEAR = op(
    "linear",
    "x weight bias",
    broadcasts=True,
    vjp=(lambda g, weight: g @ weight.conj(), lambda g, x: _rows(g).mT @ _rows(x).conj(), lambda g: g),
)
LINEAR_NO_BIAS = op(
    "linear_no_bias",
    "x weight",
    vjp=(lambda g, weight: g @ weight.conj(), lambda g, x: _rows(g).mT @ _rows(x).conj()),
)
