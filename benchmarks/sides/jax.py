"""JAX: the same steps written by hand as functions of the weights, jitted with the state donated.

The weights have the names and layouts of PyTorch's state_dict, so that all sides start from the same.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import engine
from benchmarks.sides import LeftOut, Trainer
from benchmarks.sides.jax_networks import NETWORKS
from benchmarks.workloads import Workload, batches, initial_weights

Weights = dict[str, Any]


def jitted(workload: Workload) -> Trainer:
    """Raises LeftOut where nobody has written the network for JAX."""
    apply = NETWORKS.get(workload.name)
    if apply is None:
        raise LeftOut("not written for JAX")
    named = workload.network(engine).named_parameters()  # only for the names and shapes
    drawn = initial_weights({name: tuple(p.shape) for name, p in named})
    weights = {name: jnp.asarray(array) for name, array in drawn}
    zeros = {name: jnp.zeros_like(w) for name, w in weights.items()}
    state: Any = (weights, zeros, {name: jnp.zeros_like(w) for name, w in weights.items()}, jnp.zeros(()))
    update = {"SGD": _sgd, "Adam": _adam, "AdamW": _adam}[workload.optimizer]
    decay = 0.01 if workload.optimizer == "AdamW" else 0.0
    rate, momentum = workload.arguments["lr"], workload.arguments.get("momentum", 0.0)

    def evaluate(weights: Weights, inputs: Any, targets: Any) -> Any:
        logits = jax.nn.log_softmax(apply(weights, *inputs))
        return -jnp.take_along_axis(logits, targets[:, None], 1).mean()

    def step(state: Any, inputs: Any, targets: Any) -> Any:
        loss, gradients = jax.value_and_grad(evaluate)(state[0], inputs, targets)
        return update(state, gradients, rate, decay, momentum), loss

    own = [
        tuple(jnp.asarray(array.astype(np.int32) if array.dtype == np.int64 else array) for array in batch)
        for batch in batches(workload)
    ]
    run: Callable[..., Any] = jax.jit(step, donate_argnums=0)
    at = 0

    def train(steps: int) -> float:
        nonlocal state, at
        loss: Any = None
        for _ in range(steps):
            *inputs, targets = own[at % len(own)]
            state, loss = run(state, inputs, targets)
            at += 1
        jax.block_until_ready(state)
        return float(loss)

    return train


def _sgd(state: Any, gradients: Weights, rate: float, _: float, momentum: float) -> Any:
    weights, velocity, unused, steps = state
    if momentum:
        velocity = {name: momentum * v + gradients[name] for name, v in velocity.items()}
        gradients = velocity
    return {name: w - rate * gradients[name] for name, w in weights.items()}, velocity, unused, steps


def _adam(state: Any, gradients: Weights, rate: float, decay: float, _: float) -> Any:
    weights, first, second, steps = state
    steps = steps + 1
    first = {name: 0.9 * m + 0.1 * gradients[name] for name, m in first.items()}
    second = {name: 0.999 * v + 0.001 * gradients[name] ** 2 for name, v in second.items()}
    size, root = rate / (1 - 0.9**steps), jnp.sqrt(1 - 0.999**steps)

    def moved(name: str, w: Any) -> Any:
        return w * (1 - rate * decay) - size * first[name] / (jnp.sqrt(second[name]) / root + 1e-8)

    return {name: moved(name, w) for name, w in weights.items()}, first, second, steps
