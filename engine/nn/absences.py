"""What torch.nn has and engine.nn deliberately has not, and what to do instead."""

from typing import Any

_LAZY = "give the size of the input, as in Linear(in_features, out_features); engine.spec can infer it"
_ABSENT = {
    "Buffer": "register_buffer(name, tensor) registers one",
    "SyncBatchNorm": "there is one process; BatchNorm1d, 2d and 3d are the same there",
}


def missing(name: str) -> Any:
    """What a script that asks for engine.nn.<name> is told."""
    detail = _LAZY if name.startswith("Lazy") else _ABSENT.get(name)
    said = f"module 'engine.nn' has no attribute {name!r}"
    raise AttributeError(f"{said}; {detail}" if detail else said, name=name)
