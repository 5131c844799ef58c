"""Cases of attention."""

from tests.engine.ops.case import Case, booleans, exactly, normal

KEY = exactly([7, 1, 3], "int64")
N, L, S, E, V = 2, 3, 5, 4, 6
# every query sees a key; one that sees none is tested with the function
SEEN = exactly([[True, False, True, False, False], [False] * 4 + [True], [True] * 5])


def reference(torch, q, k, v, key, *rest):
    *mask, _, causal, scale, within = rest
    scores = q @ k.mT * scale
    for each in mask:
        scores = scores.masked_fill(~each, -torch.inf) if each.dtype is torch.bool else scores + each
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1) != 0, -torch.inf)
    out = scores.softmax(-1) @ v
    return out.transpose(-3, -2) if within else out, scores.logsumexp(-1)


def operands(*lead, keys=S):
    return normal(*lead, L, E), normal(*lead, keys, E), normal(*lead, keys, V), KEY


PLAIN = (0.0, False, 0.5, False)
MANY = (normal(90, 61, 3), normal(90, 61, 3), normal(90, 61, 3), KEY)

CASES = {
    "attention": [
        Case(operands(), PLAIN, reference),
        Case(operands(N), (0.0, True, 0.5, False), reference),
        Case(operands(N, keys=2), (0.0, True, 0.5, False), reference),
        Case((*operands(N, 2), SEEN), PLAIN, reference),
        Case((*operands(N, 2), normal(L, S)), PLAIN, reference),
        Case((*operands(N, 2), normal(N, 1, 1, S)), PLAIN, reference),
        Case((*operands(N, 2), normal(2, 1, S)), (0.0, True, 0.5, False), reference),
        Case(operands(N), (0.4, False, 0.5, False)),
        Case((*operands(N), normal(N, L, S)), (0.4, True, 0.5, False)),
        Case(operands(N), (1.0, False, 0.5, False)),
        Case(operands(N, 2), (0.0, True, 0.5, True), reference),
        Case((*operands(N, 2), SEEN), (0.4, False, 0.5, True)),
        # in several portions, the last of another size
        Case(MANY, (0.0, True, 0.5, False), reference, finite_differences=False),
        Case(MANY, (0.25, False, 0.5, False)),
        Case((*MANY, normal(90, 1, 61)), PLAIN, reference, finite_differences=False),
    ],
    # its values are those of the gradients above
    "attention_grad": [
        Case((normal(N, L, V), *operands(N), normal(N, L, V), normal(N, L)), (0.3, True, 0.5, False)),
        Case((normal(N, L, V), *operands(N), normal(N, L, V), normal(N, L), booleans(L, S)), PLAIN),
        Case(
            (normal(N, 2, L, V), *operands(N, 2), normal(N, 2, L, V), normal(N, 2, L)), (0.0, True, 0.5, True)
        ),
    ],
}
