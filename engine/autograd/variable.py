"""PyTorch's Variable of long ago, which has been a plain tensor since version 0.4."""

from __future__ import annotations

from typing import Any

from engine.autograd import tape
from engine.errors import EngineError


class OldVariable:
    """Called with a tensor it gives one of the same memory, outside of any graph; every tensor is one."""

    def __call__(self, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        if volatile:
            raise EngineError("Variable: volatile is gone; compute within `with no_grad():` instead")
        if not isinstance(data, tape.Variable):
            raise EngineError(f"Variable takes a tensor, not {data!r}")
        tensor: Any = data
        return tensor.detach().requires_grad_(requires_grad)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, tape.Variable)

    def __repr__(self) -> str:
        return "engine.autograd.Variable"


Variable = OldVariable()
