"""Cases of reductions, rearrangements, products and losses."""

import numpy as np

from tests.engine.ops.case import Case, booleans, exactly, integers, normal, uniform

TIES = exactly([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
ALL = slice(None)


def _dims(reference):
    """All axes, one, two, kept and not, and a tensor without any."""
    return [
        Case((normal(3, 4, 2),), ((0, 1, 2), False), reference),
        Case((normal(3, 4, 2),), ((1,), False), reference),
        Case((normal(3, 4, 2),), ((0, 2), True), reference),
    ]


def _scalar(reference):
    return Case((exactly(0.7),), ((), False), reference)


def _one_axis(name, pair=True):
    def reference(torch, x, dim, keepdim):
        found = getattr(torch, name)(x, dim, keepdim)
        return tuple(found) if pair else found

    return [
        Case((normal(3, 4),), (0, False), reference),
        Case((normal(3, 4, 2),), (1, True), reference),
        Case((TIES,), (1, False), reference, finite_differences=False),
        Case((exactly(2.0),), (0, False), reference),
    ]


def _var(torch, x, dim, correction, keepdim):
    return x.var(dim, correction=correction, keepdim=keepdim)


def _std(torch, x, dim, correction, keepdim):
    return x.std(dim, correction=correction, keepdim=keepdim)


REDUCTIONS = {
    "sum": [
        *_dims(lambda torch, x, dim, keepdim: x.sum(dim, keepdim)),
        _scalar(lambda torch, x, dim, keepdim: x.sum()),
        Case((integers(0, 9, 3, 4),), ((0,), False), lambda torch, x, dim, keepdim: x.sum(dim)),
        Case((booleans(3, 4),), ((1,), False), lambda torch, x, dim, keepdim: x.sum(dim)),
        Case((normal(0, 3),), ((0,), False), lambda torch, x, dim, keepdim: x.sum(dim)),
    ],
    "mean": [
        *_dims(lambda torch, x, dim, keepdim: x.mean(dim, keepdim)),
        _scalar(lambda torch, x, dim, keepdim: x.mean()),
    ],
    "amax": [
        *_dims(lambda torch, x, dim, keepdim: x.amax(dim, keepdim)),
        Case((TIES,), ((1,), False), lambda torch, x, dim, keepdim: x.amax(dim), finite_differences=False),
    ],
    "amin": [
        *_dims(lambda torch, x, dim, keepdim: x.amin(dim, keepdim)),
        Case((TIES,), ((0, 1), False), lambda torch, x, dim, keepdim: x.amin(dim), finite_differences=False),
    ],
    "max": _one_axis("max"),
    "min": _one_axis("min"),
    "argmax": _one_axis("argmax", pair=False),
    "argmin": _one_axis("argmin", pair=False),
    "any": [Case((booleans(3, 4),), ((1,), False), lambda torch, x, dim, keepdim: x.any(1))],
    "all": [Case((booleans(3, 2),), ((1,), True), lambda torch, x, dim, keepdim: x.all(1, True))],
    "var": [
        Case((normal(3, 4),), ((0, 1), 1, False), _var),
        Case((normal(3, 4),), ((1,), 0, True), _var),
    ],
    "std": [
        Case((normal(3, 4),), ((0, 1), 1, False), _std),
        Case((normal(3, 4),), ((1,), 0, True), _std),
        # no spread along the axis: a derivative of 0 by convention
        Case(
            (exactly([[2.0, 2.0], [1.0, 3.0]]),),
            ((1,), 1, False),
            lambda t, x, dim, c, k: x.std(dim),
            finite_differences=False,
        ),
    ],
    "logsumexp": [
        *_dims(lambda torch, x, dim, keepdim: x.logsumexp(dim, keepdim)),
        Case(
            (exactly([[800.0, 801.0], [-800.0, 0.0]]),), ((1,), False), lambda t, x, dim, k: x.logsumexp(dim)
        ),
    ],
    "cumsum": [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: x.cumsum(dim)),
        Case((normal(3, 4),), (0,), lambda torch, x, dim: x.cumsum(dim)),
        Case((integers(0, 9, 5),), (0,), lambda torch, x, dim: x.cumsum(dim)),
    ],
    "softmax": [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: x.softmax(dim)),
        Case((normal(3, 4, 2),), (0,), lambda torch, x, dim: x.softmax(dim)),
        Case((exactly([[900.0, 901.0], [-900.0, 3.0]]),), (1,), lambda torch, x, dim: x.softmax(dim)),
        Case((exactly(0.7),), (0,), lambda torch, x, dim: x.softmax(dim)),
    ],
    "log_softmax": [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: x.log_softmax(dim)),
        Case((exactly([[900.0, 901.0], [-900.0, 3.0]]),), (1,), lambda torch, x, dim: x.log_softmax(dim)),
        Case((exactly(0.7),), (0,), lambda torch, x, dim: x.log_softmax(dim)),
    ],
}


def _keyed(key):
    """A read with index tensors: True in the key stands for the next of them."""

    def reference(torch, x, *args):
        rest = iter(args[:-1])
        return x[tuple(next(rest) if part is True else part for part in key)]

    return (key,), reference


def _spread(torch, x, *args):
    """Zeros with x added at the indices."""
    *indices, shape, key = args
    rest = iter(indices)
    out = torch.zeros(shape, dtype=x.dtype)
    places = tuple(next(rest) if part is True else part for part in key)
    numbers = torch.arange(out.numel()).reshape(shape)[places]
    return out.reshape(-1).index_add(0, numbers.reshape(-1), x.reshape(-1)).reshape(shape)


INDEX = integers(0, 3, 2, 4)


def _scattered(torch, x, index, source, dim):
    return x.scatter_add(dim, index, source)


SHAPES = {
    "reshape": [
        Case((normal(3, 4),), ((2, 6),), lambda torch, x, shape: x.reshape(shape)),
        Case((normal(3, 4),), ((3, 1, 4),), lambda torch, x, shape: x.reshape(shape)),
        Case((normal(1),), ((),), lambda torch, x, shape: x.reshape(shape)),
    ],
    "permute": [Case((normal(2, 3, 4),), ((2, 0, 1),), lambda torch, x, order: x.permute(order))],
    "expand": [
        Case((normal(3, 1),), ((2, 3, 4),), lambda torch, x, shape: x.expand(shape)),
        Case((exactly(0.7),), ((2,),), lambda torch, x, shape: x.expand(shape)),
    ],
    "flip": [Case((normal(3, 4),), ((0, 1),), lambda torch, x, dim: x.flip(dim))],
    "cat": [
        Case(
            (normal(3, 4), normal(3, 2), normal(3, 1)),
            (1,),
            lambda t, a, b, c, dim: t.cat((a, b, c), dim),
        ),
        Case((normal(2),), (0,), lambda torch, a, dim: torch.cat((a,), dim)),
    ],
    "stack": [
        Case((normal(3, 4), normal(3, 4)), (1,), lambda torch, a, b, dim: torch.stack((a, b), dim)),
        Case((exactly(1.0), exactly(2.0)), (0,), lambda torch, a, b, dim: torch.stack((a, b), dim)),
    ],
    "slice": [
        Case((normal(3, 4, 5),), ((1, slice(1, 4, 2)),), lambda torch, x, key: x[key]),
        Case((normal(3, 4, 5),), ((Ellipsis, None, -1),), lambda torch, x, key: x[key]),
        Case((normal(3, 4),), ((slice(3, 3),),), lambda torch, x, key: x[key]),
    ],
    "slice_grad": [
        Case(
            (normal(2, 5),),
            ((3, 4, 5), (1, slice(1, 4, 2))),
            lambda torch, x, shape, key: torch.nn.functional.pad(
                torch.stack((x[0], torch.zeros(5, dtype=x.dtype), x[1]))[None], (0, 0, 1, 0, 1, 1)
            ),
        )
    ],
    "index": [
        Case((normal(5, 4), exactly([0, 4, 0])), *_keyed((True,))),
        Case((normal(5, 4), exactly([[0, -1]]), exactly([1, 1])), *_keyed((True, True))),
        Case((normal(2, 5, 4), exactly([0, 4, 0])), *_keyed((ALL, True))),
        Case((normal(5, 4, 3), exactly([0, 2]), exactly([1, 1])), *_keyed((True, ALL, True))),
        Case((normal(5, 4, 3), exactly([0, 2]), exactly([1, 1])), *_keyed((ALL, True, True))),
    ],
    "index_grad": [
        Case((normal(3, 4), exactly([0, 4, 0])), ((5, 4), (True,)), _spread),
        Case((normal(1, 2), exactly([[0, 3]]), exactly([1, 1])), ((5, 4), (True, True)), _spread),
    ],
    "gather": [
        Case((normal(3, 4), INDEX), (0,), lambda torch, x, index, dim: x.gather(dim, index)),
        Case((normal(5, 4), integers(0, 4, 5, 2)), (1,), lambda torch, x, index, dim: x.gather(dim, index)),
    ],
    "scatter_add": [
        Case((normal(3, 4), INDEX, normal(2, 4)), (0,), _scattered),
        Case((normal(3, 4), exactly([[1, 1, 0, 1]] * 3), normal(3, 4)), (0,), _scattered),
    ],
    "tril": [Case((normal(2, 4, 4),), (1,), lambda torch, x, diagonal: x.tril(diagonal))],
    "triu": [Case((normal(4, 3),), (-1,), lambda torch, x, diagonal: x.triu(diagonal))],
    "nonzero": [Case((exactly([[0, 1], [2, 0]]),), (), lambda torch, x: x.nonzero())],
}


def _linear(torch, *operands):
    return torch.nn.functional.linear(*operands)


PRODUCTS = {
    "matmul": [
        Case((normal(3, 4), normal(4, 5)), (), lambda torch, a, b: a @ b),
        Case((normal(2, 3, 4), normal(2, 4, 5)), (), lambda torch, a, b: a @ b),
        Case((normal(2, 1, 3, 4), normal(6, 4, 5)), (), lambda torch, a, b: a @ b),
    ],
    "linear": [
        Case((normal(6, 4), normal(5, 4), normal(5)), (), _linear),
        Case((normal(2, 3, 4), normal(5, 4), normal(5)), (), _linear),
        Case((normal(4), normal(5, 4), normal(5)), (), _linear),
    ],
    "linear_no_bias": [
        Case((normal(6, 4), normal(5, 4)), (), lambda t, x, w: t.nn.functional.linear(x, w)),
        Case((normal(2, 3, 4), normal(5, 4)), (), lambda t, x, w: t.nn.functional.linear(x, w)),
    ],
}


def _entropy(torch, x, target, ignore_index, smoothing, reduction):
    loss = torch.nn.functional.cross_entropy(
        x, target, ignore_index=ignore_index, label_smoothing=smoothing, reduction=reduction
    )
    return loss, x.logsumexp(1)


def _entropy_grad(torch, g, x, lse, target, ignore_index, smoothing, reduction):
    classes = x.shape[1]
    kept = (target != ignore_index).to(x.dtype)
    goal = torch.nn.functional.one_hot(target.clamp(min=0), classes).to(x.dtype)
    goal = goal * (1 - smoothing) + smoothing / classes
    rows = g * kept / kept.sum() if reduction == "mean" else g * kept
    return (x.softmax(1) - goal) * rows[:, None]


def _entropy_grad_inputs(draw):
    """lse isn't free: it is drawn as the logsumexp of the x that was drawn before it.

    Its rule counts on that too, so finite differences of this op alone would see something else; those of
    cross_entropy's gradient see it whole.
    """
    drawn = {}

    def x(rng):
        drawn["x"] = draw(rng)
        return drawn["x"]

    return x, lambda rng: np.logaddexp.reduce(drawn["x"], 1)


CLASSES = exactly([0, 2, 1, 2])
IGNORED = exactly([0, -100, 1, 2])
_X, _LSE = _entropy_grad_inputs(normal(4, 3))


def _mse(torch, x, y, reduction):
    return torch.nn.functional.mse_loss(x, y, reduction=reduction)


def _l1(torch, x, y, reduction):
    return torch.nn.functional.l1_loss(x, y, reduction=reduction)


def _nll_grad(torch, g, target, classes, ignore_index, reduction):
    rows = -g / len(target) if reduction == "mean" else -g[:, None]
    return rows * torch.nn.functional.one_hot(target, classes)


LOSSES = {
    "mse": [Case((normal(3, 4), normal(3, 4)), (r,), _mse) for r in ("mean", "sum", "none")],
    "l1": [Case((normal(3, 4), normal(3, 4)), (r,), _l1) for r in ("mean", "sum", "none")],
    "nll": [
        Case(
            (normal(4, 3), target),
            (ignore, r),
            lambda t, x, y, i, r: t.nn.functional.nll_loss(x, y, ignore_index=i, reduction=r),
        )
        for target, ignore in ((CLASSES, -100), (IGNORED, -100), (CLASSES, 2))
        for r in ("mean", "sum", "none")
    ],
    "nll_grad": [
        Case(
            (uniform(1, 2), CLASSES),
            (3, -100, "mean"),
            _nll_grad,
        ),
        Case(
            (normal(4), CLASSES),
            (3, -100, "none"),
            _nll_grad,
        ),
    ],
    "bce": [
        Case(
            (uniform(0.1, 0.9, 2, 3), uniform(0.2, 0.8, 2, 3)),
            torch=lambda torch, p, y: torch.nn.functional.binary_cross_entropy(p, y, reduction="none"),
        )
    ],
    "cross_entropy": [
        Case((normal(4, 3), target), (-100, smoothing, r), _entropy)
        for target in (CLASSES, IGNORED)
        for smoothing in (0.0, 0.1)
        for r in ("mean", "sum", "none")
    ],
    "cross_entropy_grad": [
        Case((uniform(1, 2), _X, _LSE, target), (-100, smoothing, r), _entropy_grad, finite_differences=False)
        for target in (CLASSES, IGNORED)
        for smoothing in (0.0, 0.1)
        for r in ("mean", "sum")
    ]
    + [Case((normal(4), _X, _LSE, IGNORED), (-100, 0.1, "none"), _entropy_grad, finite_differences=False)],
}

CASES = {**REDUCTIONS, **SHAPES, **PRODUCTS, **LOSSES}
