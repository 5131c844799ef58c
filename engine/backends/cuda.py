"""What scripts ask before they choose a device. There is no CUDA backend in this version."""

from typing import Any, NoReturn

from engine.errors import DeviceError


class matmul:
    """How a CUDA backend's products would compute: scripts set this before they ask whether there is one."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


def is_available() -> bool:
    """Whether `engine.device("cuda")` exists here."""
    return False


def is_built() -> bool:
    """Whether this version of the engine has a CUDA backend."""
    return False


def device_count() -> int:
    """How many CUDA devices there are."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the current device's generator; without one nothing happens, as in PyTorch."""


def manual_seed_all(seed: int) -> None:
    """Seed all devices' generators: none."""


def empty_cache() -> None:
    """Give unused memory of the devices back: none."""


def memory_allocated(device: Any = None) -> int:
    """Bytes in tensors on a device."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Bytes kept for tensors on a device."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The greatest number of bytes kept so far."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Begin the greatest numbers anew: they stay 0."""


def max_memory_allocated(device: Any = None) -> int:
    """The greatest number of bytes so far."""
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def _absent(name: str) -> NoReturn:
    raise DeviceError(f"cuda.{name}: there is no CUDA device here; ask cuda.is_available() first")


def current_device() -> int:
    _absent("current_device")


def get_device_name(device: Any = None) -> str:
    _absent("get_device_name")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    _absent("get_device_capability")


def get_device_properties(device: Any = None) -> Any:
    _absent("get_device_properties")


def set_device(device: Any) -> None:
    _absent("set_device")


def synchronize(device: Any = None) -> None:
    _absent("synchronize")
