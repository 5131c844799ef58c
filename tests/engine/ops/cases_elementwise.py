"""Cases of the element-wise ops."""

import numpy as np

from engine import dtypes
from tests.engine.ops.case import Case, booleans, exactly, integers, normal, uniform

POSITIVE = uniform(0.3, 3.0, 3, 4)
AWAY_FROM_ZERO = uniform(0.5, 2.0, 4)
TIES = exactly([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
TIED = exactly([1.0, 2.0, 1.0])


def _binary(reference):
    """Equal shapes, and three ways of broadcasting."""
    return [
        Case((normal(3, 4), normal(3, 4)), torch=reference),
        Case((normal(2, 3, 4), normal(4)), torch=reference),
        Case((normal(3, 1), normal(1, 4)), torch=reference),
        Case((normal(), normal(3, 4)), torch=reference),
        Case((normal(3, 0), normal(3, 1)), torch=reference, finite_differences=False),
    ]


MATRIX = normal(3, 4)


def _unary(name, draw=MATRIX, **options):
    return [
        Case((draw,), torch=lambda torch, x: getattr(torch, name)(x), **options),
        Case((exactly(0.7),), torch=lambda torch, x: getattr(torch, name)(x), **options),
    ]


def _steps(name):
    return _unary(name, uniform(-3, 3, 3, 4))


def _compared(name):
    return [
        Case((normal(3, 4), normal(4)), torch=lambda torch, a, b: getattr(torch, name)(a, b)),
        Case((TIES, exactly([1.0, 2.0, 1.0])), torch=lambda torch, a, b: getattr(torch, name)(a, b)),
        Case((integers(0, 3, 5), integers(0, 3, 5)), torch=lambda torch, a, b: getattr(torch, name)(a, b)),
    ]


def _logical(name):
    return [Case((booleans(3, 4), booleans(4)), torch=lambda torch, a, b: getattr(torch, name)(a, b))]


SPECIAL = exactly([0.0, -0.0, 1.5, -np.inf, np.inf, np.nan])

CASES = {
    "add": [
        *_binary(lambda torch, a, b: a + b),
        Case((integers(0, 9, 3), integers(0, 9, 3)), torch=lambda torch, a, b: a + b),
    ],
    "sub": _binary(lambda torch, a, b: a - b),
    "mul": _binary(lambda torch, a, b: a * b),
    "div": [
        Case((normal(3, 4), AWAY_FROM_ZERO), torch=lambda torch, a, b: a / b),
        Case((normal(4), uniform(0.5, 2.0, 3, 1)), torch=lambda torch, a, b: a / b),
    ],
    "pow": [
        Case((POSITIVE, normal(3, 4)), torch=lambda torch, a, b: a**b),
        Case((POSITIVE, normal(4)), torch=lambda torch, a, b: a**b),
        # at a = 0 and at b = 0 the rule has its exceptions
        Case(
            (exactly([0.0, 0.0, 2.0, -2.0, 0.0]), exactly([2.0, 0.0, 0.0, 2.0, 1.0])),
            torch=lambda torch, a, b: torch.where(torch.isnan(a**b), a, a**b),
            finite_differences=False,
        ),
        Case((integers(1, 5, 4), integers(0, 4, 4)), torch=lambda torch, a, b: a**b),
    ],
    "floor_divide": [
        Case(
            (normal(3, 4), AWAY_FROM_ZERO),
            torch=lambda torch, a, b: torch.div(a, b, rounding_mode="floor"),
        ),
        Case((integers(-9, 9, 5), integers(1, 4, 5)), torch=lambda torch, a, b: a // b),
    ],
    "remainder": [
        Case((normal(3, 4), AWAY_FROM_ZERO), torch=lambda torch, a, b: torch.remainder(a, b)),
        Case((integers(-9, 9, 5), integers(1, 4, 5)), torch=lambda torch, a, b: torch.remainder(a, b)),
    ],
    "neg": _unary("neg"),
    "abs": [
        *_unary("abs"),
        Case((exactly([0.0, -1.0]),), torch=lambda t, x: x.abs(), finite_differences=False),
    ],
    "sign": _unary("sign"),
    "floor": _steps("floor"),
    "ceil": _steps("ceil"),
    "round": [
        *_steps("round"),
        Case((exactly([0.5, 1.5, 2.5, -0.5]),), torch=lambda torch, x: x.round(), finite_differences=False),
    ],
    "trunc": _steps("trunc"),
    "maximum": [
        *_binary(lambda torch, a, b: torch.maximum(a, b)),
        Case(
            (TIES, exactly([1.0, 2.0, 1.0])), torch=lambda t, a, b: t.maximum(a, b), finite_differences=False
        ),
        Case((SPECIAL, exactly(1.0)), torch=lambda t, a, b: t.maximum(a, b), finite_differences=False),
    ],
    "minimum": [
        *_binary(lambda torch, a, b: torch.minimum(a, b)),
        Case(
            (TIES, exactly([1.0, 2.0, 1.0])), torch=lambda t, a, b: t.minimum(a, b), finite_differences=False
        ),
    ],
    "clamp": [
        Case((normal(3, 4),), (-0.5, 0.7), lambda torch, x, low, high: x.clamp(low, high)),
        Case((normal(3, 4),), (None, 0.7), lambda torch, x, low, high: x.clamp(low, high)),
        Case((normal(3, 4),), (-0.5, None), lambda torch, x, low, high: x.clamp(low, high)),
        Case((TIES,), (2.0, 3.0), lambda torch, x, low, high: x.clamp(low, high), finite_differences=False),
    ],
    # as PyTorch's, whose second operand has no gradient
    "clamp_grad": [
        Case(
            (normal(3, 4), normal(3, 4)),
            bounds,
            lambda t, g, x, low, high: g * ((x >= low) & (x <= high)),
        )
        for bounds in ((-0.5, 0.7), (-1.0, 0.0))
    ]
    + [
        Case((normal(3, 4), normal(3, 4)), (None, 0.7), lambda t, g, x, low, high: g * (x <= high)),
        Case((normal(3, 4), normal(3, 4)), (-0.5, None), lambda t, g, x, low, high: g * (x >= low)),
    ],
    "hardtanh": [
        Case((normal(3, 4),), (-0.5, 0.7), lambda t, x, low, high: t.nn.functional.hardtanh(x, low, high)),
        Case(
            (exactly([-0.5, 0.7, np.nan, np.inf, -np.inf, 0.0]),),
            (-0.5, 0.7),
            lambda t, x, low, high: t.nn.functional.hardtanh(x, low, high),
            finite_differences=False,
        ),
    ],
    "hardtanh_grad": [
        Case(
            (normal(3, 4), normal(3, 4)),
            (-0.5, 0.7),
            lambda t, g, out, low, high: g * ((out > low) & (out < high)),
        )
    ],
    "where": [
        Case((booleans(3, 4), normal(3, 4), normal(4)), torch=lambda torch, c, a, b: torch.where(c, a, b)),
        Case((booleans(3, 1), normal(4), normal()), torch=lambda torch, c, a, b: torch.where(c, a, b)),
    ],
    "exp": _unary("exp"),
    "expm1": _unary("expm1"),
    "log": _unary("log", POSITIVE),
    "log2": _unary("log2", POSITIVE),
    "log10": _unary("log10", POSITIVE),
    "log1p": _unary("log1p", POSITIVE),
    "sqrt": _unary("sqrt", POSITIVE),
    "rsqrt": _unary("rsqrt", POSITIVE),
    "reciprocal": _unary("reciprocal", POSITIVE),
    "square": _unary("square"),
    "sin": _unary("sin"),
    "cos": _unary("cos"),
    "tan": _unary("tan", uniform(-1, 1, 3, 4)),
    "erf": [*_unary("erf", uniform(-5, 5, 40)), *_unary("erf", uniform(-0.5, 0.5, 40))],
    "tanh": _unary("tanh"),
    "tanh_grad": [Case((normal(3, 4), uniform(-1, 1, 3, 4)), torch=lambda t, g, out: g * (1 - out * out))],
    "sigmoid": [*_unary("sigmoid"), Case((exactly([-90.0, 90.0, 0.0]),), torch=lambda torch, x: x.sigmoid())],
    "sigmoid_grad": [Case((normal(3, 4), uniform(0, 1, 3, 4)), torch=lambda t, g, out: g * (1 - out) * out)],
    "relu": [
        *_unary("relu"),
        Case((exactly([0.0, -0.0, np.nan]),), torch=lambda torch, x: x.relu(), finite_differences=False),
    ],
    # as PyTorch's threshold_backward, whose second operand has no gradient
    "relu_grad": [
        Case((normal(3, 4), normal(3, 4)), torch=lambda t, g, out: g * (out > 0)),
        # a closed unit is closed to any gradient
        Case(
            (exactly([np.inf, np.nan, -np.inf, np.inf]), exactly([0.0, -0.0, 0.0, 1.0])),
            torch=lambda t, g, out: g.masked_fill(out <= 0, 0),
            finite_differences=False,
        ),
    ],
    "eq": _compared("eq"),
    "ne": _compared("ne"),
    "lt": _compared("lt"),
    "le": _compared("le"),
    "gt": _compared("gt"),
    "ge": _compared("ge"),
    "logical_and": _logical("logical_and"),
    "logical_or": _logical("logical_or"),
    "logical_xor": _logical("logical_xor"),
    "logical_not": [Case((booleans(3, 4),), torch=lambda torch, x: ~x)],
    "isnan": [Case((SPECIAL,), torch=lambda torch, x: x.isnan())],
    "isinf": [Case((SPECIAL,), torch=lambda torch, x: x.isinf())],
    "isfinite": [Case((SPECIAL,), torch=lambda torch, x: x.isfinite())],
    "cast": [
        Case((normal(3, 4),), (dtypes.float64,), lambda torch, x, dtype: x.double()),
        # through float32 a finite difference would see only the rounding
        Case((normal(3, 4),), (dtypes.float32,), lambda torch, x, dtype: x.float(), finite_differences=False),
        Case((uniform(-9, 9, 5),), (dtypes.int64,), lambda torch, x, dtype: x.long()),
        Case((integers(0, 2, 5),), (dtypes.bool_,), lambda torch, x, dtype: x.bool()),
    ],
    "clone": [Case((normal(3, 4),), torch=lambda torch, x: x.clone())],
}
