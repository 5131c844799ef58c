"""Element-wise kernels. Where NumPy's ufunc is the op, the ufunc is the kernel."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.erf import erf
from engine.backends.registry import Kernel
from engine.dtypes import BOOL, COMPLEX, DType
from engine.errors import EngineError

Array = npt.NDArray[Any]
# an array meets a number of its own dtype in half the time in which it meets one of Python's
_ZERO, _ONE = ({np.dtype(t): np.array(n, t) for t in (np.float32, np.float64)} for n in (0, 1))


def rsqrt(x: Array) -> Any:
    return np.reciprocal(np.sqrt(x))


def reciprocal(x: Array) -> Any:
    return np.reciprocal(x)


def clamp(x: Array, low: float | None, high: float | None) -> Any:
    return x.clip(low, high)  # type: ignore[arg-type]  # the stubs don't know that either may be None


def clamp_grad(g: Array, x: Array, low: float | None, high: float | None) -> Any:
    inside = np.ones(x.shape, bool) if low is None else x >= low
    if high is not None:
        inside = np.logical_and(inside, x <= high)
    return np.where(inside, g, np.zeros((), g.dtype))


def hardtanh(x: Array, low: float, high: float) -> Any:
    return x.clip(low, high)


def hardtanh_grad(g: Array, out: Array, low: float, high: float) -> Any:
    return np.where(np.logical_or(out <= low, out >= high), np.zeros((), g.dtype), g)


def where(condition: Array, a: Array, b: Array) -> Any:
    return np.where(condition, a, b)


def sigmoid(x: Array) -> Any:
    # exp overflows to inf far below zero, and 1 / inf is the right limit
    return np.reciprocal(np.exp(np.negative(x)) + _ONE.get(x.dtype, 1))


def sigmoid_grad(g: Array, out: Array) -> Any:
    return g * (out * (1 - out))


def tanh_grad(g: Array, out: Array) -> Any:
    return g * (1 - out * out)


def relu(x: Array) -> Any:
    return np.maximum(x, _ZERO.get(x.dtype, 0))


def relu_grad(g: Array, out: Array) -> Any:
    # 0 where out is <= 0, also for an infinite g, which a product would make NaN; a NaN isn't <= 0. A mask of
    # bits, all set where g goes through: np.where takes ten times as long
    bits = f"i{g.itemsize}"
    mask = np.less_equal(out, 0).astype(bits)
    mask -= 1
    mask &= g.view(bits)
    return mask.view(g.dtype)


def converted(x: Array, dtype: DType) -> Array:
    """A copy in another dtype; of complex numbers real ones keep the real part."""
    if x.dtype.kind == "c" and dtype.category < COMPLEX:
        # what isn't zero is true
        x = (x != 0) if dtype.category == BOOL else x.real
    return x.astype(dtype.numpy)


def cast(x: Array, dtype: DType) -> Any:
    return converted(np.asarray(x), dtype)


def clone(x: Array) -> Any:
    return np.array(x, order="C")


def nonzero_divisor(op: str, ufunc: Any) -> Kernel:
    """A division that refuses integers by zero, for which NumPy gives zero."""

    def kernel(a: Array, b: Array) -> Any:
        if b.dtype.kind in "iub" and not b.all():
            raise EngineError(f"{op}: an integer was divided by zero; mask the zeros, or convert to floats")
        return ufunc(a, b)

    return kernel


def sign(x: Array) -> Any:
    # of NaN it is 0, as in PyTorch
    return np.sign(x) if x.dtype.kind != "f" else np.subtract(x > 0, x < 0, dtype=x.dtype)


def power(a: Array, b: Array) -> Any:
    if b.dtype.kind != "i" or not (b < 0).any():
        return np.power(a, b)
    # of integers only 1 and -1 have inverses that are; the others' are rounded towards zero
    odd = np.bitwise_and(b, 1) == 1
    inverse = np.where(a == 1, 1, np.where(a == -1, np.where(odd, -1, 1), 0)).astype(a.dtype)
    return np.where(b < 0, inverse, np.power(a, np.maximum(b, 0)))


KERNELS: dict[str, Kernel] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "pow": power,
    "floor_divide": nonzero_divisor("floor_divide", np.floor_divide),
    "remainder": nonzero_divisor("remainder", np.remainder),
    "neg": np.negative,
    "abs": np.absolute,
    "sign": sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "trunc": np.trunc,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "clamp": clamp,
    "clamp_grad": clamp_grad,
    "hardtanh": hardtanh,
    "hardtanh_grad": hardtanh_grad,
    "where": where,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "rsqrt": rsqrt,
    "reciprocal": reciprocal,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "erf": erf,
    "tanh": np.tanh,
    "tanh_grad": tanh_grad,
    "sigmoid": sigmoid,
    "sigmoid_grad": sigmoid_grad,
    "relu": relu,
    "relu_grad": relu_grad,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "logical_not": np.logical_not,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "cast": cast,
    "clone": clone,
}
