"""Writing a module as a definition, read off the modules' attributes, which are torch's."""

from typing import Any

from engine.errors import Problem, SpecError
from engine.nn import Module, Sequential
from engine.spec.entries import INFERRED, Entry
from engine.spec.layers import LAYERS
from engine.spec.network import Network, Step, Wiring, wiring_of

Document = dict[str, Any]


def to_definition(
    module: Module, input_shape: tuple[int, ...] | None = None, input_dtype: str = "float32"
) -> Document:
    """The canonical definition of a network that was built from one, or of an nn.Sequential of known layers.

    input_shape, input_dtype: of one sample; a network that was built from a definition knows them
    Arguments at their defaults are left out. Raises SpecError for a module that no definition can say.
    """
    wiring = _wiring(module, "")
    shape = wiring.input_shape if input_shape is None else tuple(input_shape)
    if shape is None:
        raise SpecError(
            [Problem("/input/shape", "a Sequential doesn't know the shape of its input; give input_shape")]
        )
    dtype = wiring.input_dtype if input_shape is None else input_dtype
    blocks: dict[str, Document] = {}
    body = _body(wiring, blocks, "")
    title = {} if wiring.title is None else {"name": wiring.title}
    document = {**title, "input": {"shape": list(shape), "dtype": dtype}, **body}
    return {**document, "blocks": blocks} if blocks else document


def _wiring(module: Module, pointer: str) -> Wiring:
    if isinstance(module, Network):
        return wiring_of(module)
    if not isinstance(module, Sequential):
        raise SpecError(
            [
                Problem(
                    pointer,
                    f"a {type(module).__name__} can't be written as a definition; an nn.Sequential can",
                )
            ]
        )
    steps, before = [], "input"
    for name, child in module.named_children():
        steps.append(Step(name, type(child).__name__, child, (before,)))
        before = name
    return Wiring(tuple(steps), (before,), "layers")


def _body(wiring: Wiring, blocks: dict[str, Document], pointer: str) -> Document:
    nodes = [
        _node(step, index, wiring.style, blocks, f"{pointer}/{wiring.style}/{index}")
        for index, step in enumerate(wiring.steps)
    ]
    if wiring.style == "layers":
        return {"layers": nodes}
    return {"nodes": nodes, "output": wiring.outputs[0] if len(wiring.outputs) == 1 else [*wiring.outputs]}


def _node(step: Step, index: int, style: str, blocks: dict[str, Document], pointer: str) -> Document:
    is_named = style == "nodes" or step.name != str(index)
    node: Document = {"name": step.name} if is_named else {}
    node["type"] = step.type
    if style == "nodes":
        node["inputs"] = list(step.inputs)
    copies = _copies(step.operation)
    if copies:
        for copy in copies:
            _add_block(step.type, wiring_of(copy), blocks)
        return node | ({"repeat": len(copies)} if len(copies) > 1 else {})
    entry = LAYERS.get(step.type)
    if entry is None or (isinstance(step.operation, Module) and type(step.operation) is not entry.target):
        raise SpecError([Problem(pointer, f"a {step.type} is no layer that a definition can name")])
    if isinstance(step.operation, Module):
        return node | entry.canonical(_values(entry, step.operation, step.values, pointer))
    return node | entry.canonical(step.values)


def _copies(operation: Any) -> list[Network]:
    """The networks of a block that is used once or repeated; empty for a layer."""
    if isinstance(operation, Network):
        return [operation]
    if isinstance(operation, Sequential):
        return [child for child in operation.children() if isinstance(child, Network)]
    return []


def _add_block(name: str, wiring: Wiring, blocks: dict[str, Document]) -> None:
    """Write a block; where it is written already, leave out the inferred arguments that differ by use."""
    inner: dict[str, Document] = {}
    body = _body(wiring, inner, f"/blocks/{name}")
    before = blocks.get(name)
    if before is not None:
        _agree(before[wiring.style], body[wiring.style])
    else:
        blocks[name] = body
    for below, document in inner.items():
        if below in blocks:
            style = "layers" if "layers" in document else "nodes"
            _agree(blocks[below][style], document[style])
        else:
            blocks[below] = document


def _agree(kept: list[Document], other: list[Document]) -> None:
    for mine, theirs in zip(kept, other, strict=True):
        for argument in INFERRED:
            if argument in mine and mine[argument] != theirs.get(argument):
                del mine[argument]


def _values(entry: Entry, module: Module, said: dict[str, Any], pointer: str) -> dict[str, Any]:
    """A module's arguments: as its attributes hold them now, and where those are of another form, as said."""
    values = {}
    for name, argument in entry.arguments.items():
        held = getattr(module, name, _UNKNOWN)
        if argument.hint is bool and not isinstance(held, bool) and held is not _UNKNOWN:
            held = held is not None  # a tensor or None in place of a flag, as bias
        if name in said and (not _is_plain(held) or _same(held, said[name])):
            values[name] = said[name]
        elif _is_plain(held):
            values[name] = argument.default if _same(held, argument.default) else held
        elif argument.required:
            detail = (
                f"this {entry.name} doesn't say what its {name} was; only a network from a definition does"
            )
            raise SpecError([Problem(pointer, detail)])
    return values


_UNKNOWN = object()


def _is_plain(held: Any) -> bool:
    if isinstance(held, tuple | list):
        return all(map(_is_plain, held))
    return held is None or isinstance(held, bool | int | float | str)


def _same(held: Any, said: Any) -> bool:
    """A layer may hold a size for each axis where one was said for all."""
    if isinstance(held, tuple | list) and not isinstance(said, tuple | list):
        return all(each == said for each in held)
    if isinstance(said, tuple | list) and not isinstance(held, tuple | list):
        return all(each == held for each in said)
    return bool(list(held) == list(said) if isinstance(held, tuple | list) else held == said)
