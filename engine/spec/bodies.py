"""Reading the layers of a model or a block, and putting a graph in running order."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.spec.complaints import Complaints, at, nearest, show
from engine.spec.nodes import INPUT, LARGEST_MODEL, Node, read_node
from engine.spec.references import REFERENCE, source_of
from engine.spec.wiring import arrows, find_cycle, in_order, not_reaching

MOST_OUTPUTS = 8


@dataclass
class Body:
    """The layers of a model or a block, in an order in which each comes after its inputs.

    outputs: references to what it gives; empty while that isn't known
    """

    pointer: str
    style: Literal["layers", "nodes"]
    nodes: list[Node]
    outputs: tuple[str, ...]


def read_body(
    document: Mapping[str, Any], pointer: str, blocks: Collection[str], complaints: Complaints
) -> Body | None:
    if ("layers" in document) == ("nodes" in document):
        both = "both layers and nodes are given" if "layers" in document else "layers is missing"
        complaints.add(pointer, f"{both}; give either layers (a list, run in order) or nodes (a graph)")
        return None
    style: Literal["layers", "nodes"] = "layers" if "layers" in document else "nodes"
    items = document[style]
    place = at(pointer, style)
    if not isinstance(items, list) or not 0 < len(items) <= LARGEST_MODEL:
        complaints.add(place, f"{style} is {show(items)}, not a list of 1 to {LARGEST_MODEL} {style}")
        return None
    nodes: list[Node | None] = []
    for index, item in enumerate(items):
        nodes.append(read_node(item, at(place, index), style, index, blocks, complaints))
    is_complete = _distinct(nodes, complaints)
    kept = [node for node in nodes if node is not None]
    if style == "layers":
        if "output" in document:
            complaints.add(
                at(pointer, "output"), "a layer list gives the value of its last layer; output is for graphs"
            )
        for before, node in zip([None, *nodes], nodes, strict=False):
            if node is not None:
                node.inputs = (before.name if before is not None else INPUT,)
        return Body(pointer, style, kept, (kept[-1].name,)) if is_complete else None
    outputs = _read_outputs(document, pointer, complaints) if "output" in document else ()
    return _wired(Body(pointer, style, kept, outputs or ()), is_complete and outputs is not None, complaints)


def _read_outputs(
    document: Mapping[str, Any], pointer: str, complaints: Complaints
) -> tuple[str, ...] | None:
    """One name, or of a whole model a list of several; None after a complaint."""
    output, is_model = document["output"], pointer == ""
    names = output if isinstance(output, list) and is_model else [output]
    if 0 < len(names) <= MOST_OUTPUTS and all(isinstance(n, str) and REFERENCE.match(n) for n in names):
        return tuple(names)
    what = (
        f"the name of a node or a list of 1 to {MOST_OUTPUTS} names" if is_model else "the name of one node"
    )
    complaints.add(at(pointer, "output"), f"output is {show(output)}, not {what}")
    return None


def _distinct(nodes: list[Node | None], complaints: Complaints) -> bool:
    """Names within a body differ; complains about the later one. False also where a node couldn't be read."""
    first: dict[str, Node] = {}
    is_complete = True
    for node in nodes:
        if node is None:
            is_complete = False
        elif node.name in first:
            earlier = first[node.name].pointer
            place = at(node.pointer, "name") if node.is_named else node.pointer
            complaints.add(
                place, f"the name {show(node.name)} is taken by {earlier}; names within a body must differ"
            )
            is_complete = False
        else:
            first[node.name] = node
    return is_complete


def _wired(body: Body, is_complete: bool, complaints: Complaints) -> Body | None:
    """The graph in running order with its output known, or None with complaints about its wiring."""
    names = {node.name for node in body.nodes}
    before = len(complaints)
    for node in body.nodes:
        for position, source in enumerate(node.inputs):
            if source_of(source) not in names and source_of(source) != INPUT and is_complete:
                place = at(node.pointer, "inputs", position)
                complaints.add(place, f"there is no node {show(source)}{nearest(source, [*names, INPUT])}")
    # beside the value of a node a model may give what it was given, for a loss to compare the two
    given = names | {INPUT} if len(body.outputs) > 1 else names
    for position, output in enumerate(body.outputs):
        if source_of(output) not in given and is_complete:
            detail = f"there is no node {show(output)} to give as the output{nearest(output, names)}"
            complaints.add(output_place(body, position), detail)
    if not is_complete or len(complaints) > before:
        return None
    edges = {
        node.name: [source_of(source) for source in node.inputs if source_of(source) != INPUT]
        for node in body.nodes
    }
    cycle = find_cycle(edges)
    if cycle:
        place = next(node.pointer for node in body.nodes if node.name == cycle[0])
        complaints.add(
            at(place, "inputs"),
            f"the nodes run in a circle: {arrows(cycle)}; each must come from earlier ones",
        )
        return None
    used = {source for sources in edges.values() for source in sources}
    ends = [name for name in edges if name not in used]
    if not body.outputs and len(ends) > 1:
        listed = ", ".join(ends[:8]) + (", ..." if len(ends) > 8 else "")
        complaints.add(
            body.pointer,
            f"{len(ends)} nodes are used by no other ({listed}), and a model gives one value; "
            "name it in output",
        )
        return None
    outputs = body.outputs or (ends[0],)
    for name in not_reaching(edges, [source_of(output) for output in outputs]):
        place = next(node.pointer for node in body.nodes if node.name == name)
        way = ", ".join(map(show, outputs[:4])) + (", ..." if len(outputs) > 4 else "")
        complaints.add(
            place, f"{show(name)} is never used on the way to the output {way}; remove it or wire it in"
        )
    by_name = {node.name: node for node in body.nodes}
    return Body(body.pointer, "nodes", [by_name[name] for name in in_order(edges)], outputs)


def output_place(body: Body, position: int) -> str:
    """The pointer to one of its outputs."""
    if body.style == "layers":
        return body.pointer
    place = at(body.pointer, "output")
    return at(place, position) if len(body.outputs) > 1 else place
