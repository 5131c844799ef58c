"""Training without captured steps."""


class AsWritten:
    """Stands for a captured step that never is one."""

    def __init__(self, step):
        self.step = step

    def __call__(self, *args):
        return self.step(*args)

    def block(self, *_):
        return None
