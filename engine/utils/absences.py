"""What PyTorch has and the engine deliberately has not, and what to do instead."""

from typing import Any

ABSENT = {
    "distributed": "training runs in one process on one device",
    "export": "modules are described by engine.spec and their weights saved by engine.save",
    "fx": "modules aren't traced; forward hooks see what passes through them",
    "hub": "models aren't downloaded; build the module and load its weights as safetensors",
    "jit": "modules and functions run as they are: leave out script, trace and the decorator",
    "multiprocessing": "tensors aren't shared between processes; Python's multiprocessing copies arrays",
    "onnx": "models aren't exported to ONNX; engine.save writes their weights as safetensors",
    "profiler": "use `with engine.profile() as timings: ...` and print(timings)",
    "quantization": "there are no quantised tensors",
    "sparse": "there are no sparse tensors; index_add, scatter_add and Embedding cover most of their uses",
    "sparse_coo_tensor": "there are no sparse tensors; zeros and index_put_ make a dense one",
    "vmap": "functions aren't vectorised by themselves: write them for batches, with a leading axis",
}


def missing(name: str) -> Any:
    """What a script that asks for engine.<name> is told."""
    detail = f"; {ABSENT[name]}" if name in ABSENT else ""
    raise AttributeError(f"module 'engine' has no attribute {name!r}{detail}", name=name)
