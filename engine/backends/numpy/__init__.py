"""The reference backend: plain NumPy on the CPU, the oracle of the others."""

import numpy as np

from engine.backends.numpy import (
    activations,
    attention,
    bessel,
    convolutions,
    creation,
    ctc,
    decompositions,
    elementwise,
    embeddings,
    gamma,
    losses,
    memory,
    narrow,
    normal,
    norms,
    orders,
    pools,
    products,
    random,
    recurrence,
    reductions,
    sampling,
    scans,
    scattering,
    shapes,
    spectra,
    steps,
    transcendental,
    updates,
)
from engine.backends.registry import Backend

__all__ = ["BACKEND"]

memory.keep_freed_memory()

BACKEND = Backend(
    "numpy",
    [
        elementwise.KERNELS,
        transcendental.KERNELS,
        recurrence.KERNELS,
        reductions.KERNELS,
        orders.KERNELS,
        shapes.KERNELS,
        decompositions.KERNELS,
        normal.KERNELS,
        bessel.KERNELS,
        gamma.KERNELS,
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
        random.KERNELS,
        creation.KERNELS,
        updates.KERNELS,
    ],
    array_type=np.ndarray,
    as_array=np.asarray,
    from_numpy=np.asarray,
    to_numpy=np.asarray,
    widened=narrow.widened,
)
