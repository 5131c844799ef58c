"""Only because users of PyTorch type `torch.utils.data` and `torch.utils.checkpoint`."""

from engine.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
