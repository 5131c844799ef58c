"""What an op is: a name, its operands, and the rule of its gradient.

A rule is a plain function that says by its parameters' names what it needs, and nothing else is kept for it:

    g               the gradient of the result (`g_<output>` where several outputs are differentiable, one of
                    each where there are any number; such a gradient is None where that output wasn't used)
    <input>         the operand itself            <input>_shape, <input>_dtype   only that much of it
    <output>, out   the result                    <attr>                         an attribute of the call
    needs           which operands want a gradient (joint rules)
    recorded        whether the walk is recorded itself, for a gradient of the gradient

`vjp` holds one rule per input, or a single joint rule that returns all gradients as a tuple. Rules are
written in ops on the tensors that they are given, so the gradient of a gradient needs no second rule.
A gradient may keep axes along which its operand was broadcast: the tape sums them away, for every op.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

from engine.errors import EngineError, NotDifferentiable

Rule = Callable[..., Any]

# how a rule's argument is found again in the backward walk
GRAD, GRADS, ATTR, SAVED, VALUE, NEEDS, RECORDED, VARIADIC = range(8)


class Constant:
    """As the `vjp` of an op: its results don't depend smoothly on its operands, so nothing is recorded."""

    def __repr__(self) -> str:
        return "CONSTANT"


CONSTANT: Final = Constant()


class Plan:
    """What to keep of one call, and which rules to run, for one choice of operands that want gradients.

    keep_inputs, keep_outputs: positions of the tensors that rules read
    keep_shapes, keep_dtypes: positions of the operands of which rules read only that
    steps: (position of the operand, or -1 for all of them; rule; how to find its arguments)
    """

    __slots__ = ("keep_dtypes", "keep_inputs", "keep_outputs", "keep_shapes", "needs", "steps")

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs = needs
        self.keep_inputs: tuple[int, ...] = ()
        self.keep_outputs: tuple[int, ...] = ()
        self.keep_shapes: tuple[int, ...] = ()
        self.keep_dtypes: tuple[int, ...] = ()
        self.steps: tuple[tuple[int, Rule, tuple[tuple[int, Any], ...]], ...] = ()


class Op:
    """One row of the table.

    inputs, attrs, outputs: names, separated by blanks; "*name", the last of the inputs or the only one of the
        outputs, stands for any number of tensors
    auxiliary: outputs that only rules read; no gradient flows through them
    view: the result shares the operand's memory
    mutates: positions of the inputs that the kernel overwrites
    broadcasts: operands may be smaller than the result
    """

    __slots__ = (
        "_plans",
        "attrs",
        "broadcasts",
        "constant",
        "differentiable_outputs",
        "inputs",
        "mutates",
        "name",
        "outputs",
        "parts",
        "variadic",
        "view",
        "vjp",
    )

    def __init__(
        self,
        name: str,
        inputs: str = "x",
        attrs: str = "",
        *,
        vjp: "tuple[Rule | None, ...] | Rule | Constant | None" = None,
        outputs: str = "out",
        auxiliary: str = "",
        view: bool = False,
        mutates: tuple[int, ...] = (),
        broadcasts: bool = False,
    ) -> None:
        self.name = name
        self.variadic = inputs.split()[-1].startswith("*") if inputs else False
        self.inputs = tuple(inputs.replace("*", "").split())
        self.attrs = tuple(attrs.split())
        self.outputs = tuple(outputs.replace("*", "").split())
        self.parts = outputs.startswith("*")
        self.differentiable_outputs = tuple(o not in auxiliary.split() for o in self.outputs)
        self.vjp = vjp
        self.constant = isinstance(vjp, Constant)
        self.view = view
        self.mutates = mutates
        self.broadcasts = broadcasts
        self._plans: dict[tuple[bool, ...], Plan] = {}
        self._check()

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def backward_name(self) -> str:
        """What the graph calls the node of an application, as in PyTorch's graphs: AddBackward0."""
        return "".join(part.capitalize() for part in self.name.split("_")) + "Backward0"

    def __call__(self, *args: Any) -> Any:
        """Apply the op to tensors, as rules do: the operands in order, then the attributes."""
        count = len(args) - len(self.attrs)
        return args[0].__op__(self, args[:count], args[count:])

    def plan(self, needs: tuple[bool, ...]) -> Plan:
        """The plan for operands of which those marked in `needs` want a gradient."""
        plan = self._plans.get(needs)
        if plan is None:
            plan = self._plans[needs] = self._make_plan(needs)
        return plan

    def _check(self) -> None:
        if isinstance(self.vjp, tuple) and len(self.vjp) != len(self.inputs):
            raise EngineError(
                f"op {self.name!r} has {len(self.inputs)} inputs {self.inputs} and {len(self.vjp)} gradient "
                "rules; give one per input, None where no gradient flows"
            )
        rules = self.vjp if isinstance(self.vjp, tuple) else (self.vjp,)
        for rule in rules:
            if rule is not None and not isinstance(rule, Constant):
                for parameter in inspect.signature(rule).parameters:
                    self._locate(parameter)

    def _locate(self, parameter: str) -> tuple[str, Any]:
        """Where a rule's parameter comes from: (kind, position)."""
        gradients = [k for k, smooth in enumerate(self.differentiable_outputs) if smooth]
        if parameter == "g" and len(gradients) == 1:
            return "grad", gradients[0]
        if parameter.startswith("g_") and parameter[2:] in self.outputs:
            if self.parts:
                return "grads", None
            return "grad", self.outputs.index(parameter[2:])
        if parameter in ("needs", "recorded"):
            return parameter, None
        if parameter in self.attrs:
            return "attr", self.attrs.index(parameter)
        if parameter in self.inputs:
            return "input", self.inputs.index(parameter)
        if parameter in self.outputs:
            return "output", self.outputs.index(parameter)
        for suffix in ("shape", "dtype"):
            name = parameter.removesuffix(f"_{suffix}")
            if name != parameter and name in self.inputs:
                return suffix, self.inputs.index(name)
        raise EngineError(
            f"a gradient rule of op {self.name!r} asks for {parameter!r}; it can have the inputs "
            f"{self.inputs}, the outputs {self.outputs}, the attributes {self.attrs}, g, needs and recorded"
        )

    def _make_plan(self, needs: tuple[bool, ...]) -> Plan:
        if self.vjp is None or isinstance(self.vjp, Constant):
            raise NotDifferentiable(
                f"op {self.name!r} has no gradient rule; detach its operands, or compute it under no_grad()"
            )
        plan = Plan(needs)
        rules: list[tuple[int, Rule]] = []
        if isinstance(self.vjp, tuple):
            for position, wanted in enumerate(needs):
                rule = self.vjp[min(position, len(self.vjp) - 1)]
                if wanted and rule is not None:
                    rules.append((position, rule))
        else:
            rules.append((-1, self.vjp))
        keep: dict[str, list[int]] = {"input": [], "output": [], "shape": [], "dtype": []}
        located = [[self._locate(p) for p in inspect.signature(rule).parameters] for _, rule in rules]
        for places in located:
            for kind, position in places:
                for each in self._positions(kind, position, len(needs)):
                    if each not in keep[kind]:
                        keep[kind].append(each)
        plan.keep_inputs, plan.keep_outputs = tuple(keep["input"]), tuple(keep["output"])
        plan.keep_shapes, plan.keep_dtypes = tuple(keep["shape"]), tuple(keep["dtype"])
        plan.steps = tuple(
            (at, rule, tuple(self._argument(kind, where, keep, len(needs)) for kind, where in places))
            for (at, rule), places in zip(rules, located, strict=True)
        )
        return plan

    def _positions(self, kind: str, position: Any, count: int) -> range:
        if kind not in ("input", "output", "shape", "dtype"):
            return range(0)
        if kind != "output" and self.variadic and position == len(self.inputs) - 1:
            return range(position, count)
        return range(position, position + 1)

    def _argument(self, kind: str, where: Any, keep: dict[str, list[int]], count: int) -> tuple[int, Any]:
        """Kind and index of an argument in a node, whose `saved` holds tensors first, then plain values."""
        if kind == "grad":
            return GRAD, where
        if kind == "grads":
            return GRADS, None
        if kind == "attr":
            return ATTR, where
        if kind in ("needs", "recorded"):
            return NEEDS if kind == "needs" else RECORDED, None
        start = {"input": 0, "output": len(keep["input"])}
        start["shape"] = start["output"] + len(keep["output"])
        start["dtype"] = start["shape"] + len(keep["shape"])
        single = SAVED if kind in ("input", "output") else VALUE
        positions = self._positions(kind, where, count)
        found = tuple((single, start[kind] + keep[kind].index(p)) for p in positions)
        if kind != "output" and self.variadic and where == len(self.inputs) - 1:
            return VARIADIC, found
        return found[0]
