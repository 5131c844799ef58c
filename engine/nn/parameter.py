"""A tensor that a module learns."""

from typing import Any

from engine.autograd.tape import wrap
from engine.errors import NotDifferentiable
from engine.tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that modules list among their parameters; it shares the memory of `data`."""

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> "Parameter":
        source = data if isinstance(data, Tensor) else Tensor(data)
        if requires_grad and not source.is_floating_point():
            raise NotDifferentiable(
                f"a parameter that requires grad must be floating-point, not {source.dtype}"
            )
        made: Parameter = wrap(source._data, source._device, cls)
        made._requires = requires_grad
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parameter":
        """A parameter of the same values, without the gradient, which belongs to the original's losses."""
        made: Parameter = super().__deepcopy__(memo)  # type: ignore[assignment]  # of this class
        made.grad = None
        return made

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
