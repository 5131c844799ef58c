"""Why a kernel could not do what an op asked of it."""

from typing import Any

from engine.backends import META, MetaArray
from engine.errors import (
    DeviceError,
    EngineError,
    IndexError_,
    Mismatch,
    OutOfMemory,
    ShapeError,
)
from engine.ops import Op

Operands = tuple[Any, ...]  # Variables, which the tape defines

# what a kernel raises where its operands do not fit, or there is no room for the result
FAILURES = (ValueError, TypeError, IndexError, MemoryError)


def apart(op: Op, inputs: Operands) -> DeviceError:
    devices = " and ".join(sorted({str(x._device) for x in inputs}))
    return DeviceError(f"{op.name}: its tensors are on {devices}; move them to one device with .to()")


def too_large(op: Op, error: MemoryError) -> OutOfMemory:
    return OutOfMemory(f"{op.name}: out of memory: {error}; make its tensors smaller")


def explained(op: Op, inputs: Operands, attrs: tuple[Any, ...], error: Exception) -> Exception:
    """Why a kernel failed, in the words of the meta kernel where it objects as well."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, MemoryError):
        return too_large(op, error)
    operands = [MetaArray(tuple(x._data.shape), x._data.dtype) for x in inputs]
    try:
        META.kernels[op.name](*operands, *attrs)
    except EngineError as better:
        return better
    except FAILURES:
        pass
    if "read-only" in str(error):
        return EngineError(
            f"{op.name}: this memory can't be written to, being an expanded view or a read-only array; "
            "clone() it first"
        )
    shapes = ", ".join(str(tuple(x._data.shape)) for x in inputs)
    other = Mismatch if isinstance(error, TypeError) else ShapeError
    kind = IndexError_ if isinstance(error, IndexError) else other
    return kind(f"{op.name} of shapes {shapes}: {error}")
