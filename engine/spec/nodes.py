"""Reading one node of a definition: its type, name, inputs, repeat and arguments. No shapes yet."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.spec.absences import unknown
from engine.spec.bounds import LARGEST_SIZE
from engine.spec.complaints import Complaints, at, show
from engine.spec.entries import NAME_PATTERN, Entry
from engine.spec.functions import ALIASES
from engine.spec.layers import LAYERS
from engine.spec.network import RESERVED
from engine.spec.references import REFERENCE

INPUT = "input"
NAME = re.compile(NAME_PATTERN.replace("$", r"\Z"))
LARGEST_MODEL = 2048  # layers, with every block written out
LARGEST_REPEAT = 1024
KEYS = ("type", "name", "inputs", "repeat")  # of a node, beside its arguments


@dataclass
class Node:
    """One layer, function or block of a body."""

    pointer: str
    name: str
    type: str
    entry: Entry | None  # None for a block
    values: dict[str, Any]  # arguments as the constructor takes them
    inputs: tuple[str, ...]
    repeat: int = 1
    is_named: bool = True
    is_whole: bool = True  # False if an argument was at fault: then it can't be built


def read_node(
    item: Any, pointer: str, style: str, index: int, blocks: Collection[str], complaints: Complaints
) -> Node | None:
    """A node, or None where its type or name can't be told."""
    if not isinstance(item, Mapping):
        complaints.add(pointer, f'a layer is {show(item)}, not an object such as {{"type": "ReLU"}}')
        return None
    before = len(complaints)
    entry, is_known = _read_type(item, pointer, blocks, complaints)
    name = _read_name(item, pointer, style, index, complaints)
    takes = _takes(entry, is_known, item)
    inputs = _read_inputs(item, pointer, style, takes, complaints)
    repeat = _read_repeat(item, pointer, is_known and entry is None, complaints)
    values = _read_arguments(item, pointer, entry, complaints) if is_known else {}
    if name is None or inputs is None:
        return None
    is_whole = len(complaints) == before
    return Node(
        pointer,
        name,
        item["type"] if is_known else "",
        entry,
        values,
        inputs,
        repeat,
        "name" in item,
        is_whole,
    )


def _read_type(
    item: Mapping[str, Any], pointer: str, blocks: Collection[str], complaints: Complaints
) -> tuple[Entry | None, bool]:
    kind = item.get("type")
    if isinstance(kind, str) and (kind in LAYERS or kind in blocks):
        return (None if kind in blocks else LAYERS[kind]), True
    if "type" not in item:
        complaints.add(pointer, 'type is missing; name a layer, such as {"type": "Linear"}')
    elif not isinstance(kind, str):
        complaints.add(at(pointer, "type"), f"type is {show(kind)}, not the name of a layer")
    else:
        other = f"{kind} is another name of {ALIASES[kind]}; write that" if kind in ALIASES else None
        complaints.add(at(pointer, "type"), other or unknown("layer type", kind, [*LAYERS, *blocks]))
    return None, False


def _read_name(
    item: Mapping[str, Any], pointer: str, style: str, index: int, complaints: Complaints
) -> str | None:
    if "name" not in item:
        if style == "layers":
            return str(index)
        complaints.add(pointer, "name is missing; every node of a graph has one")
        return None
    name, place = item["name"], at(pointer, "name")
    if not isinstance(name, str) or not NAME.match(name):
        dots = "; a dot would break the keys of the weights" if isinstance(name, str) and "." in name else ""
        complaints.add(place, f"name is {show(name)}; it must be 1 to 64 letters, digits, _ or -{dots}")
    elif name == INPUT or name in RESERVED:
        complaints.add(place, f"the name {show(name)} is reserved; choose another")
    else:
        return name
    return None if style == "nodes" else str(index)


def _takes(entry: Entry | None, is_known: bool, item: Mapping[str, Any]) -> tuple[Callable[[int], bool], str]:
    """Whether so many inputs fit the node's type, and how many would; an unknown type takes any."""
    if entry is not None:
        given = [name for name in item if name in entry.arguments]
        return (lambda count: entry.takes(count, given)), entry.inputs_words(given)
    return (lambda count: count == 1 or not is_known), "one input"


def _read_inputs(
    item: Mapping[str, Any],
    pointer: str,
    style: str,
    takes: tuple[Callable[[int], bool], str],
    complaints: Complaints,
) -> tuple[str, ...] | None:
    inputs, place = item.get("inputs"), at(pointer, "inputs")
    fits, words = takes
    if style == "layers":
        if "inputs" in item:
            detail = "in a layer list each layer takes the one before"
            complaints.add(place, f"{detail}; write the model as nodes to wire it yourself")
        elif not fits(1):
            complaints.add(
                at(pointer, "type"), f"{item['type']} takes {words}; write the model as nodes to give them"
            )
        return ()
    if "inputs" not in item:
        complaints.add(pointer, 'inputs is missing; name the nodes that it takes, or "input"')
        return None
    is_list = isinstance(inputs, list) and 0 < len(inputs) <= LARGEST_MODEL
    if not isinstance(inputs, list) or not is_list or not all(isinstance(name, str) for name in inputs):
        hint = f"; write [{show(inputs)}]" if isinstance(inputs, str) else ""
        complaints.add(place, f"inputs is {show(inputs)}, not a list of names of nodes{hint}")
        return None
    for position, reference in enumerate(inputs):
        if not REFERENCE.match(reference):
            detail = 'after the dot stands the number of one of its values, as in "lstm.1"'
            complaints.add(at(place, position), f"{show(reference)} is no node: {detail}")
            return None
    if not fits(len(inputs)):
        complaints.add(place, f"{len(inputs)} inputs are given; {item['type']} takes {words}")
    return tuple(inputs)


def _read_repeat(item: Mapping[str, Any], pointer: str, is_block: bool, complaints: Complaints) -> int:
    repeat, place = item.get("repeat", 1), at(pointer, "repeat")
    if "repeat" in item and not is_block:
        complaints.add(place, "only a block can be repeated; put the layer in a block")
    elif not is_size(repeat) or repeat > LARGEST_REPEAT:
        complaints.add(place, f"repeat is {show(repeat)}, not an integer from 1 to {LARGEST_REPEAT}")
    else:
        return int(repeat)
    return 1


def _read_arguments(
    item: Mapping[str, Any], pointer: str, entry: Entry | None, complaints: Complaints
) -> dict[str, Any]:
    given = {key: value for key, value in item.items() if key not in KEYS}
    if entry is None:
        for key in given:
            complaints.add(at(pointer, key), f"the block takes no arguments, yet {show(key)} is given")
        return {}
    return entry.read(given, pointer, complaints)


def is_size(value: Any) -> bool:
    """True for an integer that an axis may have (true is none)."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_SIZE
