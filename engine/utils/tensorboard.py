"""Refused, in words: PyTorch's name for something that the engine has no part in."""

raise ImportError(
    "engine.utils.tensorboard: the engine writes no event files; the package tensorboardX has the same "
    "SummaryWriter, and takes loss.item() and x.numpy()"
)
