"""Cases of laying elements around a tensor."""

from tests.engine.ops.case import Case, integers, normal


def _padded(torch, x, widths, value):
    return torch.nn.functional.pad(x, [n for pair in reversed(widths) for n in pair], value=value)


CASES = {
    "pad": [
        Case((normal(2, 3),), (((0, 0), (1, 2)), 0), _padded),
        Case((normal(2, 3, 1),), (((1, 0), (0, 0), (3, 1)), 1.5), _padded),
        Case((integers(0, 9, 4),), (((2, 1),), 7), _padded),
    ],
}
