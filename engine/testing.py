"""Comparing tensors in tests: PyTorch's `torch.testing.assert_close`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.dtypes import DType, bfloat16, complex64, complex128, float16, float32, float64, promote_types
from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.creation import as_tensor

__all__ = ["assert_close"]

# relative and absolute, PyTorch's; what isn't named must be equal
_TOLERANCES: dict[DType, tuple[float, float]] = {
    float16: (1e-3, 1e-5),
    bfloat16: (1.6e-2, 1e-5),
    float32: (1.3e-6, 1e-5),
    float64: (1e-7, 1e-7),
    complex64: (1.3e-6, 1e-5),
    complex128: (1e-7, 1e-7),
}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    msg: str | None = None,
) -> None:
    """Fail unless |actual - expected| <= atol + rtol |expected| everywhere; within lists and mappings alike.

    rtol, atol: both or neither; else by the less precise dtype of the two
    Raises AssertionError that says where and by how much, or msg instead.
    """
    if (rtol is None) != (atol is None):
        raise EngineError("assert_close: give both rtol and atol, or neither")
    wrong = _difference(actual, expected, rtol, atol, equal_nan, check_device, check_dtype)
    if wrong is not None:
        raise AssertionError(msg or wrong)


def _difference(
    a: Any, b: Any, rtol: Any, atol: Any, equal_nan: bool, device: bool, dtype: bool
) -> str | None:
    """What is different, or None."""
    options = (rtol, atol, equal_nan, device, dtype)
    keys: list[Any] | None = None
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if a.keys() != b.keys():
            return f"the keys are {list(a)} and {list(b)}"
        keys = list(a)
    elif _listed(a) and _listed(b):
        if len(a) != len(b):
            return f"the lengths are {len(a)} and {len(b)}"
        keys = list(range(len(a)))
    if keys is not None:
        for key in keys:
            wrong = _difference(a[key], b[key], *options)
            if wrong is not None:
                return f"at [{key!r}]: {wrong}"
        return None
    x, y = as_tensor(a).detach(), as_tensor(b).detach()
    if x.shape != y.shape:
        return f"the shapes are {tuple(x.shape)} and {tuple(y.shape)}"
    if device and x.device != y.device:
        return f"the devices are {x.device} and {y.device}"
    if dtype and isinstance(a, Tensor) and isinstance(b, Tensor) and x.dtype is not y.dtype:
        return f"the dtypes are {x.dtype} and {y.dtype}"
    return _distance(x, y, rtol, atol, equal_nan)


def _listed(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _distance(x: Tensor, y: Tensor, rtol: Any, atol: Any, equal_nan: bool) -> str | None:
    if rtol is None:
        found = [_TOLERANCES.get(t.dtype, (0.0, 0.0)) for t in (x, y)]
        rtol, atol = (max(each) for each in zip(*found, strict=True))
    common = promote_types(x.dtype, y.dtype)
    x, y = x.to(common), y.to(common)
    close = x.isclose(y, rtol=rtol, atol=atol, equal_nan=equal_nan)
    far = int((~close).sum())
    if far == 0:
        return None
    first = tuple(int(k) for k in (~close).nonzero()[0])
    return (
        f"{far} of {x.numel()} elements differ by more than rtol {rtol:g} and atol {atol:g} allow; "
        f"at {first}: {x[first].item()} and {y[first].item()}"
    )
