"""Initial values of parameters; each function fills a tensor in place and returns it."""

import math

from engine.autograd import no_grad
from engine.errors import ShapeError
from engine.tensor import Generator, Tensor, creation
from engine.tensor import random as _random
from engine.tensor.blocks import tile
from engine.tensor.decompositions import qr
from engine.tensor.specials import erfinv

# the largest number below 1, by itemsize
_BELOW_ONE = {2: 1 - 2.0**-8, 4: 1 - 2.0**-24, 8: 1 - 2.0**-53}
# what has no nonlinearity keeps the variance as it is
_LINEAR = ("linear", "sigmoid", *(f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the variance through a nonlinearity (He et al. 2015).

    param: for "leaky_relu", its slope below 0; 0.01 unless given
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    gains = {**dict.fromkeys(_LINEAR, 1.0), "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}
    if nonlinearity not in gains:
        raise ShapeError(
            f"no gain is known for {nonlinearity!r}; there is one for {', '.join([*gains, 'leaky_relu'])}"
        )
    return gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed an output, and outputs an input, of a weight [out, in, ...]."""
    if tensor.ndim < 2:
        raise ShapeError(f"fan in and fan out need at least two axes, not shape {tensor.shape}")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


# under the name that PyTorch's users copy from its layers
_calculate_fan_in_and_fan_out = fans


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    return _random.uniform_(tensor, a, b, generator=generator)


@no_grad()
def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    return _random.normal_(tensor, mean, std, generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers, without those outside [a, b]. The interval isn't in units of std."""
    if a > b:
        raise ShapeError(f"trunc_normal_: the interval [{a}, {b}] is empty")
    if std <= 0:
        raise ShapeError(f"trunc_normal_: std must be above 0, not {std}")
    # what is uniform between the distribution function's values at the ends, through its inverse
    low, high = (math.erf((end - mean) / (std * math.sqrt(2))) for end in (a, b))
    _random.uniform_(tensor, low, high, generator=generator)
    if tensor.device.type == "meta":
        return tensor
    # at 1 and -1 the inverse is infinite
    least = _BELOW_ONE[tensor.dtype.itemsize]
    return tensor.copy_((erfinv(tensor.clamp(-least, least)) * (std * math.sqrt(2)) + mean).clamp(a, b))


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 1.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere: a linear layer that passes on what it can."""
    if tensor.ndim != 2:
        raise ShapeError(f"eye_ needs a matrix, not shape {tensor.shape}")
    return tensor.copy_(creation.eye(*tensor.shape, dtype=tensor.dtype, device=tensor.device))


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution that passes on as many channels of each group as it can.

    tensor: [out, in / groups, ...] with one to three axes of places
    """
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(f"dirac_ needs a convolution's weight of 3, 4 or 5 axes, not shape {tensor.shape}")
    if groups < 1 or tensor.shape[0] % groups:
        raise ShapeError(f"dirac_: {groups} groups don't divide {tensor.shape[0]} channels")
    each = tensor.shape[0] // groups
    channels = creation.eye(each, tensor.shape[1], dtype=tensor.dtype, device=tensor.device)
    tensor.fill_(0)
    centre = tuple(n // 2 for n in tensor.shape[2:])
    tensor[(slice(None), slice(None), *centre)].copy_(tile(channels, groups, 1))
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform with variance 2 gain^2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with variance 2 gain^2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan_in, fan_out = fans(tensor)
    if mode not in ("fan_in", "fan_out"):
        raise ShapeError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform with variance gain^2 / fan (He et al. 2015)."""
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with variance gain^2 / fan (He et al. 2015)."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows, or columns if there are fewer, that are orthogonal and of length `gain` (Saxe et al. 2013).

    Axes behind the first count as one. All such matrices are equally likely.
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_ needs at least two axes, not shape {tensor.shape}")
    if tensor.numel() == 0 or tensor.device.type == "meta":
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    normal = tensor.new_empty(rows, columns)
    _random.normal_(normal, generator=generator)
    q, r = qr(normal.T if rows < columns else normal)
    # the decomposition is unique, and its q evenly spread, where r's diagonal is positive (Mezzadri 2006)
    q = q * r.diagonal().sign()
    return tensor.copy_((q.T if rows < columns else q).reshape(tensor.shape) * gain)


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers, and zeros in a share `sparsity` of each column, rounded up (Martens 2010)."""
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_ needs a matrix, not shape {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ShapeError(f"sparse_: sparsity must be in [0, 1], not {sparsity}")
    normal_(tensor, 0.0, std, generator)
    if tensor.device.type == "meta":
        return tensor
    zeros = math.ceil(sparsity * tensor.shape[0])
    # the places of the smallest of random numbers are a random choice in each column
    chosen = _random.rand_like(tensor, generator=generator).argsort(0)[:zeros]
    return tensor.copy_(tensor.scatter(0, chosen, 0.0))
