"""PyTorch's old types of tensors: LongTensor([1, 2]), isinstance(x, FloatTensor), x.type(LongTensor)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.tape import Variable
from engine.dtypes import (
    DType,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from engine.errors import DTypeError
from engine.tensor.creation import empty, tensor

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "set_default_tensor_type",
]


class TypedTensor:
    """A name for tensors of one dtype. New code says tensor(data, dtype=…) and x.dtype instead.

    Called with data it makes a tensor of it, called with sizes an uninitialised one of that shape.
    """

    def __init__(self, name: str, dtype: DType) -> None:
        self.name = name
        self.dtype = dtype

    def __call__(self, *args: Any) -> Tensor:
        if not args:
            return tensor([], dtype=self.dtype)
        if len(args) > 1 or (isinstance(args[0], int) and not isinstance(args[0], bool)):
            return empty(*args, dtype=self.dtype)
        data = args[0]
        if isinstance(data, Variable) and data._data.dtype != self.dtype.numpy:
            raise DTypeError(
                f"{self.name}: the tensor is {data.dtype}, and none is converted here; "  # type: ignore[attr-defined]  # every Variable is a Tensor
                f"x.to({self.dtype}) does"
            )
        return tensor(data, dtype=self.dtype)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, Variable) and instance._data.dtype == self.dtype.numpy

    def __repr__(self) -> str:
        return f"engine.{self.name}"


BFloat16Tensor = TypedTensor("BFloat16Tensor", bfloat16)
BoolTensor = TypedTensor("BoolTensor", bool_)
ByteTensor = TypedTensor("ByteTensor", uint8)
CharTensor = TypedTensor("CharTensor", int8)
DoubleTensor = TypedTensor("DoubleTensor", float64)
FloatTensor = TypedTensor("FloatTensor", float32)
HalfTensor = TypedTensor("HalfTensor", float16)
IntTensor = TypedTensor("IntTensor", int32)
LongTensor = TypedTensor("LongTensor", int64)
ShortTensor = TypedTensor("ShortTensor", int16)


def set_default_tensor_type(t: TypedTensor) -> None:
    """The old way to say set_default_dtype."""
    if not isinstance(t, TypedTensor):
        raise DTypeError(f"set_default_tensor_type takes engine.FloatTensor and its like, not {t!r}")
    set_default_dtype(t.dtype)
