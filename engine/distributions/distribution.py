"""What all distributions have: shapes, draws and checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn

from engine.autograd import no_grad
from engine.dtypes import finfo, get_default_dtype
from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.blocks import broadcast_tensors
from engine.tensor.creation import as_tensor
from engine.tensor.size import Size


class Distribution:
    """The base of distributions.

    batch_shape: of the parameters; each element is a distribution of its own
    event_shape: of one draw from one of them
    validate_args: False leaves out the checks of parameters and of values, which cost a pass over each
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    has_rsample = False

    def __init__(
        self,
        batch_shape: Iterable[int] = (),
        event_shape: Iterable[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self.batch_shape = Size(batch_shape)
        self.event_shape = Size(event_shape)
        self._validate = validate_args is not False

    @property
    def mean(self) -> Tensor:
        self._absent("mean")

    @property
    def mode(self) -> Tensor:
        self._absent("mode")

    @property
    def variance(self) -> Tensor:
        self._absent("variance")

    @property
    def stddev(self) -> Tensor:
        return self.variance.sqrt()

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Draws of shape [*sample_shape, *batch_shape, *event_shape], without gradients."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Draws through which gradients reach the parameters."""
        self._absent("rsample")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value; in nats."""
        self._absent("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most this value."""
        self._absent("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The value at a probability: the inverse of cdf."""
        self._absent("icdf")

    def entropy(self) -> Tensor:
        """In nats, of shape batch_shape."""
        self._absent("entropy")

    def perplexity(self) -> Tensor:
        return self.entropy().exp()

    def _extended(self, sample_shape: Iterable[int]) -> Size:
        return Size((*sample_shape, *self.batch_shape, *self.event_shape))

    def _absent(self, what: str) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} has no {what}")

    def _check(self, name: str, x: Tensor, fits: Tensor, need: str) -> None:
        """Refuse what doesn't fit, with an example of it."""
        if self._validate and not bool(fits.all()):
            wrong = x.detach()[~fits.expand(x.shape)] if fits.shape != x.shape else x.detach()[~fits]
            raise EngineError(
                f"{type(self).__name__}: {name} must be {need}, and of its {x.numel()} elements "
                f"{wrong.numel()} aren't, such as {wrong.flatten()[0].item()}"
            )

    def _tensor(self, value: Any) -> Tensor:
        if not isinstance(value, Tensor):
            raise EngineError(
                f"{type(self).__name__}: the value must be a tensor, such as engine.tensor({value!r}), not "
                f"{value!r}"
            )
        return value

    def __repr__(self) -> str:
        shown = []
        for name in self.parameters:
            x = self.__dict__.get(name)
            if isinstance(x, Tensor):
                shown.append(f"{name}: {x.detach().item() if x.numel() == 1 else x.shape!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def together(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape; numbers get the tensors' dtype and device."""
    like = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = get_default_dtype() if like is None else like.dtype
    device = None if like is None else like.device
    tensors = [v if isinstance(v, Tensor) else as_tensor(v, dtype=dtype, device=device) for v in values]
    return tuple(broadcast_tensors(*tensors))


def inside(probs: Tensor) -> Tensor:
    """Probabilities moved off 0 and 1 by a rounding error, so that their logarithms are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)
