"""Saving and loading as safetensors. Nothing is ever pickled or unpickled.

A flat dict of tensors becomes a plain safetensors file, which every other reader of the format
understands. Any other tree of dicts, lists, tuples, numbers, strings, None and tensors is saved with its
tensors under their paths and its shape as JSON in the file's metadata.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any
from uuid import uuid4

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes
from safetensors.numpy import save_file

from engine.device import CPU, Device
from engine.dtypes import DType
from engine.errors import CheckpointError, MissingFile
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy, zeros

_TREE = "engine.tree"
_ORDER = "engine.order"  # of a flat dict's keys, which the format sorts


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes], metadata: dict[str, str] | None = None) -> None:
    """Write a state dict, or a tree that holds tensors, to a file, whole or not at all.

    f: a path, or a file or buffer open for writing bytes
    metadata: strings to keep in the file beside the tensors
    NumPy's numbers come back as Python's.
    Raises CheckpointError for anything in the tree that can't be saved.
    """
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    tree = _packed(obj, "", tensors)
    notes = dict(metadata or {})
    if not _is_flat(obj):
        notes[_TREE] = json.dumps(tree)
    elif list(obj) != sorted(obj):
        notes[_ORDER] = json.dumps(list(obj))
    if not isinstance(f, str | os.PathLike):
        if not hasattr(f, "write"):
            raise CheckpointError(f"save: f is a path or a file open for writing bytes, not {f!r}")
        f.write(to_bytes(tensors, notes or None))
        return
    target = Path(f)
    # beside the target, since a rename is atomic only within a file system
    fresh = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        save_file(tensors, fresh, notes or None)
        with open(fresh, "rb") as written:
            os.fsync(written.fileno())
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: str | Device | Callable[[Any, str], Any] | dict[str, str] | None = None,
    *,
    weights_only: bool = True,
) -> Any:
    """What was saved: a dict of tensors, or the tree.

    f: a path, or a file or buffer open for reading bytes
    map_location: the device for the tensors; they come to the CPU unless told otherwise. A function is asked
        with an empty tensor and "cpu", and what it gives says the device
    weights_only: a file here never holds anything else, so there is no other way than True
    Raises CheckpointError if the file can't be read, is cut short or isn't safetensors; MissingFile
    if there is none.
    """
    if not weights_only:
        raise CheckpointError(
            "load: weights_only=False would run what a pickle says, and the engine reads safetensors "
            "only; leave it out"
        )
    place = _place(map_location)
    if not isinstance(f, str | os.PathLike):
        if not hasattr(f, "read"):
            raise CheckpointError(f"load: f is a path or a file open for reading bytes, not {f!r}")
        with NamedTemporaryFile() as copy:  # safetensors maps files into memory
            shutil.copyfileobj(f, copy)
            copy.flush()
            return _read(copy.name, getattr(f, "name", "what was given"), place)
    return _read(f, f, place)


def _read(path: str | os.PathLike[str], name: Any, place: Device) -> Any:
    try:
        with safe_open(path, framework="np") as file:
            tensors = {key: from_numpy(np.array(file.get_tensor(key))) for key in file.keys()}  # noqa: SIM118 - it is no dict
            notes = file.metadata() or {}
    except FileNotFoundError:
        raise MissingFile(f"there is no file {name} to load") from None
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{name} can't be read as safetensors: {error}{_advice(path)}") from None
    if place is not CPU:
        tensors = {key: x.to(place) for key, x in tensors.items()}
    if _TREE in notes:
        return _unpacked(json.loads(notes[_TREE]), tensors)
    order = json.loads(notes.get(_ORDER, "[]"))
    return {key: tensors[key] for key in order} if set(order) == set(tensors) else tensors


def _place(map_location: Any) -> Device:
    if isinstance(map_location, dict):
        map_location = map_location.get("cpu", "cpu")
    if callable(map_location):
        chosen = map_location(zeros(0), "cpu")
        if chosen is not None and not isinstance(chosen, Tensor):
            raise CheckpointError(
                f"load: map_location gave {chosen!r}; give a device such as 'cpu', or a function that "
                "returns the storage that it is given"
            )
        map_location = None if chosen is None else chosen.device
    return CPU if map_location is None else Device(map_location)


def _advice(path: str | os.PathLike[str]) -> str:
    """What to do with a file that PyTorch's own save() has written."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
    except OSError:
        return ""
    if start not in (b"PK", b"\x80\x02"):
        return ""
    return (
        "; it looks like a file of torch.save, which is a pickle: write the state_dict with "
        "safetensors.torch.save_file, and load that"
    )


def _is_flat(obj: Any) -> bool:
    return isinstance(obj, dict) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in obj.items())


def _packed(obj: Any, path: str, tensors: dict[str, np.ndarray[Any, Any]]) -> Any:
    """The tree as JSON, in which every branch is a one-entry object that names its kind."""
    if isinstance(obj, Tensor):
        name = path or "tensor"
        while name in tensors:  # {"a": {"b": x}, "a.b": y} gives one path twice
            name += "'"
        tensors[name] = np.asarray(
            obj._device.backend.to_numpy(obj._data), order="C"
        )  # ascontiguousarray gives 0-d an axis
        return {"tensor": name}
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, np.bool | np.integer | np.floating):
        return obj.item()
    start = f"{path}." if path else ""
    if isinstance(obj, dict):
        for key in obj:
            if not isinstance(key, str | int):
                raise CheckpointError(f"keys must be strings or integers to be saved, not {key!r}")
        return {"dict": [[key, _packed(value, f"{start}{key}", tensors)] for key, value in obj.items()]}
    if isinstance(obj, list | tuple):
        kind = "list" if isinstance(obj, list) else "tuple"
        return {kind: [_packed(value, f"{start}{k}", tensors) for k, value in enumerate(obj)]}
    raise CheckpointError(
        f"{path or 'the object'} is a {type(obj).__name__}, and only tensors, numbers, strings, None "
        f"and dicts, lists and tuples of them can be saved; {_instead(obj)}"
    )


def _instead(obj: Any) -> str:
    """What to save for something that can't be saved."""
    if isinstance(obj, np.ndarray):
        return "save engine.from_numpy(…) of an array"
    if isinstance(obj, Device | DType):
        return "save its str()"
    if isinstance(obj, set | frozenset):
        return "save a sorted list of a set"
    if is_dataclass(obj):
        return "save dataclasses.asdict(…) of a data class"
    return "save a module's state_dict(), or an object's vars()"


def _unpacked(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _unpacked(value, tensors) for key, value in content}
    values = [_unpacked(value, tensors) for value in content]
    return values if kind == "list" else tuple(values)
