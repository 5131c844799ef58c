"""Rows of the optimizers' steps, which overwrite their operands and give nothing back."""

from engine.backends.native.rows import Array, Native, Row, takes_step


def sgd_step(p: Array, g: Array, lr: Array, weight_decay: float, maximize: bool) -> Native | None:
    if not takes_step(p, g, lr=lr):
        return None
    return Native("sgd_step", (p, g, lr), (), (maximize,), (weight_decay,))


def sgd_momentum_step(
    p: Array,
    g: Array,
    v: Array,
    lr: Array,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> Native | None:
    if not takes_step(p, g, v, lr=lr):
        return None
    reals = (weight_decay, momentum, dampening)
    return Native("sgd_momentum_step", (p, g, v, lr), (), (maximize, nesterov), reals)


def _adam(
    name: str,
    arrays: tuple[Array, ...],
    step: Array,
    lr: Array,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> Native | None:
    if not takes_step(*arrays, step=step, lr=lr):
        return None
    reals = (beta1, beta2, eps, weight_decay)
    return Native(name, (*arrays, step, lr), (), (maximize, decoupled), reals)


def adam_step(
    p: Array, g: Array, m: Array, v: Array, step: Array, lr: Array, *attrs: float | bool
) -> Native | None:
    return _adam("adam_step", (p, g, m, v), step, lr, *attrs)  # type: ignore[arg-type]  # flags come last


def amsgrad_step(
    p: Array, g: Array, m: Array, v: Array, v_max: Array, step: Array, lr: Array, *attrs: float | bool
) -> Native | None:
    return _adam("amsgrad_step", (p, g, m, v, v_max), step, lr, *attrs)  # type: ignore[arg-type]  # as above


ROWS: dict[str, Row] = {
    "sgd_step": sgd_step,
    "sgd_momentum_step": sgd_momentum_step,
    "adam_step": adam_step,
    "amsgrad_step": amsgrad_step,
}
