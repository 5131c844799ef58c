"""Ops: one table, name -> operands and gradient rule. Kernels are the backends' business."""

from engine.ops import (
    convolutions,
    creation,
    ctc,
    elementwise,
    losses,
    norms,
    orders,
    products,
    random,
    recurrence,
    reductions,
    scans,
    scattering,
    shapes,
    transcendental,
    updates,
)
from engine.ops.op import CONSTANT, Op, Plan
from engine.ops.table import OPS

__all__ = [
    "CONSTANT",
    "OPS",
    "Op",
    "Plan",
    "convolutions",
    "creation",
    "ctc",
    "elementwise",
    "losses",
    "norms",
    "orders",
    "products",
    "random",
    "recurrence",
    "reductions",
    "scans",
    "scattering",
    "shapes",
    "transcendental",
    "updates",
]
