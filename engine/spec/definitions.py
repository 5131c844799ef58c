"""Reading a model definition: a layer list, or a graph of named nodes, and blocks that are repeated.

    {"name": "simplenet",
     "input": {"shape": [1, 28, 28], "dtype": "float32"},
     "layers": [{"type": "Flatten"}, {"name": "fc1", "type": "Linear", "out_features": 128}, ...]}

A graph says `nodes` in place of `layers`. Every node has a `name` and `inputs`: names of nodes, or "input".
Functions (`add`, `cat`, `mean`, ...) stand beside modules. `output` names the node whose value the model
gives; it may be left out where only one node is used by no other. Of a model, not of a block, it may be a
list of names: then the model gives several values.

    {"input": {"shape": [16]},
     "blocks": {"res": {"nodes": [{"name": "fc", "type": "Linear", "inputs": ["input"], "out_features": 16},
                                  {"name": "sum", "type": "add", "inputs": ["fc", "input"]}]}},
     "nodes": [{"name": "body", "type": "res", "inputs": ["input"], "repeat": 3},
               {"name": "head", "type": "Linear", "inputs": ["body"], "out_features": 10}]}

A block has the form of a model (`layers`, or `nodes` and `output`), takes one input and gives one output,
and is named as a type, in a list or in a graph, in the model or in another block. `repeat` chains that many
copies, each with weights of its own.

Shapes are per sample: the batch axis is never written. Keys in the state dict are the path of names:
    `fc1.weight`, `body.fc.weight`, with `repeat` `body.0.fc.weight`; a layer without a name is called by
    its index, as in nn.Sequential.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.spec.bodies import Body, read_body
from engine.spec.bounds import LARGEST_SIZE
from engine.spec.complaints import Complaints, at, is_text, show, unknown_fields
from engine.spec.layers import LAYERS
from engine.spec.nodes import LARGEST_MODEL, NAME, is_size
from engine.spec.wiring import arrows, find_cycle, in_order

INPUT_DTYPES = ("float32", "float64", "int64", "int32", "uint8")
MOST_INPUT_AXES = 8  # of one sample
DEEPEST_BLOCK = 16


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
        _read_model_name(document, complaints), shape, dtype, read_body(document, "", names, complaints)
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
    if not isinstance(shape, list) or len(shape) > MOST_INPUT_AXES:
        fault = f"is {show(shape)}" if "shape" in value else "is missing"
        complaints.add(
            "/input/shape" if "shape" in value else "/input",
            f"shape {fault}; it must be a list of at most {MOST_INPUT_AXES} sizes of one sample, {example}",
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
    return read_body(value, pointer, blocks, complaints)


def _block_name(key: Any, complaints: Complaints) -> bool:
    place = at("/blocks", key)
    if not isinstance(key, str) or not NAME.match(key):
        complaints.add(place, f"the block's name is {show(key)}; it must be 1 to 64 letters, digits, _ or -")
    elif key in LAYERS and LAYERS[key].kind == "module":  # a function is hidden: there are more with time
        complaints.add(
            place, f"{show(key)} is a layer of the engine already; choose another name for the block"
        )
    else:
        return True
    return False


def _check_blocks(definition: Definition, complaints: Complaints) -> None:
    """Blocks are used, hold no circle and aren't too deep; written out, the model isn't too large."""
    bodies = {**definition.blocks}
    edges = {
        name: sorted({node.type for node in body.nodes if node.type in bodies})
        for name, body in bodies.items()
    }
    cycle = find_cycle(edges)
    if cycle:
        complaints.add(
            at("/blocks", cycle[0]), f"the blocks contain one another in a circle: {arrows(cycle)}"
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
