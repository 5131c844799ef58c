"""The backend without memory: shapes and dtypes only, for validation, inference of shapes and estimates."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.meta import (
    activations,
    attention,
    convolutions,
    creation,
    ctc,
    decompositions,
    elementwise,
    embeddings,
    losses,
    norms,
    orders,
    pools,
    products,
    recurrence,
    reductions,
    sampling,
    scans,
    scattering,
    shapes,
    special,
    spectra,
    steps,
    updates,
)
from engine.backends.meta.array import MetaArray
from engine.backends.registry import Backend
from engine.errors import DeviceError

__all__ = ["BACKEND", "MetaArray"]


def _from_numpy(array: npt.NDArray[Any]) -> MetaArray:
    return MetaArray(np.shape(array), array.dtype)


def _to_numpy(array: Any) -> npt.NDArray[Any]:
    raise DeviceError("a meta tensor has no values; make it on a device with memory, such as cpu")


BACKEND = Backend(
    "meta",
    [
        elementwise.KERNELS,
        recurrence.KERNELS,
        reductions.KERNELS,
        orders.KERNELS,
        shapes.KERNELS,
        decompositions.KERNELS,
        special.KERNELS,
        scans.KERNELS,
        scattering.KERNELS,
        products.KERNELS,
        spectra.KERNELS,
        attention.KERNELS,
        convolutions.KERNELS,
        sampling.KERNELS,
        pools.KERNELS,
        losses.KERNELS,
        activations.KERNELS,
        steps.KERNELS,
        embeddings.KERNELS,
        norms.KERNELS,
        ctc.KERNELS,
        creation.KERNELS,
        updates.KERNELS,
    ],
    array_type=MetaArray,
    as_array=lambda array: array,
    from_numpy=_from_numpy,
    to_numpy=_to_numpy,
)
