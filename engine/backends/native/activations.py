"""Rows of the activations."""

from engine.backends.native.rows import Array, Native, Row, like, takes


def gelu(x: Array, approximate: str) -> Native | None:
    return Native("gelu", (x,), (like(x),), (approximate == "tanh",)) if takes(x) else None


def gelu_grad(g: Array, x: Array, approximate: str) -> Native | None:
    if not takes(g, x):
        return None
    return Native("gelu_grad", (g, x), (like(x),), (approximate == "tanh",))


def sigmoid(x: Array) -> Native | None:
    return Native("sigmoid", (x,), (like(x),)) if takes(x) else None


ROWS: dict[str, Row] = {"gelu": gelu, "gelu_grad": gelu_grad, "sigmoid": sigmoid}
