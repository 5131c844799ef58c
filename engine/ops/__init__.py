"""Ops: one table, name -> operands and gradient rule. Kernels are the backends' business."""

from engine.ops import (
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
from engine.ops.op import CONSTANT, Op, Plan
from engine.ops.table import OPS

__all__ = [
    "CONSTANT",
    "OPS",
    "Op",
    "Plan",
    "creation",
    "elementwise",
    "losses",
    "orders",
    "products",
    "random",
    "reductions",
    "shapes",
    "transcendental",
    "updates",
]
