"""Half precision: kernels compute in float32, and results are rounded once, as PyTorch does on the CPU."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.meta import BACKEND as META
from engine.backends.meta import MetaArray
from engine.backends.registry import Kernel
from engine.dtypes import NARROW
from engine.errors import EngineError

Array = npt.NDArray[Any]


def widened(
    kernel: Kernel, op: str, arrays: Sequence[Array], attrs: tuple[Any, ...], mutates: tuple[int, ...]
) -> Any:
    """An op's results where some operands are of half precision; the meta kernel says in which dtypes."""
    wide = [a.astype(np.float32) if a.dtype in NARROW else a for a in arrays]
    found = kernel(*wide, *attrs)
    for k in mutates:
        if wide[k] is not arrays[k]:
            np.copyto(arrays[k], wide[k], casting="unsafe")
    several = isinstance(found, tuple | list)
    results = found if several else (found,)
    if not any(r is not None and r.dtype == np.float32 for r in results):
        return found
    try:
        described = META.kernels[op](*[MetaArray(a.shape, a.dtype) for a in arrays], *attrs)
        wanted = [d.dtype for d in (described if several else (described,))]
    except EngineError:  # the shape depends on the values
        half = next(a.dtype for a in arrays if a.dtype in NARROW)
        wanted = [half if r.dtype == np.float32 else r.dtype for r in results]
    rounded = tuple(
        r if r.dtype == dtype else np.asarray(r).astype(dtype)
        for r, dtype in zip(results, wanted, strict=True)
    )
    return rounded if several else rounded[0]
