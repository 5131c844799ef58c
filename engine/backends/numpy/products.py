"""Matrix products, by NumPy's BLAS."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def linear_no_bias(x: Array, weight: Array) -> Any:
    if x.ndim == 2:
        return np.matmul(x, weight.T)
    # one product for all leading axes, where np.matmul would loop over them
    return np.matmul(x.reshape(-1, x.shape[-1]), weight.T).reshape((*x.shape[:-1], weight.shape[0]))


def linear(x: Array, weight: Array, bias: Array) -> Array:
    out: Array = linear_no_bias(x, weight)
    out += bias
    return out


KERNELS: dict[str, Kernel] = {
    "matmul": np.matmul,
    "linear": linear,
    "linear_no_bias": linear_no_bias,
}
