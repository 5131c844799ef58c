"""The module that a definition builds: named layers and functions run in order, each on what it names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.nn import Module, Sequential
from engine.spec.masks import with_masks
from engine.spec.references import source_of, value_of
from engine.tensor import Tensor


@dataclass(frozen=True)
class Step:
    """One node of a network.

    operation: a module, or a function of as many tensors as there are inputs
    inputs: references, such as "fc1", or "lstm.1.0" for a part of several values
    values: the arguments as they were given
    call: those of them that a module is given with each call
    """

    name: str
    type: str
    operation: "Module | Callable[..., Tensor]"
    inputs: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wiring:
    """How a network's nodes hang together, with what its definition says beside them.

    outputs: references to the values that it gives
    style: "layers" if it was written as a layer list, "nodes" if as a graph
    block: the block's name, None for a whole model; title and input_* belong to a whole model
    """

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    style: Literal["layers", "nodes"]
    block: str | None = None
    title: str | None = None
    input_shape: tuple[int, ...] | None = None
    input_dtype: str = "float32"


class Network(Module):
    """A model, or a block of one. Its children are the modules among its nodes, under the nodes' names.

    A node that works in place is given a copy: what it overwrites could be another node's input, a view,
    which has no gradient then, or a batch that is still a part of the dataset.
    """

    def __init__(self, wiring: Wiring) -> None:
        super().__init__()
        # underscored, since any other name may be a node's
        self._wiring = wiring
        self._finished = _last_uses(wiring.steps, wiring.outputs)
        for step in wiring.steps:
            if isinstance(step.operation, Module):
                # not add_module, which refuses the names of all of a module's methods: there are more with
                # time, and a definition that was right must stay so; a node may hide one that RESERVED lacks
                self.__dict__[step.name] = step.operation

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The model's value; of several outputs all, in a tuple."""
        values: dict[str, Any] = {"input": input}
        for step, finished in zip(self._wiring.steps, self._finished, strict=True):
            inputs = [value_of(values, reference) for reference in step.inputs]
            if getattr(step.operation, "inplace", False) or step.values.get("inplace"):
                inputs = [value.clone() for value in inputs]
            values[step.name] = step.operation(*inputs, **with_masks(step.operation, step.call, inputs))
            for name in finished:
                del values[name]
        given = tuple(value_of(values, output) for output in self._wiring.outputs)
        return given[0] if len(given) == 1 else given


def wiring_of(network: Network) -> Wiring:
    return network._wiring


def _last_uses(steps: Sequence[Step], outputs: Sequence[str]) -> list[list[str]]:
    """For each step the values that nothing later needs, so that evaluation holds no more than it must."""
    seen, finished = set(map(source_of, outputs)), []
    for step in reversed(steps):
        names = dict.fromkeys((*map(source_of, step.inputs), step.name))
        last = [name for name in names if name not in seen]
        seen.update(last)
        finished.append(last)
    return finished[::-1]


def repeated(copies: Sequence[Network]) -> Module:
    """One block after another; a single one as itself, so that its keys have no index."""
    return copies[0] if len(copies) == 1 else Sequential(*copies)


_METHODS = """
    add_module apply buffers children double eval extra_repr float forward get_parameter get_submodule
    load_state_dict modules named_buffers named_children named_modules named_parameters parameters
    register_buffer register_forward_hook register_forward_pre_hook register_module register_parameter
    requires_grad_ state_dict to train training zero_grad
"""
# names that a node can't have: a network couldn't be trained and saved without these methods of a module
RESERVED = frozenset(_METHODS.split())
