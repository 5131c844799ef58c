"""Bringing operands together: numbers and arrays become tensors, and dtypes meet by PyTorch's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.autograd.tape import Variable, create, unary, wrap
from engine.device import Device
from engine.dtypes import BOOL, FLOAT, DType, category_of, get_default_dtype, int64, of, promote_types
from engine.errors import DTypeError
from engine.ops.creation import FULL
from engine.ops.elementwise import CAST

__all__ = [
    "result_type",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

Number: TypeAlias = bool | int | float
Operand: TypeAlias = "Tensor | Number"

_constants: dict[tuple[Any, DType, Device], Any] = {}
_CONSTANTS_KEPT = 1024


def constant(value: Number, dtype: DType, device: Device) -> Tensor:
    """A number as a zero-dimensional tensor, to be read only: equal numbers share one.

    Not on a meta device: there are many, each measures what lives on it, and a constant costs nothing there.
    """
    if device.type == "meta":
        return create(FULL, device, ((), value, dtype))  # type: ignore[no-any-return]  # see below
    key = (value, dtype, device)
    found = _constants.get(key)
    # 0.0 and -0.0 are equal keys but different numbers
    if found is None or value == 0:
        found = create(FULL, device, ((), value, dtype))
        if len(_constants) >= _CONSTANTS_KEPT:
            _constants.clear()
        if value != 0:
            _constants[key] = found
    return found  # type: ignore[no-any-return]  # ops' results are tensors; the tape doesn't know


def cast(x: Tensor, dtype: DType) -> Tensor:
    """x in another dtype; x itself where it has it already."""
    return x if x._data.dtype == dtype.numpy else unary(CAST, x, (dtype,))


def floating(x: Tensor) -> Tensor:
    """x where it is floating-point, else x in the default dtype."""
    return x if x._data.dtype.kind == "f" else unary(CAST, x, (get_default_dtype(),))


def require_floating(op: str, x: Variable) -> None:
    """Raise DTypeError where an operation is defined for floating-point tensors only."""
    if x._data.dtype.kind != "f":
        raise DTypeError(
            f"{op} needs a floating-point tensor, not {of(x._data.dtype)}; convert it with .float()"
        )


def result_type(a: Operand, b: Operand) -> DType:
    """The dtype in which two operands meet."""
    if not isinstance(a, Variable):
        a, b = b, a
    if not isinstance(a, Variable):
        raise DTypeError("result_type needs at least one tensor")
    first = of(a._data.dtype)
    if not isinstance(b, Variable):
        category = category_of(b)
        if category <= first.category:
            return first
        return get_default_dtype() if category == FLOAT else int64
    second = of(b._data.dtype)
    if first is second:
        return first
    if (len(a._data.shape) == 0) == (len(b._data.shape) == 0) or first.category != second.category:
        return promote_types(first, second)
    return first if len(a._data.shape) else second


def operand(value: Any, like: Variable) -> Any:
    """What may stand beside a tensor: a tensor or number as it is, an array as a tensor on its device.

    Raises DTypeError for anything else.
    """
    if isinstance(value, Variable | bool | int | float):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        of(value.dtype)
        return wrap(like._device.backend.from_numpy(value), like._device)
    raise DTypeError(
        f"a tensor can't be combined with {type(value).__name__} {value!r}; give a tensor or a number"
    )


def pair(a: Operand, b: Operand, dtype: DType | None = None) -> tuple[Tensor, Tensor]:
    """Both operands as tensors of one dtype, `dtype` or the one in which they meet."""
    tensor = a if isinstance(a, Variable) else b
    if not isinstance(tensor, Variable):
        raise DTypeError(f"one of {a!r} and {b!r} must be a tensor")
    a, b = operand(a, tensor), operand(b, tensor)
    dtype = dtype or result_type(a, b)
    device = tensor._device
    return (
        cast(a, dtype) if isinstance(a, Variable) else constant(a, dtype, device),
        cast(b, dtype) if isinstance(b, Variable) else constant(b, dtype, device),
    )


def arithmetic_pair(op: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """As pair, for operations that mean nothing for booleans."""
    first, second = pair(a, b)
    if of(first._data.dtype).category == BOOL:
        raise DTypeError(f"{op} isn't defined for two bool tensors; use logical_and, logical_or, logical_xor")
    return first, second
