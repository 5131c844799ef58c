"""What scripts ask before they choose a device: PyTorch's `torch.accelerator`. This version has none."""

from typing import Any

from engine.errors import DeviceError


def is_available() -> bool:
    """Whether there is a device besides the CPU."""
    return False


def device_count() -> int:
    return 0


def current_accelerator(check_available: bool = False) -> Any:
    """The accelerator's device, or None where there is none."""
    return None


def synchronize(device: Any = None) -> None:
    """Wait for an accelerator; without one there is nothing to wait for, and asking is a mistake."""
    raise DeviceError("there is no accelerator here to wait for; ask accelerator.is_available() first")
