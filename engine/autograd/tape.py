"""What is recorded: an op's application becomes a node that knows its parents and keeps what its rule reads.

Nodes point from results to operands and never back, so a graph that nobody holds any more is freed at once:
what a rule reads of the op's own results is kept as an alias without the link to the node.
"""

import itertools
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from engine.autograd.failures import FAILURES, apart, explained, too_large
from engine.autograd.hooks import LeafHooks
from engine.autograd.mode import MODE
from engine.autograd.node import Node, Packed, Version
from engine.device import Device
from engine.dtypes import NARROW, SMOOTH_KINDS
from engine.errors import NotDifferentiable
from engine.ops import Op
from engine.ops.complex import COMPLEX_RULES

V = TypeVar("V", bound="Variable")

_serials = itertools.count()


class Variable:
    """The part of a tensor that the tape knows. `engine.tensor.Tensor` gives it its methods.

    _version is None until somebody else shares the memory or reads this tensor's version.
    _hooks isn't set at all, to cost nothing, but in leaves with hooks.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_device",
        "_hooks",
        "_node",
        "_requires",
        "_seen",
        "_slot",
        "_version",
        "_view_of",
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
    # of a view, the tensor that owns the memory
    _view_of: "Variable | None"
    _hooks: LeafHooks
    grad: Any

    @staticmethod
    def __op__(op: Op, inputs: tuple[Any, ...], attrs: tuple[Any, ...]) -> Any:
        """How a rule's call of an op arrives here."""
        return apply(op, inputs, attrs) if len(op.outputs) == 1 else apply_several(op, inputs, attrs)


# what results are made of; engine.tensor puts its class here
_result: Any = Variable
_new = object.__new__
# how many blocks, in all threads, have to see what is recorded: detect_anomaly and saved_tensors_hooks
_watchers = 0
_watch_lock = threading.Lock()


def results_are(tensor_type: type[Variable]) -> None:
    """Make every op's results of this class, which must add no slots to Variable."""
    global _result
    _result = tensor_type


def watch(change: int) -> None:
    """One more (1) or one less (-1) block that has to see what is recorded."""
    global _watchers
    with _watch_lock:
        _watchers += change


# what is given each op with its operands, and gives the operands to take instead; None, which costs nothing,
# while no thread asks for it
_prepare: Callable[[Op, tuple[Any, ...]], tuple[Any, ...]] | None = None


def prepare_operands(function: Callable[[Op, tuple[Any, ...]], tuple[Any, ...]] | None) -> None:
    """Let `function` choose the operands of every op, on every thread; None to take them as they are."""
    global _prepare
    _prepare = function


def wrap(data: Any, device: Device, tensor_type: type[Variable] | None = None) -> Any:
    """A tensor around an array of the device's backend, without copying it."""
    out = _new(tensor_type or _result)
    out._data = data
    out._device = device
    out._node = out._version = out._view_of = out.grad = None
    out._slot = 0
    out._requires = False
    return out


def unary(op: Op, x: V, attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of one operand and one result."""
    if op.view:
        return viewed(op, x, attrs)
    if _prepare is not None:
        (x,) = _prepare(op, (x,))
    device = x._device
    try:
        if NARROW and x._data.dtype in NARROW:
            data = _widened(op, device, (x._data,), attrs)
        else:
            kernel = device.kernels[op.name]
            # without a tuple to unpack, a call takes a third less
            data = kernel(x._data, *attrs) if attrs else kernel(x._data)
    except FAILURES as error:
        raise explained(op, (x,), attrs, error) from error
    if data.__class__ is not device.array_type:
        data = device.as_array(data)
    out: Any = _new(_result)
    out._data = data
    out._device = device
    out._node = out._version = out._view_of = out.grad = None
    out._slot = 0
    out._requires = False
    if x._requires and MODE.enabled and not op.constant:
        record(op, (x,), attrs, (out,))
    return out  # type: ignore[no-any-return]  # the result class is chosen at run time


def viewed(op: Op, x: V, attrs: tuple[Any, ...]) -> V:
    """Apply an op whose result shares its operand's memory, and thereby its version.

    A kernel may have copied instead, where there is no such view (reshape).
    """
    if _prepare is not None:
        (x,) = _prepare(op, (x,))
    device = x._device
    source = x._data
    try:
        kernel = device.kernels[op.name]
        # most views have one attribute; unpacking takes as long as some of them
        data = kernel(source, attrs[0]) if len(attrs) == 1 else kernel(source, *attrs)
    except FAILURES as error:
        raise explained(op, (x,), attrs, error) from error
    if data.__class__ is not device.array_type:
        data = device.as_array(data)
    out: Any = _new(_result)
    out._data = data
    out._device = device
    out._node = out._version = out._view_of = out.grad = None
    out._slot = 0
    out._requires = False
    owner = data.base
    # what NumPy makes by strides names its operand in one step more
    if owner is not None and (
        owner is source or owner is source.base or getattr(owner, "base", None) is source
    ):
        if x._version is None:
            x._version = Version()
        out._version = x._version
        out._view_of = x if x._view_of is None else x._view_of
    if x._requires and MODE.enabled:
        record(op, (x,), attrs, (out,))
    return out  # type: ignore[no-any-return]  # it is a Tensor


def binary(op: Op, a: V, b: V, attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of two operands and one result."""
    if _prepare is not None:
        a, b = _prepare(op, (a, b))
    device = a._device
    if b._device is not device:
        raise apart(op, (a, b))
    try:
        if NARROW and (a._data.dtype in NARROW or b._data.dtype in NARROW):
            data = _widened(op, device, (a._data, b._data), attrs)
        else:
            kernel = device.kernels[op.name]
            data = kernel(a._data, b._data, *attrs) if attrs else kernel(a._data, b._data)
    except FAILURES as error:
        raise explained(op, (a, b), attrs, error) from error
    if data.__class__ is not device.array_type:
        data = device.as_array(data)
    out: Any = _new(_result)
    out._data = data
    out._device = device
    out._node = out._version = out._view_of = out.grad = None
    out._slot = 0
    out._requires = False
    if (a._requires or b._requires) and MODE.enabled and not op.constant:
        record(op, (a, b), attrs, (out,))
    return out  # type: ignore[no-any-return]  # it is a Tensor


def apply(op: Op, inputs: tuple[V, ...], attrs: tuple[Any, ...] = ()) -> V:
    """Apply an op of any number of operands (at least one) and one result."""
    if len(inputs) == 1:
        return unary(op, inputs[0], attrs)
    if len(inputs) == 2:
        return binary(op, *inputs, attrs)
    if _prepare is not None:
        inputs = _prepare(op, inputs)
    data, wanted = _computed(op, inputs, attrs)
    out = wrap(data, inputs[0]._device)
    if wanted and not op.constant and MODE.enabled:
        record(op, inputs, attrs, (out,))
    return out  # type: ignore[no-any-return]  # it is a Tensor


def apply_several(op: Op, inputs: tuple[V, ...], attrs: tuple[Any, ...] = ()) -> tuple[V, ...]:
    """Apply an op of several results."""
    if _prepare is not None:
        inputs = _prepare(op, inputs)
    device = inputs[0]._device
    results, wanted = _computed(op, inputs, attrs)
    outs = tuple([wrap(data, device) for data in results])
    if wanted and not op.constant and MODE.enabled:
        record(op, inputs, attrs, outs)
    return outs


def create(op: Op, device: Device, attrs: tuple[Any, ...]) -> Any:
    """Apply an op without operands."""
    try:
        data = device.kernels[op.name](*attrs)
    except MemoryError as error:
        raise too_large(op, error) from error
    return wrap(data if data.__class__ is device.array_type else device.as_array(data), device)


def overwrite(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...] = ()) -> None:
    """Apply an op that changes operands in place. Nothing is recorded: the caller has seen to it."""
    device = inputs[0]._device
    arrays: list[Any] = []
    for x in inputs:
        if x._device is not device:
            raise apart(op, inputs)
        arrays.append(x._data)
    try:
        if NARROW and any(array.dtype in NARROW for array in arrays):
            _widened(op, device, arrays, attrs)
        else:
            device.kernels[op.name](*arrays, *attrs)
    except FAILURES as error:
        raise explained(op, inputs, attrs, error) from error
    for position in op.mutates:
        changed = inputs[position]
        version = changed._version
        if version is None:
            version = changed._version = Version()
        version.values += 1


def _computed(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...]) -> tuple[Any, bool]:
    """What the kernel gives, one array or several, and whether an operand wants a gradient."""
    device = inputs[0]._device
    arrays: list[Any] = []
    wanted = False
    for x in inputs:
        if x._device is not device:
            raise apart(op, inputs)
        arrays.append(x._data)
        if x._requires:
            wanted = True
    try:
        if NARROW and any(array.dtype in NARROW for array in arrays):
            data = _widened(op, device, arrays, attrs)
        else:
            data = device.kernels[op.name](*arrays, *attrs)
    except FAILURES as error:
        raise explained(op, inputs, attrs, error) from error
    if len(op.outputs) == 1:
        return data if data.__class__ is device.array_type else device.as_array(data), wanted
    return [device.as_array(each) for each in data], wanted


def _widened(op: Op, device: Device, arrays: Sequence[Any], attrs: tuple[Any, ...]) -> Any:
    """What an op's kernel gives where an operand is of half precision."""
    kernel = device.kernels[op.name]
    if op.view or device.backend.widened is None:
        return kernel(*arrays, *attrs)
    return device.backend.widened(kernel, op.name, arrays, attrs, op.mutates)


def record(op: Op, inputs: tuple[Variable, ...], attrs: tuple[Any, ...], outs: tuple[Variable, ...]) -> None:
    """Make `outs` the results of an op in the graph, whoever has computed them."""
    parents: list[Node | Variable | None] = []
    slots: list[int] = []
    needs: tuple[bool, ...] = ()
    for x in inputs:
        if x._requires:
            if x._node is None:
                parents.append(x)
            else:
                if x._version is not None and x._version.history != x._seen:
                    _renew(x)
                parents.append(x._node)
            slots.append(x._slot)
            needs += (True,)
        else:
            parents.append(None)
            slots.append(0)
            needs += (False,)
    node = Node()
    node.plan = plan = op.plan(needs)
    node.op = op
    node.attrs = attrs
    node.device = inputs[0]._device
    node.parents = parents
    node.slots = slots
    node.serial = next(_serials)
    node.hooks = None
    node.shapes = (outs[0]._data.shape,) if len(outs) == 1 else tuple([out._data.shape for out in outs])
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
    if _watchers:
        noted(node, len(plan.keep_inputs) + len(plan.keep_outputs))
    for slot, out in enumerate(outs):
        kind = out._data.dtype.kind
        if (op.parts or op.differentiable_outputs[slot]) and kind in SMOOTH_KINDS:
            if kind == "c" and op.name not in COMPLEX_RULES:
                raise NotDifferentiable(
                    f"the gradient of {op.name!r} isn't written for complex numbers; detach() its operands, "
                    "or compute it of their real and imaginary parts"
                )
            out._node = node
            out._slot = slot
            out._requires = True
            out._seen = 0 if out._version is None else out._version.history


def noted(node: Node, kept: int) -> None:
    """What detect_anomaly and saved_tensors_hooks do to a fresh node, of which `kept` tensors are kept."""
    if MODE.anomaly is not None:
        node.hooked().made_at = traceback.format_stack()[:-2]
    if MODE.packing and node.saved is not None:
        pack, unpack = MODE.packing[-1]
        for k, entry in enumerate(node.saved[:kept]):
            if entry is None:
                continue
            shown = wrap(entry[0] if len(entry) == 4 else entry[0]._data, node.device)
            before, MODE.packing, MODE.enabled = (MODE.packing, MODE.enabled), (), False
            try:
                held = Packed(unpack, pack(shown))
            finally:
                MODE.packing, MODE.enabled = before
            if len(entry) == 4:
                held.node, held.slot = "result", entry[3]
                held.requires = node.op.differentiable_outputs[entry[3]]
            else:
                x = entry[0]
                held.node, held.slot, held.requires = x._node, x._slot, x._requires
                held.variable = x if x._node is None and x._requires else None
            node.saved[k] = held


def serial_now() -> int:
    """A number below those of all nodes to come, above those of all that are."""
    return next(_serials)


# gives a view whose base has another history by now a history of its own; engine.autograd.views puts it here
_renew: Callable[[Variable], None]


def views_renew_by(renew: Callable[[Variable], None]) -> None:
    """Give views whose base was changed in place a history by this function."""
    global _renew
    _renew = renew


def check_history(x: Variable) -> None:
    """Bring a view up to date whose base was since changed in place by a recorded operation."""
    if x._version is not None and x._version.history != x._seen:
        _renew(x)
