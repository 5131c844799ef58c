"""Features of two inputs brought together."""

from engine.errors import ShapeError
from engine.tensor import Tensor

__all__ = ["bilinear"]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k over the last axes.

    input1: [..., I1]; input2: [..., I2]; weight: [O, I1, I2]; bias: [O]; one dtype
    Returns [..., O]. Raises ShapeError if they don't fit.
    """
    if weight.ndim != 3 or input1.ndim == 0 or input1.ndim != input2.ndim:
        raise ShapeError(
            f"bilinear needs inputs [..., I1] and [..., I2] and a weight [O, I1, I2], not {input1.shape}, "
            f"{input2.shape} and {weight.shape}"
        )
    outputs, first, second = weight.shape
    if (*input1.shape[:-1], first) != input1.shape or (*input1.shape[:-1], second) != input2.shape:
        raise ShapeError(
            f"bilinear: inputs {input1.shape} and {input2.shape} don't fit a weight of [{outputs}, {first}, "
            f"{second}]; their last axes must be {first} and {second}, the others equal"
        )
    rows = input1.reshape(-1, first) @ weight.permute(1, 0, 2).reshape(first, outputs * second)
    out = rows.reshape(-1, outputs, second) @ input2.reshape(-1, second, 1)
    out = out.reshape(*input1.shape[:-1], outputs)
    return out if bias is None else out + bias
