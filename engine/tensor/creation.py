"""New tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.autograd.tape import Variable, create, wrap
from engine.backends.numpy.elementwise import converted
from engine.device import CPU, Device, chosen
from engine.dtypes import FLOAT, INTEGER, DType, category_of, get_default_dtype, int64, of, of_number
from engine.errors import DTypeError, ShapeError
from engine.ops import creation as ops
from engine.tensor.axes import Sizes, shape_of
from engine.tensor.layouts import check_memory_format
from engine.tensor.promotion import Number, check_fits

__all__ = [
    "arange",
    "as_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def _finish(out: Any, requires_grad: bool) -> Tensor:
    return out.requires_grad_() if requires_grad else out  # type: ignore[no-any-return]  # it is a Tensor


def tensor(
    data: Any, *, dtype: DType | None = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of numbers, nested sequences or arrays; always a copy.

    Python floats become the default dtype and ints int64; arrays keep their dtype.
    """
    if isinstance(data, Variable):
        array = np.array(data._device.backend.to_numpy(data._data))
        device = device or data._device
    else:
        array = _array(data, dtype)
        if dtype is not None and array.size and array.dtype.kind == "i" and not isinstance(data, np.ndarray):
            for extreme in (array.min(), array.max()):
                check_fits("tensor", int(extreme), dtype)
    if dtype is not None:
        array = converted(array, dtype)
    else:
        of(array.dtype)
    place = chosen(device)
    return _finish(wrap(place.backend.from_numpy(array), place), requires_grad)


def _array(data: Any, dtype: DType | None) -> npt.NDArray[Any]:
    if isinstance(data, np.ndarray | np.generic):
        return np.array(data, dtype=data.dtype.newbyteorder("="), order="C")
    try:
        array = np.array(data, order="C")
    except ValueError:
        raise ShapeError(f"these sequences don't form a tensor: {_ragged(data, '')}") from None
    # it holds Python numbers, which have no precision of their own; with a dtype they go there directly
    if dtype is None and array.dtype == np.float64:
        array = array.astype(get_default_dtype().numpy)
    elif dtype is None and array.dtype == np.complex128:
        array = array.astype(get_default_dtype().to_complex().numpy)
    if array.dtype.kind not in "biufc":
        raise DTypeError(f"{type(data).__name__} {data!r} can't become a tensor: it isn't all numbers")
    return array


def _ragged(data: Any, path: str) -> str:
    """Where nested sequences differ in length."""
    lengths = [np.shape(each)[:1] if isinstance(each, np.ndarray) else _length(each) for each in data]
    for k, n in enumerate(lengths):
        if n != lengths[0]:
            first, this = (f"{m[0]} elements" if m else "a single number" for m in (lengths[0], n))
            return f"{path}[0] holds {first}, and {path}[{k}] {this}; all must be equally long"
    for k, each in enumerate(data):
        if lengths[k]:
            found = _ragged(each, f"{path}[{k}]")
            if found:
                return found
    return "their lengths differ" if not path else ""


def _length(data: Any) -> tuple[int, ...]:
    return (len(data),) if hasattr(data, "__len__") and not isinstance(data, str) else ()


def as_tensor(data: Any, dtype: DType | None = None, device: str | Device | None = None) -> Tensor:
    """As tensor(), but sharing the memory of a tensor or array where dtype and device allow."""
    if isinstance(data, Variable):
        return data.to(device=device, dtype=dtype)  # type: ignore[attr-defined,no-any-return]  # a Tensor
    if isinstance(data, np.ndarray) and (dtype is None or dtype.numpy == data.dtype):
        return from_numpy(data).to(device=device)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: npt.NDArray[Any]) -> Tensor:
    """A tensor that shares an array's memory."""
    if not isinstance(ndarray, np.ndarray):
        raise DTypeError(f"from_numpy takes an array, not {type(ndarray).__name__}; use tensor()")
    of(ndarray.dtype)
    return wrap(ndarray, CPU)  # type: ignore[no-any-return]  # it is a Tensor


def _full(
    shape: tuple[int, ...], value: Number | complex, dtype: DType, device: Any, requires_grad: bool
) -> Tensor:
    if dtype.category == INTEGER:
        check_fits("full", value, dtype)
    return _finish(create(ops.FULL, chosen(device), (shape, value, dtype)), requires_grad)


def zeros(
    *size: Sizes, dtype: DType | None = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    return _full(shape_of(size), 0, dtype or get_default_dtype(), device, requires_grad)


def ones(
    *size: Sizes, dtype: DType | None = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    return _full(shape_of(size), 1, dtype or get_default_dtype(), device, requires_grad)


def full(
    size: Any,
    fill_value: Number | complex,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Every element fill_value; its own dtype unless one is given."""
    return _full(shape_of((size,)), fill_value, dtype or of_number(fill_value), device, requires_grad)


def empty(
    *size: Sizes, dtype: DType | None = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    """Memory as it comes: the values are arbitrary."""
    made = create(ops.EMPTY, chosen(device), (shape_of(size), dtype or get_default_dtype()))
    return _finish(made, requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    check_memory_format("zeros_like", memory_format)
    return _full(input._data.shape, 0, dtype or input.dtype, device or input._device, requires_grad)


def ones_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    check_memory_format("ones_like", memory_format)
    return _full(input._data.shape, 1, dtype or input.dtype, device or input._device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Number | complex,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    check_memory_format("full_like", memory_format)
    return _full(input._data.shape, fill_value, dtype or input.dtype, device or input._device, requires_grad)


def empty_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    check_memory_format("empty_like", memory_format)
    place = device or input._device
    return empty(input.shape, dtype=dtype or input.dtype, device=place, requires_grad=requires_grad)


def new_zeros(
    input: Tensor, *size: Sizes, dtype: DType | None = None, device: str | Device | None = None
) -> Tensor:
    """Zeros of another shape, with the tensor's dtype and device."""
    return _full(shape_of(size), 0, dtype or input.dtype, device or input._device, False)


def new_ones(
    input: Tensor, *size: Sizes, dtype: DType | None = None, device: str | Device | None = None
) -> Tensor:
    """Ones of another shape, with the tensor's dtype and device."""
    return _full(shape_of(size), 1, dtype or input.dtype, device or input._device, False)


def new_full(
    input: Tensor,
    size: Any,
    fill_value: Number | complex,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A number in another shape, with the tensor's dtype and device."""
    place = device or input._device
    return _full(shape_of((size,)), fill_value, dtype or input.dtype, place, requires_grad)


def new_empty(
    input: Tensor,
    *size: Sizes,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Memory as it comes in another shape, with the tensor's dtype and device."""
    place = device or input._device
    return empty(*size, dtype=dtype or input.dtype, device=place, requires_grad=requires_grad)


def new_tensor(input: Tensor, data: Any, dtype: DType | None = None) -> Tensor:
    """Given values, with the tensor's dtype and device."""
    return tensor(data, dtype=dtype or input.dtype, device=input._device)


def arange(
    start: Number,
    end: Number | None = None,
    step: Number = 1,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... below end; one number alone is the end. int64 if all three are ints."""
    if end is None:
        start, end = 0, start
    if not (math.isfinite(start) and math.isfinite(end) and math.isfinite(step)):
        raise ShapeError(f"arange: from {start} to {end} in steps of {step} doesn't end; give finite numbers")
    if dtype is int64:
        # as in PyTorch, counted in whole numbers from the start
        start, end, step = int(start), int(end), int(step)
    if step == 0 or (end - start) / step < 0:
        raise ShapeError(f"arange: from {start} to {end} doesn't go in steps of {step}")
    if dtype is None:
        whole = max(category_of(start), category_of(end), category_of(step)) < FLOAT
        dtype = int64 if whole else get_default_dtype()
    length = math.ceil((end - start) / step)
    return _finish(create(ops.ARANGE, chosen(device), (start, step, length, dtype)), requires_grad)


def _number(value: Any) -> Any:
    """A number, also where it comes as a tensor without axes."""
    if not isinstance(value, Variable):
        return value
    if value._data.shape:
        raise ShapeError(f"a number or a tensor without axes is needed, not one of shape {value._data.shape}")
    return value._device.backend.to_numpy(value._data).item()


def linspace(
    start: float | Tensor,
    end: float | Tensor,
    steps: int,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` numbers from start to end inclusive, evenly spaced."""
    if steps < 0:
        raise ShapeError(f"linspace: steps must not be negative, and is {steps}")
    attrs = (_number(start), _number(end), steps, dtype or get_default_dtype())
    return _finish(create(ops.LINSPACE, chosen(device), attrs), requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """[n, m] with ones on the diagonal; m is n unless given."""
    attrs = (*shape_of((n, n if m is None else m)), dtype or get_default_dtype())
    return _finish(create(ops.EYE, chosen(device), attrs), requires_grad)
