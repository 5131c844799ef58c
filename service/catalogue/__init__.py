"""What can be named in a definition: layers, optimizers, losses, schedulers, transforms."""
