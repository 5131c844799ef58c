"""The reference backend: plain NumPy on the CPU, the oracle of the others."""

import numpy as np

from engine.backends.numpy import (
    creation,
    elementwise,
    losses,
    orders,
    products,
    random,
    reductions,
    shapes,
    transcendental,
    updates,
)
from engine.backends.registry import Backend

__all__ = ["BACKEND"]

BACKEND = Backend(
    "numpy",
    [
        elementwise.KERNELS,
        transcendental.KERNELS,
        reductions.KERNELS,
        orders.KERNELS,
        shapes.KERNELS,
        products.KERNELS,
        losses.KERNELS,
        random.KERNELS,
        creation.KERNELS,
        updates.KERNELS,
    ],
    array_type=np.ndarray,
    as_array=np.asarray,
    from_numpy=np.asarray,
    to_numpy=np.asarray,
)
