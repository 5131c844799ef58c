"""Bringing operands together: numbers and arrays become tensors, and dtypes meet by PyTorch's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.autograd.tape import Variable, create, unary, wrap
from engine.device import Device
from engine.dtypes import (
    FLOATING_KINDS,
    SMOOTH_KINDS,
    DType,
    category_of,
    get_default_dtype,
    of,
    of_number,
    promote_types,
    promote_weakly,
)
from engine.errors import DTypeError, Mismatch
from engine.ops.creation import FULL
from engine.ops.elementwise import CAST

__all__ = [
    "result_type",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

Number: TypeAlias = bool | int | float
Operand: TypeAlias = "Tensor | Number | complex"
# what operand() takes as it is
_GIVEN = (Variable, bool, int, float, complex)
# per class of number the kinds of dtypes that a tensor beside it keeps
_STAYING: dict[type, str] = {
    bool: f"biu{SMOOTH_KINDS}",
    int: f"iu{SMOOTH_KINDS}",
    float: SMOOTH_KINDS,
    complex: "c",
}


# by value, dtype and the identity of the device, which lives as long as the program
_constants: dict[tuple[Any, DType, int], Any] = {}
_CONSTANTS_KEPT = 1024


def constant(value: Number | complex, dtype: DType, device: Device) -> Tensor:
    """A number as a zero-dimensional tensor, to be read only: equal numbers share one.

    Not on a meta device: there are many, each measures what lives on it, and a constant costs nothing there.
    """
    # 0.0 and -0.0 would be equal keys but different numbers, and so would complex ones with such a part
    key = (value if value and value.__class__ is not complex else repr(value), dtype, id(device))
    found = _constants.get(key)
    if found is None:
        found = create(FULL, device, ((), value, dtype))
        if device.type == "meta":
            return found  # type: ignore[no-any-return]  # see below
        if len(_constants) >= _CONSTANTS_KEPT:
            _constants.clear()
        _constants[key] = found
    return found  # type: ignore[no-any-return]  # ops' results are tensors; the tape doesn't know


def check_fits(name: str, value: Number | complex, dtype: DType) -> None:
    """Raise DTypeError where an integer dtype doesn't hold a number; of unsigned ones -1 is the largest."""
    if dtype.numpy.kind not in "iu" or isinstance(value, complex):
        return
    limits = np.iinfo(dtype.numpy)
    low = limits.min or -limits.max
    if not low <= value <= limits.max:
        raise DTypeError(
            f"{name}: {value!r} is outside what {dtype} holds, {limits.min} to {limits.max}; "
            "convert the tensor"
        )


def cast(x: Tensor, dtype: DType) -> Tensor:
    """x in another dtype; x itself where it has it already."""
    return x if x._data.dtype == dtype.numpy else unary(CAST, x, (dtype,))


def inexact(x: Tensor) -> Tensor:
    """x where it is floating-point or complex, else x in the default dtype."""
    return x if x._data.dtype.kind in SMOOTH_KINDS else unary(CAST, x, (get_default_dtype(),))


def floating(x: Tensor) -> Tensor:
    """x where it is floating-point, else x in the default dtype; raises DTypeError where it is complex."""
    kind = x._data.dtype.kind
    if kind == "c":
        raise DTypeError(f"this isn't defined for {of(x._data.dtype)}; take abs(), .real or .imag")
    return x if kind in FLOATING_KINDS else unary(CAST, x, (get_default_dtype(),))


def require_floating(op: str, x: Variable) -> None:
    """Raise DTypeError where an operation is defined for floating-point tensors only."""
    if x._data.dtype.kind not in FLOATING_KINDS:
        hint = "take its abs(), .real or .imag" if x._data.dtype.kind == "c" else "convert it with .float()"
        raise DTypeError(f"{op} needs a floating-point tensor, not {of(x._data.dtype)}; {hint}")


def require_ordered(op: str, *tensors: Variable) -> None:
    """Raise DTypeError for complex numbers, of which none is the larger one."""
    for x in tensors:
        if x._data.dtype.kind == "c":
            raise DTypeError(
                f"{op} isn't defined for {of(x._data.dtype)}: complex numbers have no order; take abs()"
            )


def keeps(x: Variable, number: Any) -> bool:
    """Whether a tensor surely has its own dtype beside this number."""
    return x._data.dtype.kind in _STAYING.get(number.__class__, "")


def result_type(a: Operand, b: Operand) -> DType:
    """The dtype in which two operands meet."""
    if not isinstance(a, Variable):
        a, b = b, a
    if not isinstance(a, Variable):
        raise DTypeError("result_type needs at least one tensor")
    first = of(a._data.dtype)
    if not isinstance(b, Variable):
        return first if category_of(b) <= first.category else promote_weakly(first, of_number(b))
    second = of(b._data.dtype)
    if first is second:
        return first
    if (len(a._data.shape) == 0) == (len(b._data.shape) == 0):
        return promote_types(first, second)
    return promote_weakly(first, second) if len(a._data.shape) else promote_weakly(second, first)


def operand(value: Any, like: Variable) -> Any:
    """What may stand beside a tensor: a tensor or number as it is, an array as a tensor on its device.

    Raises DTypeError for anything else.
    """
    if isinstance(value, _GIVEN):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        of(value.dtype)
        return wrap(like._device.backend.from_numpy(value), like._device)
    raise Mismatch(
        f"a tensor can't be combined with {type(value).__name__} {value!r}; give a tensor or a number"
    )


def pair(a: Operand, b: Operand, dtype: DType | None = None) -> tuple[Tensor, Tensor]:
    """Both operands as tensors of one dtype, `dtype` or the one in which they meet."""
    if dtype is None:
        # the usual cases by the shortest way
        if isinstance(a, Variable):
            own = a._data.dtype
            if isinstance(b, Variable):
                if b._data.dtype is own:
                    return a, b
            elif keeps(a, b):
                return a, constant(b, of(own), a._device)
        elif isinstance(b, Variable) and keeps(b, a):
            return constant(a, of(b._data.dtype), b._device), b
    tensor = a if isinstance(a, Variable) else b
    if not isinstance(tensor, Variable):
        raise Mismatch(f"one of {a!r} and {b!r} must be a tensor")
    a, b = operand(a, tensor), operand(b, tensor)
    dtype = dtype or result_type(a, b)
    device = tensor._device
    return (
        cast(a, dtype) if isinstance(a, Variable) else constant(a, dtype, device),
        cast(b, dtype) if isinstance(b, Variable) else constant(b, dtype, device),
    )


def arithmetic_pair(op: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """As pair, for operations that mean nothing for booleans."""
    both = pair(a, b)
    if both[0]._data.dtype.kind == "b":
        raise DTypeError(f"{op} isn't defined for two bool tensors; use logical_and, logical_or, logical_xor")
    return both
