"""Where a tensor lives: a device type, and the kernels that compute there."""

from collections.abc import Callable
from typing import Any, ClassVar

from engine.backends import META, NUMPY, Backend, KernelTable, native
from engine.errors import DeviceError

_BACKENDS: dict[str, Backend] = {"cpu": native.BACKEND or NUMPY, "meta": META}


class Device:
    """`engine.device("cpu")` or `engine.device("cpu", 0)`: one object per device, compared by identity."""

    __slots__ = ("array_type", "as_array", "backend", "index", "kernels", "type")
    _known: ClassVar[dict[str, "Device"]] = {}

    type: str
    index: int | None
    backend: Backend
    kernels: KernelTable
    array_type: Any
    as_array: Callable[[Any], Any]

    def __new__(cls, spec: "str | Device" = "cpu", index: int | None = None) -> "Device":
        if isinstance(spec, Device):
            return spec
        if index is not None:
            spec = f"{spec}:{index}"
        known = cls._known.get(spec)
        if known is not None:
            return known
        kind = spec.removesuffix(":0")
        if kind not in _BACKENDS:
            raise DeviceError(f"there is no device {spec!r} here; the devices are {', '.join(_BACKENDS)}")
        self = cls._known.get(kind)
        if self is None:
            self = super().__new__(cls)
            self.type = kind
            self.index = None
            self.backend = _BACKENDS[kind]
            # copied up: the dispatch of every op reads these three
            self.kernels = self.backend.kernels
            self.array_type = self.backend.array_type
            self.as_array = self.backend.as_array
            cls._known[kind] = self
        cls._known[spec] = self
        return self

    def __enter__(self) -> "Device":
        """Within a with block tensors are made here unless a device is given."""
        _Default.outer.append(_Default.device)
        _Default.device = self
        return self

    def __exit__(self, *error: object) -> None:
        _Default.device = _Default.outer.pop()

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"

    def __str__(self) -> str:
        return self.type

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and other == self.type)

    def __hash__(self) -> int:
        return hash(self.type)

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (self.type,)

    def __copy__(self) -> "Device":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Device":
        return self


CPU = Device("cpu")
META_DEVICE = Device("meta")


class _Default:
    device = CPU
    outer: ClassVar[list[Device]] = []


def get_default_device() -> Device:
    """Where tensors are made unless a device is given."""
    return _Default.device


def set_default_device(device: str | Device | None) -> None:
    """Where tensors are made from now on unless a device is given; None for the CPU."""
    _Default.device = CPU if device is None else Device(device)


def chosen(device: str | Device | None) -> Device:
    """The given device, or the default one."""
    if device is None:
        return _Default.device
    return device if device.__class__ is Device else Device(device)
