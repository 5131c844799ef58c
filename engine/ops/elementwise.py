"""Ops that compute each element of the result from the elements at its place, broadcasting.

Rules hold for complex numbers too, in PyTorch's convention: the gradient of a real loss is its derivative by
the real part plus i times that by the imaginary part, so rules multiply by the conjugate of the derivative
(`.conj()` gives a real tensor itself).
"""

import math

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op

# arithmetic

ADD = op("add", "a b", broadcasts=True, vjp=(lambda g: g, lambda g: g))
SUB = op("sub", "a b", broadcasts=True, vjp=(lambda g: g, lambda g: -g))
MUL = op("mul", "a b", broadcasts=True, vjp=(lambda g, b: g * b.conj(), lambda g, a: g * a.conj()))
DIV = op(
    "div",
    "a b",
    broadcasts=True,
    vjp=(lambda g, b: g / b.conj(), lambda g, b, out: -g * out.conj() / b.conj()),
)
POW = op(
    "pow",
    "a b",
    broadcasts=True,
    vjp=(
        # b = 0 makes a constant, also at a = 0, where a ** -1 is infinite
        lambda g, a, b: (g * (b * a ** (b - 1)).conj()).where(b != 0, 0.0),
        # log 0 is -inf; at a = 0 the derivative is 0 for b >= 0
        lambda g, a, b, out: (g * (out * a.log()).conj()).where((a != 0).logical_or(b.real < 0), 0.0),
    ),
)
FLOOR_DIVIDE = op(
    "floor_divide",
    "a b",
    broadcasts=True,
    vjp=(lambda g: g.new_zeros(g.shape), lambda g: g.new_zeros(g.shape)),
)
REMAINDER = op(
    "remainder",
    "a b",
    broadcasts=True,
    vjp=(lambda g: g, lambda g, a, b: -g * a.div(b, rounding_mode="floor")),
)
NEG = op("neg", vjp=(lambda g: -g,))
ABS = op("abs", vjp=(lambda g, x: g * x.sgn(),))
SIGN = op("sign", vjp=(lambda g: g.new_zeros(g.shape),))
FLOOR = op("floor", vjp=(lambda g: g.new_zeros(g.shape),))
CEIL = op("ceil", vjp=(lambda g: g.new_zeros(g.shape),))
ROUND = op("round", vjp=(lambda g: g.new_zeros(g.shape),))
TRUNC = op("trunc", vjp=(lambda g: g.new_zeros(g.shape),))
# ties share the gradient evenly, as in PyTorch
MAXIMUM = op(
    "maximum",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: (g / 2).where(a == b, g).masked_fill(a < b, 0.0),
        lambda g, a, b: (g / 2).where(a == b, g).masked_fill(b < a, 0.0),
    ),
)
MINIMUM = op(
    "minimum",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: (g / 2).where(a == b, g).masked_fill(a > b, 0.0),
        lambda g, a, b: (g / 2).where(a == b, g).masked_fill(b > a, 0.0),
    ),
)


# low or high is None where that side is open
CLAMP = op("clamp", "x", "low high", vjp=(lambda g, x, low, high: CLAMP_GRAD(g, x, low, high),))
# g where low <= x <= high, else 0
CLAMP_GRAD: Op = op(
    "clamp_grad", "g0 x", "low high", vjp=(lambda g, x, low, high: CLAMP_GRAD(g, x, low, high), None)
)
WHERE = op(
    "where",
    "condition a b",
    broadcasts=True,
    vjp=(
        None,
        lambda g, condition: g.where(condition, 0.0),
        lambda g, condition: g.masked_fill(condition, 0.0),
    ),
)

# exponentials, powers and trigonometry

EXP = op("exp", vjp=(lambda g, out: g * out.conj(),))
# out + 1 would cancel far below 0
EXPM1 = op("expm1", vjp=(lambda g, x: g * x.exp().conj(),))
LOG = op("log", vjp=(lambda g, x: g / x.conj(),))
LOG2 = op("log2", vjp=(lambda g, x: g / (x.conj() * math.log(2)),))
LOG10 = op("log10", vjp=(lambda g, x: g / (x.conj() * math.log(10)),))
LOG1P = op("log1p", vjp=(lambda g, x: g / (x.conj() + 1),))
SQRT = op("sqrt", vjp=(lambda g, out: g / (out.conj() * 2),))
RSQRT = op("rsqrt", vjp=(lambda g, out: g * out.conj() ** 3 * -0.5,))
RECIPROCAL = op("reciprocal", vjp=(lambda g, out: -g * (out * out).conj(),))
SQUARE = op("square", vjp=(lambda g, x: g * x.conj() * 2,))
SIN = op("sin", vjp=(lambda g, x: g * x.cos().conj(),))
COS = op("cos", vjp=(lambda g, x: -g * x.sin().conj(),))
TAN = op("tan", vjp=(lambda g, out: g * (out * out + 1).conj(),))
ERF = op("erf", vjp=(lambda g, x: g * (x * x * -1).exp() * (2 / math.sqrt(math.pi)),))

# activations

TANH = op("tanh", vjp=(lambda g, out: TANH_GRAD(g, out.conj()),))
# g (1 - out^2), one pass; of two factors, so its own gradient is short
TANH_GRAD: Op = op(
    "tanh_grad",
    "g0 out0",
    vjp=(
        lambda g, out0: TANH_GRAD(g, out0.conj()),
        lambda g, g0, out0: g * (g0 * out0).conj() * -2,
    ),
)
SIGMOID = op("sigmoid", vjp=(lambda g, out: SIGMOID_GRAD(g, out.conj()),))
# g out (1 - out)
SIGMOID_GRAD: Op = op(
    "sigmoid_grad",
    "g0 out0",
    vjp=(
        lambda g, out0: SIGMOID_GRAD(g, out0.conj()),
        lambda g, g0, out0: g * (g0 * (1 - out0 * 2)).conj(),
    ),
)
RELU = op("relu", vjp=(lambda g, out: RELU_GRAD(g, out),))
# g, and 0 where out <= 0
RELU_GRAD: Op = op("relu_grad", "g0 out0", vjp=(lambda g, out0: RELU_GRAD(g, out0), None))
# clamp, with a slope of 0 at the bounds
HARDTANH = op("hardtanh", "x", "low high", vjp=(lambda g, out, low, high: HARDTANH_GRAD(g, out, low, high),))
# g, and 0 where out <= low or out >= high
HARDTANH_GRAD: Op = op(
    "hardtanh_grad",
    "g0 out0",
    "low high",
    vjp=(lambda g, out0, low, high: HARDTANH_GRAD(g, out0, low, high), None),
)

# comparisons and logic; all give bool

EQ = op("eq", "a b", broadcasts=True, vjp=CONSTANT)
NE = op("ne", "a b", broadcasts=True, vjp=CONSTANT)
LT = op("lt", "a b", broadcasts=True, vjp=CONSTANT)
LE = op("le", "a b", broadcasts=True, vjp=CONSTANT)
GT = op("gt", "a b", broadcasts=True, vjp=CONSTANT)
GE = op("ge", "a b", broadcasts=True, vjp=CONSTANT)
LOGICAL_AND = op("logical_and", "a b", broadcasts=True, vjp=CONSTANT)
LOGICAL_OR = op("logical_or", "a b", broadcasts=True, vjp=CONSTANT)
LOGICAL_XOR = op("logical_xor", "a b", broadcasts=True, vjp=CONSTANT)
LOGICAL_NOT = op("logical_not", vjp=CONSTANT)
ISNAN = op("isnan", vjp=CONSTANT)
ISINF = op("isinf", vjp=CONSTANT)
ISFINITE = op("isfinite", vjp=CONSTANT)

# type and memory

CAST = op("cast", "x", "dtype", vjp=(lambda g, x_dtype: g.to(x_dtype),))
CLONE = op("clone", vjp=(lambda g: g,))
