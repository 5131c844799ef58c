"""What can go wrong in a training run that isn't wrong in its definition."""

from engine.errors import NonFinite


class LossNotFinite(NonFinite):
    """The loss is NaN or infinite, of a training step (before its update) or over the split of an evaluation.

    step: the step, counted from 1, or the last one before the evaluation; value: the loss
    """

    def __init__(self, step: int, value: float, split: str | None = None) -> None:
        where = f"at step {step}" if split is None else f'on the "{split}" split after step {step}'
        super().__init__(
            f"the loss became {value} {where}; a lower learning rate, or inputs scaled to about 1, "
            "usually prevent it"
        )
        self.step = step
        self.value = value
