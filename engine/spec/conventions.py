"""Axis 0 is always the batch: which arguments say otherwise, though PyTorch's defaults may."""

from typing import Any

from engine.spec.complaints import at, show
from engine.spec.entries import Entry, Part
from engine.spec.nodes import Node


def breach(node: Node, entry: Entry, values: dict[str, Any]) -> tuple[str, str] | None:
    """The pointer and the words of a complaint about a node's arguments, or None."""
    return _time_first(node, entry, values) or _one_for_all(node, entry, values)


def _time_first(node: Node, entry: Entry, values: dict[str, Any]) -> tuple[str, str] | None:
    """Layers of sequences take time before batch unless told."""
    pointer = node.pointer
    for name, value in values.items():
        if isinstance(value, Part):  # a layer that this one repeats
            entry, values, pointer = value.entry, value.values, at(pointer, name)
    if "batch_first" not in entry.arguments or values.get("batch_first"):
        return None
    detail = f'{entry.name} needs "batch_first": true, since in a definition axis 0 is always the batch'
    return at(pointer, "batch_first") if "batch_first" in values else pointer, detail


def _one_for_all(node: Node, entry: Entry, values: dict[str, Any]) -> tuple[str, str] | None:
    """Losses give one number for a whole batch unless told."""
    if "reduction" not in entry.arguments:
        return None
    reduction = values.get("reduction", entry.arguments["reduction"].default)
    if reduction == "none":
        return None
    detail = (
        f"{entry.name} with the reduction {show(reduction)} gives one number for the whole batch, and a node "
        'gives something for each sample; write "reduction": "none"'
    )
    return at(node.pointer, "reduction") if "reduction" in values else node.pointer, detail
