"""Ops that overwrite an operand: assignments, and one step of an optimizer for one parameter.

They return nothing. What changes from step to step (learning rate, step count) comes in tensors, so that a
captured program can go on reading it.
"""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.shapes import INDEX, SLICE
from engine.ops.table import op


def _put(g: Any, indices: tuple[Any, ...], key: tuple[Any, ...], needs: tuple[bool, ...]) -> tuple[Any, ...]:
    over = PUT(g, g.new_zeros(()), *indices, key) if needs[0] else None
    new = (INDEX(g, *indices, key) if indices else SLICE(g, key)) if needs[1] else None
    return (over, new, *[None for _ in indices])


FILL = op("fill", "x", "value", outputs="", mutates=(0,), vjp=CONSTANT)
COPY = op("copy", "x source", outputs="", mutates=(0,), vjp=CONSTANT)
# x[key] = source, with `key` as in the op "index"
ASSIGN = op("assign", "x source *indices", "key", outputs="", mutates=(0,), vjp=CONSTANT)
# the same as a new tensor: what a recorded x[key] = source has done to the gradient of x
PUT: Op = op("put", "x source *indices", "key", broadcasts=True, vjp=_put)
# x += source, both of one shape and dtype: how gradients gather in .grad
ACCUMULATE = op("accumulate", "x source", outputs="", mutates=(0,), vjp=CONSTANT)

# p -= lr (g + weight_decay p)
SGD_STEP = op("sgd_step", "p g lr", "weight_decay maximize", outputs="", mutates=(0,), vjp=CONSTANT)
# v = momentum v + (1 - dampening) (g + weight_decay p);  p -= lr v, or lr (g + momentum v) with nesterov
SGD_MOMENTUM_STEP = op(
    "sgd_momentum_step",
    "p g v lr",
    "momentum dampening weight_decay nesterov maximize",
    outputs="",
    mutates=(0, 2),
    vjp=CONSTANT,
)
# Kingma and Ba 2014, algorithm 1, with t counted in `step`; decoupled: as in Loshchilov and Hutter 2017
ADAM_STEP = op(
    "adam_step",
    "p g m v step lr",
    "beta1 beta2 eps weight_decay decoupled maximize",
    outputs="",
    mutates=(0, 2, 3, 4),
    vjp=CONSTANT,
)
# Reddi et al. 2018: divides by the root of the largest v so far
AMSGRAD_STEP = op(
    "amsgrad_step",
    "p g m v v_max step lr",
    "beta1 beta2 eps weight_decay decoupled maximize",
    outputs="",
    mutates=(0, 2, 3, 4, 5),
    vjp=CONSTANT,
)
