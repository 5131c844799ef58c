"""What can go wrong in a training run that isn't wrong in its definition."""

from engine.errors import NonFinite


class LossNotFinite(NonFinite):
    """The loss of a training step is NaN or infinite.

    step: counted from 1; value: the loss. The weights are still those before this step.
    """

    def __init__(self, step: int, value: float) -> None:
        super().__init__(
            f"the loss became {value} at step {step}; a lower learning rate, or inputs scaled to about 1, "
            "usually prevent it"
        )
        self.step = step
        self.value = value
