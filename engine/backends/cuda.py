"""What scripts ask before they choose a device. There is no CUDA backend in this version."""


def is_available() -> bool:
    """Whether `engine.device("cuda")` exists here."""
    return False


def device_count() -> int:
    """How many CUDA devices there are."""
    return 0
