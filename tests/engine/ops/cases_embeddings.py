"""Cases of picking and adding up rows."""

from tests.engine.ops.case import Case, exactly, normal

INDICES = exactly([[3, 0, 3], [1, 3, 1]])
ATTRS = ((None, False), (3, False), (None, True), (1, True))


def _embedding(torch, weight, indices, padding_idx, by_frequency):
    return torch.nn.functional.embedding(indices, weight, padding_idx, scale_grad_by_freq=by_frequency)


def _added(torch, g, indices, rows, padding_idx, by_frequency):
    flat = indices.reshape(-1)
    parts = g.reshape(-1, g.shape[-1])
    if by_frequency:
        parts = parts / flat.bincount(minlength=rows)[flat].unsqueeze(1)
    if padding_idx is not None:
        parts = parts * (flat != padding_idx).unsqueeze(1)
    return torch.zeros(rows, g.shape[-1], dtype=g.dtype).index_add(0, flat, parts)


def _renorm(torch, weight, indices, max_norm, p):
    return torch.embedding_renorm_(weight.clone(), indices, max_norm, p)


CASES = {
    "embedding": [
        *[Case((normal(5, 3), INDICES), attrs, _embedding, finite_differences=False) for attrs in ATTRS],
        Case((normal(5, 3), INDICES), (None, False), _embedding),
        Case((normal(5, 3), exactly(2)), (None, False), _embedding),
        Case((normal(5, 3), exactly([], "int64")), (None, False), _embedding),
    ],
    "embedding_grad": [
        *[Case((normal(2, 3, 4), INDICES), (5, *attrs), _added) for attrs in ATTRS],
        Case((normal(4), exactly(2)), (3, None, False), _added),
    ],
    "embedding_renorm": [Case((normal(5, 3), INDICES), (1.0, p), _renorm) for p in (2.0, 1.0, 3.0)],
}
