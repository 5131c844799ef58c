"""Normalisation layers' functions."""

from engine.errors import EngineError, ShapeError
from engine.tensor import Tensor, norms
from engine.tensor.norms import group_norm, layer_norm, rms_norm
from engine.tensor.shapes import cat

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel normalised over the batch and all places (Ioffe and Szegedy 2015).

    input: [N, C, ...]; all others [C], of its dtype
    training: normalise by the batch's own mean and (biased) variance, and move the running ones, where they
        are given, by `momentum` (a number or a tensor []) of the difference to the batch's mean and unbiased
        variance; else normalise by the running ones
    Returns input's shape and dtype. Raises ShapeError if shapes don't fit, or for one value per channel.
    """
    if not eps > 0:
        raise EngineError(f"batch_norm: eps must be above 0, not {eps}")
    return norms.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel of each sample normalised over its places (Ulyanov et al. 2016).

    input: [N, C, ...]; all others [C], of its dtype
    use_input_stats: normalise by the input's own statistics, and move the running ones, where they are given,
        towards their mean over the samples; else normalise by the running ones
    """
    return norms.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels (Krizhevsky et al. 2012).

    input: [N, C, ...]; channels beyond the ends count as 0
    """
    if input.ndim < 3:
        raise ShapeError(f"local_response_norm needs an input of [N, C, ...] with places, not {input.shape}")
    if size < 1:
        raise ShapeError(f"local_response_norm: size must be at least 1, not {size}")
    if input.numel() == 0:
        return input
    n, channels, *places = input.shape
    # beyond the ends there is nothing to add, however wide the window
    ahead, behind = min(size // 2, channels), min((size - 1) // 2, channels)
    width = ahead + behind + 1
    # sums of 1, 2, 4, ... neighbours, of which the binary digits of the width choose: few steps for any width
    window = cat([input.new_zeros(n, ahead, *places), input.square(), input.new_zeros(n, behind, *places)], 1)
    parts, summed, wide = [], 0, 1
    while True:
        if width & wide:
            parts.append(window.narrow(1, summed, channels))
            summed += wide
        if summed == width:
            break
        length = window.shape[1] - wide
        window = window.narrow(1, 0, length) + window.narrow(1, wide, length)
        wide *= 2
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return input / (total * (alpha / size) + k) ** beta
