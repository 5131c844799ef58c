"""What in-place changes do to a graph, and how what a node kept is read again.

A change in place computes the new values as usual and writes them into the memory. The changed tensor goes on
with the new values' history. Where it is a view, its base goes on with the history "the base before, with the
new values put at the view's place"; a view that was taken earlier becomes "the base now, read at its place"
as soon as it is used again.
"""

import sys
from typing import Any

import numpy as np

from engine.autograd.mode import MODE
from engine.autograd.node import Node, Packed, Version
from engine.autograd.places import coordinates_of, key_of
from engine.autograd.tape import Variable, record, views_renew_by, wrap
from engine.errors import NotDifferentiable
from engine.ops.shapes import EXPAND, INDEX, SLICE
from engine.ops.updates import PUT

# who holds a version that only one tensor and one view of it have: the two, a local name, the question itself
_ALONE = 4


def base_of(x: Variable) -> Variable | None:
    """The tensor whose memory a view shares; None for one that is no view."""
    return x._view_of


def check_writable(x: Variable, name: str, recorded: bool) -> None:
    """Refuse a change in place that would get no right history; `recorded`: whether one is wanted."""
    base = x._view_of
    if not recorded:
        if MODE.enabled and base is not None and base._requires and not x._requires:
            raise NotDifferentiable(
                f"{name}: this view was taken under no_grad() from a tensor that requires grad, so "
                "changing it "
                "would not be recorded; take the view again, or make the change under no_grad() too"
            )
        return
    if x._requires and x._node is None:
        raise NotDifferentiable(
            f"{name}: a leaf that requires grad can't be changed in place, since its gradient would then "
            "mean another value; do it under no_grad(), or out of place"
        )
    if base is not None and base._requires and base._node is None:
        raise NotDifferentiable(
            f"{name}: this is a view of a leaf that requires grad, which can't be changed in place; do it "
            "under "
            "no_grad(), or clone() the leaf first"
        )
    root = x if base is None else base
    version = root._version
    if not root._requires and version is not None and sys.getrefcount(version) > _ALONE - (base is None):
        raise NotDifferentiable(
            f"{name}: the memory of this tensor of shape {tuple(x._data.shape)} is shared with views or "
            "detached "
            "tensors that were taken before anything in it required grad, and they would miss this change's "
            "gradient; take the views after it, or put the parts together with stack() or cat()"
        )


def keep_values(result: Variable, x: Variable, since: int) -> None:
    """Before x becomes `result`: give the nodes made after `since` a copy of what they kept of x."""
    found: Any = None
    stack = [result._node]
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node.__class__ is not Node or node.serial < since or node in seen:
            continue
        seen.add(node)
        for k, entry in enumerate(node.saved or ()):
            if entry.__class__ is tuple and len(entry) == 2 and entry[0] is x:
                if found is None:
                    found = wrap(x._device.kernels["clone"](x._data), x._device)
                    found._node, found._slot, found._requires, found._seen = x._node, x._slot, x._requires, 0
                node.saved[k] = (found, 0)  # type: ignore[index]  # it was just iterated over
        stack.extend(node.parents)  # type: ignore[arg-type]  # leaves are skipped above


def adopt(x: Variable, result: Variable) -> None:
    """Let x, just overwritten with the values of `result`, go on with result's history."""
    base = base_of(x)
    if base is None and result._requires:
        _move_retained(x, result)
        _goes_on(x, result._node, result._slot, True)
        return
    assigned(x, result, (), (Ellipsis,))
    if result._requires:
        x._node, x._slot, x._seen = result._node, result._slot, x._version.history  # type: ignore[union-attr]  # it has a version: it was just changed


def assigned(x: Variable, source: Variable, indices: tuple[Variable, ...], key: tuple[Any, ...]) -> None:
    """Record what has just been done: x[key] = source, with `key` as in the op "index"."""
    base = base_of(x)
    if base is None:
        put(x, source, indices, key)
        return
    rest = iter([i._data for i in indices])
    selection = tuple(next(rest) if part is True else part for part in key)
    # a selection by ints and slices is itself a view of the base
    direct = (
        None
        if indices
        else key_of(base._data, x._data[(*selection, *([] if Ellipsis in key else [Ellipsis]))])
    )
    if direct is not None:
        put(base, source, (), direct)
    else:
        places = [i[selection] for i in coordinates_of(base._data, x._data)]
        put(base, source, tuple(wrap(np.asarray(i), x._device) for i in places), (True,) * len(places))
    renew(x)


def put(x: Variable, source: Variable, indices: tuple[Variable, ...], key: tuple[Any, ...]) -> None:
    """Record what has just been done: x[key] = source, of a tensor that is no view."""
    before = wrap(x._data, x._device)
    before._node, before._slot, before._requires = x._node, x._slot, x._requires
    before._seen = 0
    after = wrap(x._data, x._device)
    record(PUT, (before, source, *indices), (key,), (after,))
    _move_retained(x, after)
    _goes_on(x, after._node, after._slot, True)


def _goes_on(x: Variable, node: Node | None, slot: int, requires: bool) -> None:
    version = x._version
    if version is None:
        version = x._version = Version()
    version.history += 1
    x._seen = version.history
    x._node, x._slot, x._requires = node, slot, requires


def _move_retained(x: Variable, result: Variable) -> None:
    """retain_grad() means the tensor as it is at last."""
    node = x._node
    if node is None or node.hooks is None or result._node is None:
        return
    mine = [reference for reference in node.hooks.retained if reference() is x]
    if mine:
        node.hooks.retained = [reference for reference in node.hooks.retained if reference() is not x]
        result._node.hooked().retained.extend(mine)


def renew(x: Variable) -> None:
    """Give a view the history of its base as it is now."""
    base = base_of(x)
    if base is None or base._version is None or base._version.history != base._seen:
        raise NotDifferentiable(
            f"this tensor of shape {tuple(x._data.shape)} shares memory that was since changed in place by a "
            "recorded operation, so its gradient would be that of the old values; take it again after "
            "the change"
        )
    if not base._data.shape:
        record(EXPAND, (base,), (x._data.shape,), (x,))
        return
    key = key_of(base._data, x._data)
    if key is not None:
        record(SLICE, (base,), (key,), (x,))
        return
    places = tuple(wrap(i, x._device) for i in coordinates_of(base._data, x._data))
    record(INDEX, (base, *places), ((True,) * len(places),), (x,))


views_renew_by(renew)


def unpack(node: Node, entry: Any) -> Any:
    """A saved tensor, if its values are still those that the op saw."""
    if entry.__class__ is Packed:
        return _unpacked(node, entry)
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


def _unpacked(node: Node, held: Packed) -> Any:
    given = held.unpack(held.packed)
    if not isinstance(given, Variable):
        raise NotDifferentiable(
            f"saved_tensors_hooks: unpack must return the tensor that was packed, and it returned "
            f"{type(given).__name__}"
        )
    again = wrap(given._data, given._device)
    if held.variable is not None:
        record(EXPAND, (held.variable,), (again._data.shape,), (again,))
    elif held.requires:
        again._node = node if held.node == "result" else held.node
        again._slot, again._requires, again._seen = held.slot, True, 0
    return again
