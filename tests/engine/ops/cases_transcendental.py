"""Cases of the inverse and hyperbolic functions, of functions of two numbers, and of bits."""

import numpy as np

from tests.engine.ops.case import Case, exactly, integers, normal, uniform

MATRIX = normal(3, 4)


def _unary(name, draw=MATRIX):
    return [Case((draw,), torch=lambda torch, x: getattr(torch, name)(x))]


def _binary(name, a=MATRIX, b=MATRIX, row=None):
    """Equal shapes and a broadcast row."""
    reference = lambda torch, a, b: getattr(torch, name)(a, b)  # noqa: E731 - used twice
    return [Case((a, b), torch=reference), Case((a, row or normal(4)), torch=reference)]


def _exactly(name, a, b):
    return Case(
        (exactly(a), exactly(b)),
        torch=lambda torch, a, b: getattr(torch, name)(a, b),
        finite_differences=False,
    )


def _integers(name, low=-20):
    return [
        Case((integers(low, 20, 6), integers(0, 5, 6)), torch=lambda t, a, b: getattr(t, name)(a, b)),
        Case((integers(low, 20, 2, 3), integers(0, 5, 3)), torch=lambda t, a, b: getattr(t, name)(a, b)),
    ]


INSIDE = uniform(-0.9, 0.9, 3, 4)
POSITIVE = uniform(0.5, 2.0, 3, 4)

CASES = {
    "asin": _unary("asin", INSIDE),
    "acos": _unary("acos", INSIDE),
    "atan": _unary("atan"),
    "sinh": _unary("sinh"),
    "cosh": _unary("cosh"),
    "asinh": _unary("asinh"),
    "acosh": _unary("acosh", uniform(1.2, 4.0, 3, 4)),
    "atanh": _unary("atanh", INSIDE),
    "exp2": _unary("exp2"),
    "atan2": [*_binary("atan2"), _exactly("atan2", [0.0, -1.0], [0.0, 0.0])],
    "hypot": _binary("hypot"),
    "fmod": _binary("fmod", MATRIX, POSITIVE, uniform(0.5, 2.0, 4)),
    "fmax": [*_binary("fmax"), _exactly("fmax", [1.0, np.nan, 2.0], [1.0, 3.0, np.nan])],
    "fmin": [*_binary("fmin"), _exactly("fmin", [1.0, np.nan, 2.0], [1.0, 3.0, np.nan])],
    "copysign": [*_binary("copysign"), _exactly("copysign", [1.0, -2.0, 0.0], [-0.0, 0.0, -1.0])],
    "logaddexp": [*_binary("logaddexp"), _exactly("logaddexp", [900.0], [901.0])],
    "logaddexp2": _binary("logaddexp2"),
    "xlogy": [
        *_binary("xlogy", MATRIX, POSITIVE, uniform(0.5, 2.0, 4)),
        _exactly("xlogy", [0.0, 0.0, 0.0], [0.0, 2.0, np.nan]),
    ],
    "logsigmoid": [
        Case((MATRIX,), torch=lambda torch, x: torch.nn.functional.logsigmoid(x)),
        Case((exactly([-800.0, 0.0, 800.0]),), torch=lambda torch, x: torch.nn.functional.logsigmoid(x)),
    ],
    "heaviside": [_exactly("heaviside", [-1.0, 0.0, 2.0], [0.5, 0.5, 0.5])],
    "nextafter": _binary("nextafter"),
    "signbit": [Case((exactly([0.0, -0.0, -1.0, 2.0]),), torch=lambda torch, x: x.signbit())],
    "bitwise_and": _integers("bitwise_and"),
    "bitwise_or": _integers("bitwise_or"),
    "bitwise_xor": _integers("bitwise_xor"),
    "bitwise_not": [Case((integers(-9, 9, 5),), torch=lambda torch, x: ~x)],
    "bitwise_left_shift": _integers("bitwise_left_shift"),
    "bitwise_right_shift": _integers("bitwise_right_shift"),
    "gcd": _integers("gcd"),
    "lcm": _integers("lcm"),
}
