"""What is recorded: an op's application becomes a node that knows its parents and keeps what its rule reads.

Nodes point from results to operands and never back, so a graph that nobody holds any more is freed at once:
what a rule reads of the op's own results is kept as an alias without the link to the node.
"""

import itertools
from typing import Any, TypeVar

from engine.autograd.mode import MODE
from engine.backends import META, MetaArray
from engine.device import Device
from engine.errors import DeviceError, EngineError, IndexError_, NotDifferentiable, ShapeError
from engine.ops import Op, Plan

V = TypeVar("V", bound="Variable")

_serials = itertools.count()
# what a kernel raises where its operands don't fit; the meta kernel then says it in our words
_FAILURES = (ValueError, TypeError, IndexError)


class Version:
    """How often the memory that a tensor and its views share was overwritten.

    values: by anything
    history: by an operation that was recorded, after which views taken before have a wrong history
    """

    # class attributes rather than an __init__: one is made for every result that a rule keeps
    values = 0
    history = 0


class Node:
    """One recorded application of an op.

    parents: per operand a Node, a leaf that gathers its gradient, or None
    slots: per operand, of which of the parent's outputs it is
    shapes: of the outputs
    saved: (tensor, version of its values) of operands, (array, version of its values, Version, slot) of
        results, then plain values; None once freed
    """

    __slots__ = ("attrs", "device", "op", "parents", "plan", "retained", "saved", "serial", "shapes", "slots")

    op: Op
    plan: Plan
    device: Device
    attrs: tuple[Any, ...]
    parents: "list[Node | Variable | None]"
    slots: list[int]
    shapes: tuple[tuple[int, ...], ...]
    saved: list[Any] | None
    serial: int
    # non-leaf tensors that asked for their gradient, weakly
    retained: list[Any] | None

    def name(self) -> str:
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward0"

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Variable:
    """The part of a tensor that the tape knows. `engine.tensor.Tensor` gives it its methods.

    _version is None until somebody else shares the memory or reads this tensor's version.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_device",
        "_node",
        "_requires",
        "_seen",
        "_slot",
        "_version",
        "grad",
    )

    _data: Any
    _device: Device
    _node: Node | None
    # which output of the node, and at which version of the history the two belonged together
    _slot: int
    _seen: int
    _requires: bool
    _version: Version | None
    grad: Any

    @staticmethod
    def __op__(op: Op, inputs: tuple[Any, ...], attrs: tuple[Any, ...]) -> Any:
        """How a rule's call of an op arrives here."""
        return apply(op, inputs, attrs) if len(op.outputs) == 1 else apply_several(op, inputs, attrs)


# what results are made of; engine.tensor puts its class here
_result: Any = Variable
_new = object.__new__


def results_are(tensor_type: type[Variable]) -> None:
    """Make every op's results of this class, which must add no slots to Variable."""
    global _result
    _result = tensor_type


def wrap(data: Any, device: Device, tensor_type: type[Variable] | None = None) -> Any:
    """A tensor around an array of the device's backend, without copying it."""
    out = _new(tensor_type or _result)
    out._data = data
    out._device = device
    out._node = None
    out._slot = 0
    out._requires = False
    out._version = None
    out.grad = None
    return out


def unary(op: Op, x: V, attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of one operand and one result."""
    device = x._device
    try:
        data = device.kernels[op.name](x._data, *attrs)
    except _FAILURES as error:
        raise _explained(op, (x,), attrs, error) from error
    if data.__class__ is not device.array_type:
        data = device.as_array(data)
    out: Any = _new(_result)
    out._data = data
    out._device = device
    out._node = None
    out._slot = 0
    out._requires = False
    out._version = None
    out.grad = None
    if op.view:
        _share(x, out)
    if x._requires and MODE.enabled and not op.constant:
        _record(op, (x,), attrs, (out,))
    return out  # type: ignore[no-any-return]  # the result class is chosen at run time


def binary(op: Op, a: V, b: V, attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of two operands and one result."""
    device = a._device
    if b._device is not device:
        raise _apart(op, (a, b))
    try:
        data = device.kernels[op.name](a._data, b._data, *attrs)
    except _FAILURES as error:
        raise _explained(op, (a, b), attrs, error) from error
    if data.__class__ is not device.array_type:
        data = device.as_array(data)
    out: Any = _new(_result)
    out._data = data
    out._device = device
    out._node = None
    out._slot = 0
    out._requires = False
    out._version = None
    out.grad = None
    if (a._requires or b._requires) and MODE.enabled and not op.constant:
        _record(op, (a, b), attrs, (out,))
    return out  # type: ignore[no-any-return]


def apply(op: Op, inputs: tuple[V, ...], attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of any number of operands (at least one) and one result."""
    if len(inputs) == 1:
        return unary(op, inputs[0], attrs)
    out = wrap(_computed(op, inputs, attrs), inputs[0]._device)
    if not op.constant and MODE.enabled and any(x._requires for x in inputs):
        _record(op, inputs, attrs, (out,))
    return out  # type: ignore[no-any-return]


def apply_several(op: Op, inputs: tuple[V, ...], attrs: tuple[Any, ...] = ()) -> tuple[V, ...]:
    """Apply an op of several results."""
    outs = tuple(wrap(data, inputs[0]._device) for data in _computed(op, inputs, attrs))
    if not op.constant and MODE.enabled and any(x._requires for x in inputs):
        _record(op, inputs, attrs, outs)
    return outs


def create(op: Op, device: Device, attrs: tuple[Any, ...]) -> Any:
    """Apply an op without operands."""
    return wrap(device.as_array(device.kernels[op.name](*attrs)), device)


def overwrite(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...] = ()) -> None:
    """Apply an op that changes operands in place. Nothing is recorded: the caller has seen to it."""
    device = inputs[0]._device
    for x in inputs:
        if x._device is not device:
            raise _apart(op, inputs)
    try:
        device.kernels[op.name](*[x._data for x in inputs], *attrs)
    except _FAILURES as error:
        raise _explained(op, inputs, attrs, error) from error
    for position in op.mutates:
        changed = inputs[position]
        version = changed._version
        if version is None:
            version = changed._version = Version()
        version.values += 1


def keep_values(node: Node | None, x: Variable) -> None:
    """Before x is overwritten with a result of `node`: give the node a copy of what it kept of x."""
    if node is None or node.saved is None:
        return
    saved = node.saved
    for k, entry in enumerate(saved):
        if entry.__class__ is tuple and len(entry) == 2 and entry[0] is x:
            copy = wrap(x._device.kernels["clone"](x._data), x._device)
            copy._node, copy._slot, copy._requires, copy._seen = x._node, x._slot, x._requires, 0
            saved[k] = (copy, 0)


def rebase(x: Variable, result: Variable) -> None:
    """Let x, just overwritten with the values of `result`, go on with result's history."""
    version = x._version
    if version is None:
        version = x._version = Version()
    version.history += 1
    x._seen = version.history
    x._node, x._slot, x._requires = result._node, result._slot, result._requires


def _computed(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...]) -> Any:
    device = inputs[0]._device
    for x in inputs:
        if x._device is not device:
            raise _apart(op, inputs)
    try:
        data = device.kernels[op.name](*[x._data for x in inputs], *attrs)
    except _FAILURES as error:
        raise _explained(op, inputs, attrs, error) from error
    if len(op.outputs) == 1:
        return device.as_array(data)
    return [device.as_array(each) for each in data]


def _share(x: Variable, out: Variable) -> None:
    """Give a view the version of its base. A kernel may have copied instead (reshape)."""
    owner = out._data.base
    if owner is not None and (owner is x._data or owner is x._data.base):
        if x._version is None:
            x._version = Version()
        out._version = x._version


def _record(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...], outs: tuple[Variable, ...]) -> None:
    parents: list[Node | Variable | None] = []
    slots: list[int] = []
    for x in inputs:
        if x._requires:
            parent = x._node
            slots.append(x._slot)
            if parent is None:
                parents.append(x)
            else:
                check_history(x)
                parents.append(parent)
        else:
            parents.append(None)
            slots.append(0)
    node = Node()
    node.plan = plan = op.plan(tuple([parent is not None for parent in parents]))
    node.op = op
    node.attrs = attrs
    node.device = inputs[0]._device
    node.parents = parents
    node.slots = slots
    node.serial = next(_serials)
    node.retained = None
    node.shapes = tuple([out._data.shape for out in outs])
    saved: list[Any] = []
    for position in plan.keep_inputs:
        x = inputs[position]
        saved.append((x, 0 if x._version is None else x._version.values))
    for position in plan.keep_outputs:
        # not the result itself, which points to this node
        out = outs[position]
        version = out._version
        if version is None:
            version = out._version = Version()
        saved.append((out._data, version.values, version, position))
    for position in plan.keep_shapes:
        saved.append(inputs[position]._data.shape)
    for position in plan.keep_dtypes:
        saved.append(inputs[position]._data.dtype)
    node.saved = saved
    for slot, out in enumerate(outs):
        if op.differentiable_outputs[slot] and out._data.dtype.kind == "f":
            out._node = node
            out._slot = slot
            out._requires = True
            out._seen = 0 if out._version is None else out._version.history


def check_history(x: Variable) -> None:
    """Refuse a view whose base was since changed in place by a recorded operation."""
    if x._version is not None and x._version.history != x._seen:
        raise NotDifferentiable(
            f"this view of shape {tuple(x._data.shape)} was taken before its base was changed in place, so "
            "its gradient would be that of the old values; take the view again after the change"
        )


def unpack(node: Node, entry: Any) -> Any:
    """A saved tensor, if its values are still those that the op saw."""
    kept, expected = entry[0], entry[1]
    version = entry[2] if len(entry) == 4 else kept._version
    now = 0 if version is None else version.values
    if now != expected:
        shape = kept.shape if len(entry) == 4 else kept._data.shape
        raise NotDifferentiable(
            f"a tensor of shape {tuple(shape)} that the gradient of {node.op.name!r} needs was "
            f"changed in place: it is at version {now}, expected version {expected}; clone() it before the "
            "change, or use the operation that isn't in place"
        )
    if len(entry) == 2:
        return kept
    again = wrap(kept, node.device)
    again._version = version
    if node.op.differentiable_outputs[entry[3]]:
        # the op's own result: for the gradient's gradient it needs its history, for as long as the rule runs
        again._node, again._slot, again._requires, again._seen = node, entry[3], True, version.history
    return again


def _apart(op: Op, inputs: tuple[Variable, ...]) -> DeviceError:
    devices = " and ".join(sorted({str(x._device) for x in inputs}))
    return DeviceError(f"{op.name}: its tensors are on {devices}; move them to one device with .to()")


def _explained(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...], error: Exception) -> Exception:
    """Why a kernel failed, in the words of the meta kernel where it objects as well."""
    if isinstance(error, EngineError):
        return error
    operands = [MetaArray(tuple(x._data.shape), x._data.dtype) for x in inputs]
    try:
        META.kernels[op.name](*operands, *attrs)
    except EngineError as better:
        return better
    except _FAILURES:
        pass
    if "read-only" in str(error):
        return EngineError(
            f"{op.name}: this memory can't be written to, being an expanded view or a read-only array; "
            "clone() it first"
        )
    shapes = ", ".join(str(tuple(x._data.shape)) for x in inputs)
    kind = IndexError_ if isinstance(error, IndexError) else ShapeError
    return kind(f"{op.name} of shapes {shapes}: {error}")
