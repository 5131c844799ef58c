"""Rows of the activations."""

from engine.backends.native.rows import Array, Native, Row, like, takes


def gelu(x: Array, approximate: str) -> Native | None:
    return Native("gelu", (x,), (like(x),), (approximate == "tanh",)) if takes(x) else None


def gelu_grad(g: Array, x: Array, approximate: str) -> Native | None:
    if not takes(g, x):
        return None
    return Native("gelu_grad", (g, x), (like(x),), (approximate == "tanh",))


ROWS: dict[str, Row] = {"gelu": gelu, "gelu_grad": gelu_grad}
