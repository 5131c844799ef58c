"""The Tensor: what users hold. Its methods are the functions of this folder's families."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.autograd import walk
from engine.autograd.hooks import LeafHooks, RemovableHandle
from engine.autograd.node import Node, Version
from engine.autograd.tape import Variable, check_history, results_are, viewed, wrap
from engine.autograd.views import base_of
from engine.device import Device
from engine.dtypes import FLOATING_KINDS, SMOOTH_KINDS, DType, get_default_dtype, of
from engine.errors import DTypeError, EngineError, NotDifferentiable, ShapeError
from engine.ops.shapes import PERMUTE
from engine.tensor import (
    arithmetic,
    comparison,
    conversions,
    creation,
    reductions,
    shapes,
)
from engine.tensor import complex as complex_numbers
from engine.tensor.axes import axis, shape_of
from engine.tensor.layouts import order_of
from engine.tensor.methods import Methods
from engine.tensor.printing import to_text
from engine.tensor.promotion import Operand
from engine.tensor.size import Size

# what == and != compare element by element; anything else just isn't equal
_COMPARABLE = (Variable, bool, int, float, complex, np.ndarray, np.generic)


class _NoLength(ShapeError, TypeError):
    """What Python's len() and iter() raise for what has no length."""


class Tensor(Methods):
    """An n-dimensional array of one dtype on one device, whose computation can be differentiated."""

    __slots__ = ()
    # so that `array * tensor` asks the tensor, instead of looping over it
    __array_priority__ = 1000

    # a Tensor or None; Any, since who has called backward() knows which
    grad: Any

    def __new__(cls, *args: Any) -> Tensor:
        """PyTorch's old constructor: Tensor([1, 2]) has these values, Tensor(1, 2) this shape."""
        if len(args) > 1 or (args and isinstance(args[0], int) and not isinstance(args[0], bool)):
            blank = creation.empty(*args)
            return wrap(blank._data, blank._device, cls)  # type: ignore[no-any-return]  # it is a Tensor
        data = args[0] if args else None
        source = creation.tensor([] if data is None else data, dtype=get_default_dtype())
        return wrap(source._data, source._device, cls)  # type: ignore[no-any-return]  # it is a Tensor

    # what it is

    @property
    def shape(self) -> Size:
        return Size(self._data.shape)

    @property
    def dtype(self) -> DType:
        return of(self._data.dtype)

    @property
    def device(self) -> Device:
        return self._device

    @property
    def ndim(self) -> int:
        return len(self._data.shape)

    @property
    def is_leaf(self) -> bool:
        return self._node is None

    @property
    def grad_fn(self) -> Node | None:
        return self._node

    @property
    def requires_grad(self) -> bool:
        return self._requires

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._node is not None and not wanted:
            raise NotDifferentiable("only a leaf can stop requiring grad; use detach() to leave the graph")
        if wanted and self._data.dtype.kind not in SMOOTH_KINDS:
            raise NotDifferentiable(
                f"only floating-point and complex tensors can require grad, not {self.dtype}"
            )
        self._requires = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        self.requires_grad = requires_grad
        return self

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    def element_size(self) -> int:
        return self.dtype.itemsize

    def dim(self) -> int:
        return len(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one axis."""
        shape = self._data.shape
        return Size(shape) if dim is None else shape[axis(dim, len(shape))]

    def numel(self) -> int:
        size: int = self._data.size
        return size

    nelement = numel

    def is_floating_point(self) -> bool:
        return self._data.dtype.kind in FLOATING_KINDS

    @property
    def real(self) -> Tensor:
        """The real parts, a view; a real tensor itself."""
        return complex_numbers.real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary parts of a complex tensor, a view."""
        return complex_numbers.imag(self)

    def is_complex(self) -> bool:
        return bool(self._data.dtype.kind == "c")

    def is_contiguous(self, memory_format: Any = None) -> bool:
        data = self._data
        order = None if memory_format is None else order_of("is_contiguous", memory_format, self.ndim)
        if not hasattr(data, "flags"):
            return True  # without memory
        return bool((data if order is None else data.transpose(order)).flags.c_contiguous)

    def _is_view(self) -> bool:
        return base_of(self) is not None

    # the tape

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add this tensor's gradient to the .grad of the leaves that it was computed from.

        gradient: of this tensor's shape; may be left out for a single element
        """
        walk.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        out: Tensor = wrap(self._data, self._device)
        if self._version is None:
            self._version = Version()
        out._version = self._version
        return out

    def detach_(self) -> Tensor:
        self._node, self._slot, self._requires = None, 0, False
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is no leaf in its .grad, too."""
        if self._node is None:
            if not self._requires:
                raise NotDifferentiable("retain_grad() needs a tensor that requires grad")
            return
        self._node.hooked().retained.append(weakref.ref(self))

    @property
    def retains_grad(self) -> bool:
        """Whether retain_grad() was called on a tensor that is no leaf."""
        node = self._node
        return node is not None and node.hooks is not None and any(r() is self for r in node.hooks.retained)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call hook(gradient) when this tensor's gradient is complete; what it returns replaces it.

        Several hooks run in the order of their registration. A leaf's run before the gradient is added to
        .grad.
        """
        if not self._requires:
            raise NotDifferentiable(
                f"register_hook: this tensor of shape {self.shape} doesn't require grad, so no gradient "
                "would come"
            )
        if self._node is None:
            return RemovableHandle(self._leaf_hooks().before, hook)
        check_history(self)
        return RemovableHandle(self._node.hooked().tensor, (self._slot, hook))

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call hook(tensor) each time after a gradient was added to the .grad of this leaf."""
        if not self._requires or self._node is not None:
            raise NotDifferentiable(
                "register_post_accumulate_grad_hook needs a leaf that requires grad; for others use "
                "register_hook"
            )
        return RemovableHandle(self._leaf_hooks().after, hook)

    def _leaf_hooks(self) -> LeafHooks:
        if getattr(self, "_hooks", None) is None:
            self._hooks = LeafHooks()
        return self._hooks

    @property
    def data(self) -> Tensor:
        """The same memory, unknown to the tape. Changes through it aren't noticed by saved versions."""
        out: Tensor = wrap(self._data, self._device)
        return out

    @data.setter
    def data(self, new: Tensor) -> None:
        self._data, self._device = new._data, new._device

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Tensor:
        """The tensor on a CUDA device, where there is one."""
        return conversions.to(self, "cuda" if device is None else device)

    # out to Python and NumPy

    def numpy(self) -> npt.NDArray[Any]:
        """The values as an array that shares the memory."""
        if self._requires:
            raise NotDifferentiable("this tensor requires grad, and an array can't; use .detach().numpy()")
        if self._data.dtype.kind == "V":
            raise DTypeError("NumPy has no bfloat16; convert the tensor first: .float().numpy()")
        array: npt.NDArray[Any] = self._device.backend.to_numpy(self._data)
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self._data.size != 1:
            raise ShapeError(f"item() needs a tensor of one element, not shape {self.shape}")
        return self._device.backend.to_numpy(self._data).item()

    def tolist(self) -> Any:
        return self._device.backend.to_numpy(self._data).tolist()

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ShapeError(f"shape {self.shape} is neither true nor false; use any() or all()")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise DTypeError(f"only a single integer can be an index, not {self.dtype} of shape {self.shape}")
        return int(self.item())

    def __len__(self) -> int:
        if not self._data.shape:
            raise _NoLength("a zero-dimensional tensor has no length; it is a single number, item() gives it")
        return int(self._data.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self._data.shape:
            raise _NoLength("a zero-dimensional tensor can't be iterated over; it is a single number")
        return iter(shapes.unbind(self))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __repr__(self) -> str:
        return to_text(self)

    def __format__(self, spec: str) -> str:
        # as in PyTorch, a single number formats as the number that it is
        plain = self._data.shape == () and self._device.type != "meta"
        return format(self.item(), spec) if plain else format(str(self), spec)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]  # element-wise, as in NumPy
        if isinstance(other, _COMPARABLE):
            return comparison.eq(self, other)  # type: ignore[arg-type]  # arrays and scalars are converted
        return NotImplemented

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]  # element-wise, as in NumPy
        if isinstance(other, _COMPARABLE):
            return comparison.ne(self, other)  # type: ignore[arg-type]  # arrays and scalars are converted
        return NotImplemented

    __hash__ = object.__hash__

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self._node is not None:
            raise EngineError("only leaves can be deep-copied; detach() or clone() the tensor")
        out = wrap(self._data, self._device, type(self))
        if self._device.type != "meta":
            out._data = np.array(self._data)
        out._requires = self._requires
        memo[id(self)] = out
        if self.grad is not None:
            out.grad = self.grad.detach().clone()
        return out  # type: ignore[no-any-return]  # it is a Tensor

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """What pickle and copy.copy keep: the values, and whether it requires grad."""
        if self._node is not None:
            raise EngineError("only leaves can be pickled or copied; detach() or clone() the tensor")
        array = None if self._device.type == "meta" else self._data
        return _restored, (
            type(self),
            array,
            tuple(self._data.shape),
            self.dtype,
            self._device,
            self._requires,
        )

    @property
    def T(self) -> Tensor:
        return viewed(PERMUTE, self, (shapes.reversed_axes(len(self._data.shape)),))

    @property
    def mT(self) -> Tensor:
        return shapes.transpose(self, -2, -1)

    @property
    def H(self) -> Tensor:
        return shapes.adjoint(self)

    @property
    def mH(self) -> Tensor:
        return shapes.adjoint(self)

    def sum_to_size(self, *size: Any) -> Tensor:
        """Summed over the axes along which `size` broadcasts to this shape."""
        wanted = shape_of(size)
        lead = self.ndim - len(wanted)
        gone = [k for k in range(self.ndim) if k < lead or (wanted[k - lead] == 1 and self.shape[k] != 1)]
        return shapes.reshape(reductions.sum(self, gone) if gone else self, wanted)

    def where(self, condition: Tensor, other: Operand) -> Tensor:
        """This tensor where condition holds, else other."""
        return arithmetic.where(condition, self, other)


def _restored(
    kind: type[Tensor], array: Any, shape: tuple[int, ...], dtype: DType, device: Device, requires_grad: bool
) -> Tensor:
    out: Tensor
    if array is None:
        out = wrap(creation.empty(shape, dtype=dtype, device=device)._data, device, kind)
    else:
        out = wrap(array, device, kind)
    out._requires = requires_grad
    return out


results_are(Tensor)
