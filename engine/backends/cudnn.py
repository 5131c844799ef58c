"""What scripts ask and set about cuDNN. There is none in this version, as in a CPU build of PyTorch."""

from typing import Any

# read by nobody until there is a CUDA backend; results are deterministic without
enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    return False


def version() -> Any:
    """cuDNN's version; None where there is none."""
    return None
