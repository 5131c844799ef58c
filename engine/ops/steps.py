"""One step of an optimizer for one parameter p with gradient g, in place.

`step` counts the steps and `lr` is the learning rate, both in tensors, so that a captured program can go on
reading them. The weight decay is added to the gradient, unless `decoupled`: then p shrinks by itself.
"""

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op


def _step(name: str, inputs: str, attrs: str) -> Op:
    """An op that overwrites all that it takes but the gradient and the learning rate."""
    mutates = tuple(k for k, operand in enumerate(inputs.split()) if operand not in ("g", "lr"))
    return op(name, inputs, attrs, outputs="", mutates=mutates, vjp=CONSTANT)


# Duchi et al. 2011: p -= lr / (1 + (step - 1) lr_decay) g / (sqrt(sum) + eps), the sum of squares so far
ADAGRAD_STEP = _step("adagrad_step", "p g sum step lr", "lr_decay eps weight_decay maximize")
# Zeiler 2012, algorithm 1: v and u are running means of the squares of gradients and of updates
ADADELTA_STEP = _step("adadelta_step", "p g v u step lr", "rho eps weight_decay maximize")
# Kingma and Ba 2014, algorithm 2: u is the largest of the decaying u and |g| + eps
ADAMAX_STEP = _step("adamax_step", "p g m u step lr", "beta1 beta2 eps weight_decay maximize")
# Dozat 2016: Adam with the momentum of Nesterov, whose schedule's product is kept
NADAM_STEP = _step(
    "nadam_step",
    "p g m v mu_product step lr",
    "beta1 beta2 eps weight_decay momentum_decay decoupled maximize",
)
# Liu et al. 2019, algorithm 2: while v has seen too little, no division by its root
RADAM_STEP = _step("radam_step", "p g m v step lr", "beta1 beta2 eps weight_decay decoupled maximize")
# Hinton's lecture 6e: v is the running mean of squares; centered (Graves 2013): minus the square of the
# mean m; with momentum, b gathers the quotients
RMSPROP_STEP = _step("rmsprop_step", "p g v step lr", "alpha eps weight_decay maximize")
RMSPROP_CENTERED_STEP = _step("rmsprop_centered_step", "p g v m step lr", "alpha eps weight_decay maximize")
RMSPROP_MOMENTUM_STEP = _step(
    "rmsprop_momentum_step", "p g v b step lr", "alpha eps weight_decay momentum maximize"
)
RMSPROP_CENTERED_MOMENTUM_STEP = _step(
    "rmsprop_centered_momentum_step", "p g v m b step lr", "alpha eps weight_decay momentum maximize"
)
# Polyak and Juditsky 1992: ax is the mean of p from step t0 on; eta, the rate, and mu are of the next step
ASGD_STEP = _step("asgd_step", "p g ax eta mu step lr", "lambd alpha t0 weight_decay maximize")
# Riedmiller and Braun 1993, without going back: each element has a step size of its own
RPROP_STEP = _step("rprop_step", "p g prev sizes step", "eta_minus eta_plus size_min size_max maximize")
# Chen et al. 2023, algorithm 2; the weight decay is decoupled
LION_STEP = _step("lion_step", "p g m lr", "beta1 beta2 weight_decay maximize")
