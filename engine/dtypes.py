"""Element types, and PyTorch's rules for combining them.

A dtype belongs to a category (bool < integer < float < complex). Two operands meet in the higher category; a
zero-dimensional tensor counts only where it brings a higher category than the tensors with axes, a
Python number only where it brings a higher one than any tensor.
"""

from typing import Any

import ml_dtypes
import numpy as np

from engine.errors import DTypeError

BOOL, INTEGER, FLOAT, COMPLEX = 0, 1, 2, 3

# NumPy's letters for kinds of dtypes: bfloat16, which isn't its own, is a "V" to it
FLOATING_KINDS = "fV"
# what can have a gradient
SMOOTH_KINDS = "fcV"
# NumPy's dtypes of half precision, in which kernels don't compute: they do so in float32, and round once.
# One is added as it comes into use, so that a program without them pays for a look at an empty set.
NARROW: set[Any] = set()


class DType:
    """An element type; one object per type, compared by identity."""

    __slots__ = ("category", "itemsize", "name", "numpy")

    numpy: Any

    def __init__(self, name: str, category: int, numpy: Any = None) -> None:
        self.name = name
        self.category = category
        self.numpy = np.dtype(numpy or name)
        self.itemsize: int = self.numpy.itemsize

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOAT

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        return self.category >= FLOAT or self.numpy.kind == "i"

    def to_complex(self) -> "DType":
        """The complex dtype whose parts are of this one; complex64 for those of half precision."""
        return self if self.is_complex else complex128 if self is float64 else complex64

    def to_real(self) -> "DType":
        """The dtype of a complex number's parts; any other dtype itself."""
        return {complex64: float32, complex128: float64}.get(self, self)

    def __repr__(self) -> str:
        return f"engine.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype, (self.name,)

    def __copy__(self) -> "DType":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "DType":
        return self


class _Narrow(DType):
    """A dtype of half precision, which makes itself known when its NumPy dtype is first asked for."""

    __slots__ = ("_numpy",)

    def __init__(self, name: str, numpy: Any) -> None:
        self.name = name
        self.category = FLOAT
        self._numpy = np.dtype(numpy)
        self.itemsize = self._numpy.itemsize

    @property
    def numpy(self) -> Any:
        if self._numpy not in NARROW:
            NARROW.add(self._numpy)
            _BY_NUMPY[self._numpy] = self
        return self._numpy


bool_ = DType("bool", BOOL)
uint8 = DType("uint8", INTEGER)
int8 = DType("int8", INTEGER)
int16 = DType("int16", INTEGER)
int32 = DType("int32", INTEGER)
int64 = DType("int64", INTEGER)
float16 = _Narrow("float16", np.float16)
bfloat16 = _Narrow("bfloat16", ml_dtypes.bfloat16)
float32 = DType("float32", FLOAT)
float64 = DType("float64", FLOAT)
complex64 = DType("complex64", COMPLEX)
complex128 = DType("complex128", COMPLEX)

ALL = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    float16,
    bfloat16,
    float32,
    float64,
    complex64,
    complex128,
)
_BY_NAME = {d.name: d for d in ALL}
_BY_NUMPY: dict[Any, DType] = {d.numpy: d for d in ALL if not isinstance(d, _Narrow)}
_default = float32


def dtype(spec: Any) -> DType:
    """The DType that `spec` names: a DType, a name, or a NumPy dtype."""
    if isinstance(spec, DType):
        return spec
    found = _BY_NAME.get(spec) if isinstance(spec, str) else None
    if found is None:
        try:
            return of(np.dtype(spec))
        except (TypeError, DTypeError):
            raise DTypeError(f"{spec!r} is no dtype of the engine; it has {', '.join(_BY_NAME)}") from None
    return found


def of(numpy_dtype: Any) -> DType:
    """The DType of an array's dtype; raises DTypeError for one that the engine doesn't have."""
    try:
        return _BY_NUMPY[numpy_dtype]
    except KeyError:
        for d in (float16, bfloat16):
            if d._numpy == numpy_dtype and d.numpy in NARROW:
                return d
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
    high, low = (a, b) if a.category >= b.category else (b, a)
    if high.category < FLOAT:
        return high if low.category < high.category else _BY_NUMPY[np.promote_types(a.numpy, b.numpy)]
    if low.category < FLOAT:
        return high
    # two different ones of these meet in single precision, unless one has double
    double = float64 in (a, b) or complex128 in (a, b)
    if high.category == COMPLEX:
        return complex128 if double else complex64
    return float64 if double else float32


def promote_weakly(strong: DType, weak: DType) -> DType:
    """The dtype in which tensors with axes meet zero-dimensional ones: these bring only a category."""
    if weak.category <= strong.category:
        return strong
    return strong.to_complex() if strong.category == FLOAT else weak


def category_of(number: bool | int | float | complex) -> int:
    """The category that a Python number brings into an operation."""
    if isinstance(number, bool):
        return BOOL
    if isinstance(number, int):
        return INTEGER
    return COMPLEX if isinstance(number, complex) else FLOAT


def of_number(number: bool | int | float | complex) -> DType:
    """The dtype of a Python number that stands alone."""
    return (bool_, int64, _default, _default.to_complex())[category_of(number)]


class finfo:
    """The limits of a floating-point dtype, of a complex one's parts, or of the default.

    bits; eps: 1 and the next number apart; max, min; tiny and smallest_normal: the smallest normal number;
    resolution: 10 to the minus number of decimal digits
    """

    def __init__(self, type: DType | None = None) -> None:
        d = (type or _default).to_real()
        if not d.is_floating_point:
            raise DTypeError(f"finfo is of floating-point dtypes, not {type}; use iinfo")
        limits: Any = ml_dtypes.finfo
        found = limits(d.numpy)
        self.dtype = d.name
        self.bits = 8 * d.itemsize
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = 10.0 ** -int(found.precision)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype: bits, min, max."""

    def __init__(self, type: DType) -> None:
        if type.category != INTEGER:
            raise DTypeError(f"iinfo is of integer dtypes, not {type}; use finfo")
        found = np.iinfo(type.numpy)
        self.dtype = type.name
        self.bits, self.min, self.max = int(found.bits), int(found.min), int(found.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
