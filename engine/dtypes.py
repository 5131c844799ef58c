"""Element types, and PyTorch's rules for combining them.

A dtype belongs to a category (bool < integer < float). Two operands meet in the higher category; a
zero-dimensional tensor counts only where it brings a higher category than the tensors with axes, a
Python number only where it brings a higher one than any tensor.
"""

from typing import Any

import numpy as np

from engine.errors import DTypeError

BOOL, INTEGER, FLOAT = 0, 1, 2


class DType:
    """An element type; one object per type, compared by identity."""

    __slots__ = ("category", "itemsize", "name", "numpy")

    def __init__(self, name: str, category: int) -> None:
        self.name = name
        self.category = category
        self.numpy = np.dtype(name)
        self.itemsize = self.numpy.itemsize

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOAT

    @property
    def is_signed(self) -> bool:
        return self.numpy.kind in "if"

    def __repr__(self) -> str:
        return f"engine.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype, (self.name,)

    def __copy__(self) -> "DType":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "DType":
        return self


bool_ = DType("bool", BOOL)
uint8 = DType("uint8", INTEGER)
int8 = DType("int8", INTEGER)
int16 = DType("int16", INTEGER)
int32 = DType("int32", INTEGER)
int64 = DType("int64", INTEGER)
float32 = DType("float32", FLOAT)
float64 = DType("float64", FLOAT)

ALL = (bool_, uint8, int8, int16, int32, int64, float32, float64)
_BY_NAME = {d.name: d for d in ALL}
_BY_NUMPY: dict[Any, DType] = {d.numpy: d for d in ALL}
_default = float32


def dtype(spec: Any) -> DType:
    """The DType that `spec` names: a DType, a name, or a NumPy dtype."""
    if isinstance(spec, DType):
        return spec
    found = _BY_NAME.get(spec) if isinstance(spec, str) else None
    if found is None:
        try:
            found = _BY_NUMPY.get(np.dtype(spec))
        except TypeError:
            found = None
    if found is None:
        raise DTypeError(f"{spec!r} is no dtype of the engine; it has {', '.join(_BY_NAME)}")
    return found


def of(numpy_dtype: Any) -> DType:
    """The DType of an array's dtype; raises DTypeError for one that the engine doesn't have."""
    try:
        return _BY_NUMPY[numpy_dtype]
    except KeyError:
        raise DTypeError(
            f"arrays of {numpy_dtype} can't become tensors; the engine has {', '.join(_BY_NAME)}"
        ) from None


def get_default_dtype() -> DType:
    """The dtype of Python floats that become tensors, and of true division of integers."""
    return _default


def set_default_dtype(d: DType) -> None:
    global _default
    if not d.is_floating_point:
        raise DTypeError(f"the default dtype must be a floating-point one, not {d}")
    _default = d


def promote_types(a: DType, b: DType) -> DType:
    """The dtype in which two tensors with axes meet."""
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    return _BY_NUMPY[np.promote_types(a.numpy, b.numpy)]


def category_of(number: bool | int | float) -> int:
    """The category that a Python number brings into an operation."""
    if isinstance(number, bool):
        return BOOL
    return INTEGER if isinstance(number, int) else FLOAT


def of_number(number: bool | int | float) -> DType:
    """The dtype of a Python number that stands alone."""
    return (bool_, int64, _default)[category_of(number)]
