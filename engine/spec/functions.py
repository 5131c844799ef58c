"""The functions that a graph's nodes can name beside modules: the engine's own, with its signatures.

All of the families below that take and give batches of tensors can be named, but those whose result's shape
depends on values, which nobody can check beforehand. Those that take their sizes as loose arguments in
Python (x.reshape(2, 3)) take one list here, as torch.reshape does.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin

from engine import fft
from engine.nn import functional
from engine.spec.arguments import hints_of
from engine.tensor import (
    Tensor,
    activations,
    arithmetic,
    blends,
    blocks,
    comparison,
    complex,
    distances,
    indexing,
    matrix_norms,
    orders,
    placing,
    products,
    reductions,
    shapes,
    specials,
    statistics,
    transcendental,
)

FAMILIES = (
    arithmetic,
    transcendental,
    comparison,
    complex,
    specials,
    activations,
    products,
    blends,
    reductions,
    orders,
    shapes,
    blocks,
    placing,
    indexing,
    distances,
    matrix_norms,
    statistics,
    fft,
)
# of functional, beside activations: those that no module stands for
OF_FUNCTIONAL = (
    "cosine_similarity",
    "grid_sample",
    "interpolate",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "scaled_dot_product_attention",
)
# the shape of what these give depends on the values
UNFORESEEABLE = frozenset(
    {"masked_select", "nonzero", "argwhere", "combinations", "unique", "unique_consecutive"}
)
# these have no batch axis in what they take or give, so that no node can use them
_WITHOUT_BATCH = """
    addbmm addmm addmv addr corrcoef cov diag diagflat dist dot gradient index_add index_copy index_select
    inner kron mm mv outer prelu ravel renorm t take tensordot trace vdot vstack
"""
WITHOUT_BATCH = frozenset(_WITHOUT_BATCH.split())


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


def flip(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The elements in reverse order along some axes.

    dims: the axes
    """
    return shapes.flip(input, *dims)


def einsum(operands: Sequence[Tensor], equation: str) -> Tensor:
    """A sum of products in Einstein's notation.

    equation: a letter for each axis, such as "nij,njk->nik"
    """
    return blends.einsum(equation, *operands)


def _public(family: ModuleType) -> list[Callable[..., Any]]:
    return [getattr(family, name) for name in family.__all__]


def _can_be_named(function: Callable[..., Any]) -> bool:
    """It takes tensors, none of its parameters is open (*sizes), and it gives tensors."""
    name = function.__name__
    if (
        not inspect.isfunction(function)
        or name.startswith("unsafe_")
        or name in UNFORESEEABLE | WITHOUT_BATCH
    ):
        return False
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return False
    hints = hints_of(function)
    return _is_tensor(hints.get(parameters[0].name)) and _gives_tensors(hints.get("return"))


def _is_tensor(hint: Any) -> bool:
    return hint is Tensor or any(_is_tensor(part) for part in get_args(hint))


def _gives_tensors(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return all(_gives_tensors(part) for part in get_args(hint))
    fields = getattr(hint, "_fields", None)  # of a NamedTuple
    return hint is Any or hint is Tensor or fields is not None or _is_tensor(hint)


def _found(functions: Iterable[Callable[..., Any]]) -> tuple[Callable[..., Any], ...]:
    """By name; the later of two wins."""
    return tuple({f.__name__: f for f in functions}.values())


FUNCTIONS = _found(
    [
        *filter(_can_be_named, (f for family in FAMILIES for f in _public(family))),
        *(getattr(functional, name) for name in OF_FUNCTIONAL),
        reshape,
        permute,
        flip,
        einsum,
    ]
)
