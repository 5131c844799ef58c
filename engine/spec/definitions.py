"""Reading a model definition: a layer list, or a graph of named nodes, with blocks that are defined once and repeated.

    {"name": "simplenet",
     "input": {"shape": [1, 28, 28], "dtype": "float32"},
     "layers": [{"type": "Flatten"}, {"name": "fc1", "type": "Linear", "out_features": 128}, ...]}

A graph says `nodes` in place of `layers`. Every node has a `name` and `inputs`: names of nodes, or "input". Functions
(`add`, `cat`, `mean`, ...) stand beside modules. `output` names the node whose value the model gives; it may be left out
where only one node is used by no other.

    {"input": {"shape": [16]},
     "blocks": {"res": {"nodes": [{"name": "fc", "type": "Linear", "inputs": ["input"], "out_features": 16},
                                  {"name": "sum", "type": "add", "inputs": ["fc", "input"]}]}},
     "nodes": [{"name": "body", "type": "res", "inputs": ["input"], "repeat": 3},
               {"name": "head", "type": "Linear", "inputs": ["body"], "out_features": 10}]}

A block has the form of a model (`layers`, or `nodes` and `output`), takes one input and gives one output, and is named as
a type, in a list or in a graph, in the model or in another block. `repeat` chains that many copies, each with weights of its own.

Shapes are per sample: the batch axis is never written. Keys in the state dict are the path of names: `fc1.weight`,
`body.fc.weight`, with `repeat` `body.0.fc.weight`; a layer without a name is called by its index, as in nn.Sequential.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.spec.bounds import LARGEST_SIZE
from engine.spec.complaints import Complaints, at, is_text, nearest, show, unknown_fields
from engine.spec.layers import LAYERS
from engine.spec.nodes import INPUT, LARGEST_MODEL, NAME, Node, is_size, read_node
from engine.spec.wiring import find_cycle, in_order, not_reaching

INPUT_DTYPES = ("float32", "float64", "int64", "int32", "uint8")
DEEPEST_BLOCK = 16


@dataclass
class Body:
    """The layers of a model or a block, in an order in which each comes after its inputs."""

    pointer: str
    style: Literal["layers", "nodes"]
    nodes: list[Node]
    output: str | None


@dataclass
class Definition:
    name: str | None
    input_shape: tuple[int, ...] | None
    input_dtype: str | None
    body: Body | None
    blocks: dict[str, Body] = field(default_factory=dict)


def read_definition(document: Any, complaints: Complaints) -> Definition:
    """The definition as far as it can be read; every fault that needs no shapes goes to `complaints`."""
    if not isinstance(document, Mapping):
        complaints.add("", f"the definition is {show(document)}, not an object")
        return Definition(None, None, None, None)
    unknown_fields(document, ("name", "input", "layers", "nodes", "output", "blocks"), "", complaints)
    blocks = document.get("blocks", {})
    if not isinstance(blocks, Mapping):
        complaints.add("/blocks", f"blocks is {show(blocks)}, not an object of blocks by name")
        blocks = {}
    names = {key for key in blocks if _block_name(key, complaints)}
    shape, dtype = _read_input(document.get("input"), "input" in document, complaints)
    definition = Definition(
        _read_model_name(document, complaints), shape, dtype, _read_body(document, "", names, complaints)
    )
    for name in blocks:
        if name in names:
            body = _read_block(blocks[name], at("/blocks", name), names, complaints)
            if body is not None:
                definition.blocks[name] = body
    _check_blocks(definition, complaints)
    return definition


def _read_model_name(document: Mapping[str, Any], complaints: Complaints) -> str | None:
    name = document.get("name")
    if name is None or (isinstance(name, str) and 0 < len(name) <= 200 and is_text(name)):
        return name
    complaints.add("/name", f"name is {show(name)}, not a string of 1 to 200 printable characters")
    return None


def _read_input(
    value: Any, is_given: bool, complaints: Complaints
) -> tuple[tuple[int, ...] | None, str | None]:
    example = 'such as {"shape": [1, 28, 28], "dtype": "float32"}'
    if not isinstance(value, Mapping):
        complaints.add(
            "/input" if is_given else "",
            f"input is {show(value) if is_given else 'missing'}; it must be an object {example}",
        )
        return None, None
    unknown_fields(value, ("shape", "dtype"), "/input", complaints)
    dtype = value.get("dtype", "float32")
    if dtype not in INPUT_DTYPES if isinstance(dtype, str) else True:
        complaints.add("/input/dtype", f"dtype is {show(dtype)}, not one of {', '.join(INPUT_DTYPES)}")
        dtype = None
    shape = value.get("shape")
    if not isinstance(shape, list) or len(shape) > 8:
        fault = f"is {show(shape)}" if "shape" in value else "is missing"
        complaints.add(
            "/input/shape" if "shape" in value else "/input",
            f"shape {fault}; it must be a list of at most 8 sizes of one sample, {example}",
        )
        return None, dtype
    sizes = [is_size(size) for size in shape]
    for position, fits in enumerate(sizes):
        if not fits:
            complaints.add(
                at("/input/shape", position),
                f"the size is {show(shape[position])}, not an integer from 1 to {LARGEST_SIZE}",
            )
    return (tuple(shape) if all(sizes) else None), dtype


def _read_block(value: Any, pointer: str, blocks: Collection[str], complaints: Complaints) -> Body | None:
    if not isinstance(value, Mapping):
        complaints.add(pointer, f"the block is {show(value)}, not an object with layers or nodes")
        return None
    unknown_fields(value, ("layers", "nodes", "output"), pointer, complaints)
    return _read_body(value, pointer, blocks, complaints)


def _read_body(
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
        return Body(pointer, style, kept, kept[-1].name) if is_complete else None
    output = document.get("output")
    if "output" in document and not isinstance(output, str):
        complaints.add(at(pointer, "output"), f"output is {show(output)}, not the name of one node")
        output, is_complete = None, False
    return _wired(Body(pointer, style, kept, output), is_complete, complaints)


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
            if source not in names and source != INPUT and is_complete:
                place = at(node.pointer, "inputs", position)
                complaints.add(place, f"there is no node {show(source)}{nearest(source, [*names, INPUT])}")
    if body.output is not None and body.output not in names and is_complete:
        place = at(body.pointer, "output")
        complaints.add(
            place, f"there is no node {show(body.output)} to give as the output{nearest(body.output, names)}"
        )
    if not is_complete or len(complaints) > before:
        return None
    edges = {node.name: [source for source in node.inputs if source != INPUT] for node in body.nodes}
    cycle = find_cycle(edges)
    if cycle:
        place = next(node.pointer for node in body.nodes if node.name == cycle[0])
        complaints.add(
            at(place, "inputs"),
            f"the nodes run in a circle: {' -> '.join(cycle)}; each must come from earlier ones",
        )
        return None
    used = {source for sources in edges.values() for source in sources}
    ends = [name for name in edges if name not in used]
    if body.output is None and len(ends) > 1:
        listed = ", ".join(ends[:8]) + (", ..." if len(ends) > 8 else "")
        complaints.add(
            body.pointer,
            f"{len(ends)} nodes are used by no other ({listed}), and a model gives one value; name it in output",
        )
        return None
    output = body.output or ends[0]
    for name in not_reaching(edges, output):
        place = next(node.pointer for node in body.nodes if node.name == name)
        complaints.add(
            place,
            f"{show(name)} is never used on the way to the output {show(output)}; remove it or wire it in",
        )
    by_name = {node.name: node for node in body.nodes}
    return Body(body.pointer, "nodes", [by_name[name] for name in in_order(edges)], output)


def _block_name(key: Any, complaints: Complaints) -> bool:
    place = at("/blocks", key)
    if not isinstance(key, str) or not NAME.match(key):
        complaints.add(place, f"the block's name is {show(key)}; it must be 1 to 64 letters, digits, _ or -")
    elif key in LAYERS:
        complaints.add(
            place, f"{show(key)} is a layer of the engine already; choose another name for the block"
        )
    else:
        return True
    return False


def _check_blocks(definition: Definition, complaints: Complaints) -> None:
    """Blocks are all used, hold no circle, aren't nested too deeply, and the model written out isn't too large."""
    bodies = {**definition.blocks}
    edges = {
        name: sorted({node.type for node in body.nodes if node.type in bodies})
        for name, body in bodies.items()
    }
    cycle = find_cycle(edges)
    if cycle:
        complaints.add(
            at("/blocks", cycle[0]), f"the blocks contain one another in a circle: {' -> '.join(cycle)}"
        )
        definition.body = None
        return
    layers: dict[str, int] = {}
    depth: dict[str, int] = {}
    for name in in_order(edges):
        layers[name] = _layers_of(bodies[name], layers)
        depth[name] = 1 + max((depth[inner] for inner in edges[name]), default=0)
        if depth[name] > DEEPEST_BLOCK:
            complaints.add(
                at("/blocks", name),
                f"the block nests blocks {depth[name]} deep; at most {DEEPEST_BLOCK} are taken",
            )
            definition.body = None
            return
    if definition.body is None:
        return
    used = {node.type for body in [definition.body, *bodies.values()] for node in body.nodes}
    for name in bodies:
        if name not in used:
            complaints.add(
                at("/blocks", name), f"the block {show(name)} is never used; remove it, or name it as a type"
            )
    total = _layers_of(definition.body, layers)
    if total > LARGEST_MODEL:
        complaints.add(
            "", f"the model has {total} layers with its blocks written out; the limit is {LARGEST_MODEL}"
        )
        definition.body = None


def _layers_of(body: Body, layers: dict[str, int]) -> int:
    return sum(node.repeat * layers.get(node.type, 1) for node in body.nodes)
