"""What a tensor tells about its memory and kind, and its methods' second names."""

from typing import Any

from engine.autograd.tape import Variable
from engine.dtypes import dtype as named_dtype
from engine.dtypes import int8
from engine.errors import DeviceError, DTypeError
from engine.tensor import aliases, layouts
from engine.tensor.conversions import laid_out
from engine.tensor.promotion import cast
from engine.tensor.typed import TypedTensor

# PyTorch's names of tensor types by dtype
_TYPES = {
    "float32": "FloatTensor",
    "float64": "DoubleTensor",
    "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor",
    "complex64": "ComplexFloatTensor",
    "complex128": "ComplexDoubleTensor",
    "int64": "LongTensor",
    "int32": "IntTensor",
    "int16": "ShortTensor",
    "int8": "CharTensor",
    "uint8": "ByteTensor",
    "bool": "BoolTensor",
}
_BY_TYPE = {name: dtype for dtype, name in _TYPES.items()}


class AskingMethods(Variable):
    __slots__ = ()

    stride = layouts.stride
    storage_offset = layouts.storage_offset
    data_ptr = layouts.data_ptr
    is_nonzero = aliases.is_nonzero
    is_same_size = aliases.is_same_size
    is_signed = aliases.is_signed
    absolute = aliases.absolute
    arccos = aliases.arccos
    arccosh = aliases.arccosh
    arcsin = aliases.arcsin
    arcsinh = aliases.arcsinh
    arctan = aliases.arctan
    arctan2 = aliases.arctan2
    arctanh = aliases.arctanh
    clip = aliases.clip
    fix = aliases.fix
    greater = aliases.greater
    greater_equal = aliases.greater_equal
    less = aliases.less
    less_equal = aliases.less_equal
    moveaxis = aliases.moveaxis
    negative = aliases.negative
    not_equal = aliases.not_equal
    swapaxes = aliases.swapaxes
    swapdims = aliases.swapdims

    @property
    def is_cpu(self) -> bool:
        return self._device.type == "cpu"

    @property
    def is_cuda(self) -> bool:
        return self._device.type == "cuda"

    @property
    def is_meta(self) -> bool:
        return self._device.type == "meta"

    @property
    def is_mps(self) -> bool:
        return False

    @property
    def is_sparse(self) -> bool:
        return False

    @property
    def is_quantized(self) -> bool:
        return False

    @property
    def nbytes(self) -> int:
        return int(self._data.size * self._data.dtype.itemsize)

    @property
    def output_nr(self) -> int:
        """Which of the results of its grad_fn this is."""
        return self._slot

    def ndimension(self) -> int:
        return len(self._data.shape)

    def get_device(self) -> int:
        """The index of the CUDA device; -1 elsewhere."""
        return (self._device.index or 0) if self._device.type == "cuda" else -1

    def is_pinned(self) -> bool:
        return False

    def pin_memory(self) -> Any:
        raise DeviceError("pin_memory: memory is pinned for copies to a CUDA device, and there is none here")

    def char(self, memory_format: Any = None) -> Any:
        me: Any = self  # whatever is a Variable here is a Tensor
        return laid_out(cast(me, int8), memory_format)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The name of the tensor's type, such as "engine.FloatTensor"; or the tensor in another dtype.

        dtype: a dtype, such a name, or FloatTensor and its like; non_blocking is a hint that is never needed.
        """
        if dtype is None:
            return f"engine.{_TYPES[self.dtype.name]}"  # type: ignore[attr-defined]  # see above
        if isinstance(dtype, str):
            name = dtype.split(".")[-1]
            if name not in _BY_TYPE:
                raise DTypeError(f"{dtype!r} is no type of tensor; there are {', '.join(_BY_TYPE)}")
            dtype = named_dtype(_BY_TYPE[name])
        elif isinstance(dtype, TypedTensor):
            dtype = dtype.dtype
        return cast(self, dtype)  # type: ignore[arg-type]  # see above
