"""What Module.to() does to each parameter and buffer."""

from collections.abc import Callable
from typing import Any

from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.conversions import destination
from engine.tensor.layouts import CHANNELS_INNERMOST


def conversion(args: tuple[Any, ...], options: dict[str, Any]) -> Callable[[Tensor], Tensor]:
    """The move that the arguments of a .to() ask for. Raises EngineError for a dtype that modules lack."""
    options = dict(options)
    options.pop("non_blocking", None)  # a hint that is never needed
    memory_format = options.pop("memory_format", None)
    axes = len(CHANNELS_INNERMOST.get(memory_format, ()))  # only weights of as many have channels to move
    dtype, device = destination(args, **options)
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise EngineError(f"a module's parameters can become floating-point or complex, not {dtype}")

    def move(x: Tensor) -> Tensor:
        layout = None if axes and x.ndim != axes else memory_format
        kind = dtype if x.is_floating_point() or x.is_complex() else None
        return x.to(device=device, dtype=kind, memory_format=layout)

    return move
