"""Backends: tables of kernels behind one seam."""

from typing import Any

from engine.backends import accelerator, cuda, cudnn, mps, native
from engine.backends.meta import BACKEND as META
from engine.backends.meta import MetaArray
from engine.backends.numpy import BACKEND as NUMPY
from engine.backends.registry import Array, Backend, Kernel, KernelTable, WrappedTable, threads

__all__ = [
    "META",
    "NUMPY",
    "Array",
    "Backend",
    "Kernel",
    "KernelTable",
    "MetaArray",
    "WrappedTable",
    "accelerator",
    "cuda",
    "cudnn",
    "mps",
    "native",
    "report",
    "threads",
]


def report() -> dict[str, Any]:
    """What this machine computes with, JSON-safe."""
    return {
        "devices": ["cpu"],
        "backends": [NUMPY.name] if native.BACKEND is None else [native.BACKEND.name, NUMPY.name],
        "native": native.report(),
        "threads": threads(),
    }
