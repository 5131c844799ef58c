"""Arrays of a safetensors file as it lies on the disk: mapped into memory, and read as they are used."""

from __future__ import annotations

import json
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = struct.Struct("<Q")
_KINDS = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip


def mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The file's arrays by name, read-only; the file stays mapped as long as one of them lives.

    Raises ValueError if it isn't a safetensors file, or holds types that NumPy has not.
    """
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if hasattr(memory, "madvise"):
        memory.madvise(mmap.MADV_WILLNEED)  # it is read behind our back while we go on
    try:
        (length,) = _LENGTH.unpack_from(memory)
        head = json.loads(memory[_LENGTH.size : _LENGTH.size + length])
        return {
            name: _array(memory, _LENGTH.size + length, entry)
            for name, entry in head.items()
            if name != "__metadata__"
        }
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise ValueError(f"{path.name} is not a safetensors file of arrays: {error}") from error


def _array(memory: mmap.mmap, start: int, entry: dict[str, Any]) -> NDArray[Any]:
    kind = np.dtype(_KINDS[entry["dtype"]])
    begin, end = entry["data_offsets"]
    array = np.frombuffer(memory, kind, (end - begin) // kind.itemsize, start + begin)
    return array.reshape(entry["shape"])
