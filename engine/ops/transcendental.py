"""More functions of each element, and of two: inverse and hyperbolic functions, remainders, bits."""

import math

from engine.ops.op import CONSTANT
from engine.ops.table import op

ASIN = op("asin", vjp=(lambda g, x: g * (1 - x * x).rsqrt(),))
ACOS = op("acos", vjp=(lambda g, x: -g * (1 - x * x).rsqrt(),))
ATAN = op("atan", vjp=(lambda g, x: g / (x * x + 1),))
SINH = op("sinh", vjp=(lambda g, x: g * x.cosh(),))
COSH = op("cosh", vjp=(lambda g, x: g * x.sinh(),))
ASINH = op("asinh", vjp=(lambda g, x: g * (x * x + 1).rsqrt(),))
# of two roots, since x^2 - 1 would let x < -1 through
ACOSH = op("acosh", vjp=(lambda g, x: g * (x - 1).rsqrt() * (x + 1).rsqrt(),))
ATANH = op("atanh", vjp=(lambda g, x: g / (1 - x * x),))
EXP2 = op("exp2", vjp=(lambda g, out: g * out * math.log(2),))

ATAN2 = op(
    "atan2",
    "a b",
    broadcasts=True,
    vjp=(
        # at the origin the angle has no direction: 0, as in PyTorch
        lambda g, a, b: (g * b / (a * a + b * b)).where((a != 0).logical_or(b != 0), 0.0),
        lambda g, a, b: (-g * a / (a * a + b * b)).where((a != 0).logical_or(b != 0), 0.0),
    ),
)
HYPOT = op(
    "hypot", "a b", broadcasts=True, vjp=(lambda g, a, out: g * a / out, lambda g, b, out: g * b / out)
)
FMOD = op(
    "fmod",
    "a b",
    broadcasts=True,
    vjp=(lambda g: g, lambda g, a, b: -g * a.div(b, rounding_mode="trunc")),
)
# of a tie the first takes the gradient; a NaN counts as missing
FMAX = op(
    "fmax",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: g.where((a >= b).logical_or(b.isnan()), 0.0),
        lambda g, a, b: g.masked_fill((a >= b).logical_or(b.isnan()), 0.0),
    ),
)
FMIN = op(
    "fmin",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: g.where((a <= b).logical_or(b.isnan()), 0.0),
        lambda g, a, b: g.masked_fill((a <= b).logical_or(b.isnan()), 0.0),
    ),
)
COPYSIGN = op(
    "copysign",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, out: g * (out.sign() * a.sign()),
        lambda g: g.new_zeros(g.shape),
    ),
)
LOGADDEXP = op(
    "logaddexp",
    "a b",
    broadcasts=True,
    vjp=(lambda g, a, b: g * (a - b).sigmoid(), lambda g, a, b: g * (b - a).sigmoid()),
)
LOGADDEXP2 = op(
    "logaddexp2",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: g * ((a - b) * math.log(2)).sigmoid(),
        lambda g, a, b: g * ((b - a) * math.log(2)).sigmoid(),
    ),
)
# a log b, and 0 where a is 0
XLOGY = op(
    "xlogy",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: (g * b.log()).masked_fill((a == 0).logical_and(b <= 0), 0.0),
        lambda g, a, b: g * a / b,
    ),
)
# log sigmoid(x)
LOGSIGMOID = op("logsigmoid", vjp=(lambda g, x: g * (-x).sigmoid(),))
HEAVISIDE = op("heaviside", "a b", broadcasts=True, vjp=CONSTANT)
NEXTAFTER = op("nextafter", "a b", broadcasts=True, vjp=CONSTANT)
SIGNBIT = op("signbit", vjp=CONSTANT)

# of integers, and of bool where that means anything

BITWISE_AND = op("bitwise_and", "a b", broadcasts=True, vjp=CONSTANT)
BITWISE_OR = op("bitwise_or", "a b", broadcasts=True, vjp=CONSTANT)
BITWISE_XOR = op("bitwise_xor", "a b", broadcasts=True, vjp=CONSTANT)
BITWISE_NOT = op("bitwise_not", vjp=CONSTANT)
BITWISE_LEFT_SHIFT = op("bitwise_left_shift", "a b", broadcasts=True, vjp=CONSTANT)
BITWISE_RIGHT_SHIFT = op("bitwise_right_shift", "a b", broadcasts=True, vjp=CONSTANT)
GCD = op("gcd", "a b", broadcasts=True, vjp=CONSTANT)
LCM = op("lcm", "a b", broadcasts=True, vjp=CONSTANT)
