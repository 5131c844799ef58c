"""Ops without operands that make tensors; `dtype` is a DType."""

from engine.ops.op import CONSTANT
from engine.ops.table import op

EMPTY = op("empty", "", "shape dtype", vjp=CONSTANT)
FULL = op("full", "", "shape value dtype", vjp=CONSTANT)
# start + k * step, k = 0 .. length - 1
ARANGE = op("arange", "", "start step length dtype", vjp=CONSTANT)
LINSPACE = op("linspace", "", "start end steps dtype", vjp=CONSTANT)
EYE = op("eye", "", "rows columns dtype", vjp=CONSTANT)
