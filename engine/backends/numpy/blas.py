"""The threads of the OpenBLAS that comes with NumPy's wheels, which NumPy itself has no function for."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_PLACES = ("../numpy.libs", ".dylibs")  # beside NumPy, on Linux and Windows, and on macOS


@cache
def _library() -> Any:
    """The loaded library, or None where NumPy was built with another."""
    root = Path(np.__file__).parent
    for place in _PLACES:
        for path in sorted((root / place).glob("libscipy_openblas*")):
            library = ctypes.CDLL(str(path))  # the very one that NumPy has loaded
            if hasattr(library, "scipy_openblas_set_num_threads64_"):
                return library
    return None


def blas_threads() -> int | None:
    """How many threads products run in; None where that can't be asked."""
    library = _library()
    return None if library is None else int(library.scipy_openblas_get_num_threads64_())


def set_blas_threads(count: int) -> bool:
    """Let products run in that many threads from now on; False where that can't be set."""
    library = _library()
    if library is None:
        return False
    library.scipy_openblas_set_num_threads64_(count)
    return True
