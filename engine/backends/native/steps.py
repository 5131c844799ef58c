"""Rows of the other optimizers' steps, which overwrite their operands and give nothing back."""

from typing import Any

from engine.backends.native.rows import FLOAT32, Native, Row, takes_step


def _step(name: str, large: int, small: int = 0, counted: bool = True, rated: bool = True) -> Row:
    """Of arrays of the parameter's shape, then float32 numbers, the step count and the learning rate.

    large, small: how many arrays and how many numbers
    The op's flags come last among its attributes, and are its kernel's ints.
    """
    count = large + small + counted + rated

    def row(*operands: Any) -> Native | None:
        arrays, numbers, attrs = operands[:large], [*operands[large:count]], operands[count:]
        lr = numbers.pop() if rated else None
        step = numbers.pop() if counted else None
        if not takes_step(*arrays, step=step, lr=lr):
            return None
        if any(x.size != 1 or x.dtype is not FLOAT32 for x in numbers):
            return None
        flags = tuple([each for each in attrs if each.__class__ is bool])
        return Native(name, operands[:count], (), flags, attrs[: len(attrs) - len(flags)])

    return row


ROWS: dict[str, Row] = {
    "adagrad_step": _step("adagrad_step", 3),
    "adadelta_step": _step("adadelta_step", 4),
    "adamax_step": _step("adamax_step", 4),
    "nadam_step": _step("nadam_step", 4, small=1),
    "radam_step": _step("radam_step", 4),
    "rmsprop_step": _step("rmsprop_step", 3),
    "rmsprop_centered_step": _step("rmsprop_centered_step", 4),
    "rmsprop_momentum_step": _step("rmsprop_momentum_step", 4),
    "rmsprop_centered_momentum_step": _step("rmsprop_centered_momentum_step", 5),
    "asgd_step": _step("asgd_step", 3, small=2),
    "rprop_step": _step("rprop_step", 4, rated=False),
    "lion_step": _step("lion_step", 3, counted=False),
}
