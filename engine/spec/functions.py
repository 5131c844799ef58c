"""The functions that a graph's nodes can name beside modules: the engine's own, with its signatures.

Those that take their sizes as loose arguments in Python (x.reshape(2, 3)) take one list here, as
torch.reshape does.
"""

from collections.abc import Sequence

from engine.tensor import Tensor, arithmetic, products, reductions, shapes


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements in another shape.

    shape: the new sizes with the batch axis first; one size may be -1, and is then what remains
    """
    return shapes.reshape(input, tuple(shape))


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The axes in another order.

    dims: for each new axis the old one, the batch axis (0) first
    """
    return shapes.permute(input, *dims)


FUNCTIONS = (
    arithmetic.add,
    arithmetic.sub,
    arithmetic.mul,
    arithmetic.div,
    arithmetic.maximum,
    arithmetic.minimum,
    arithmetic.clamp,
    arithmetic.neg,
    arithmetic.abs,
    arithmetic.square,
    arithmetic.sqrt,
    arithmetic.exp,
    arithmetic.log,
    arithmetic.tanh,
    arithmetic.sigmoid,
    arithmetic.relu,
    arithmetic.gelu,
    products.matmul,
    reductions.sum,
    reductions.mean,
    reductions.amax,
    reductions.amin,
    reductions.logsumexp,
    reductions.softmax,
    reductions.log_softmax,
    shapes.flatten,
    shapes.unflatten,
    shapes.squeeze,
    shapes.unsqueeze,
    shapes.transpose,
    shapes.movedim,
    shapes.cat,
    shapes.stack,
    reshape,
    permute,
)
