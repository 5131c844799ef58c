"""The functions that a graph's nodes can name beside modules: the engine's own, with its signatures.

All of the families below that take and give batches of tensors can be named; ABSENT says which can't, and
why. Those that take their sizes as loose arguments in
Python (x.reshape(2, 3)) take one list here, as torch.reshape does.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin

from engine import fft, linalg, special
from engine.nn import functional
from engine.spec.absences import ABSENT
from engine.spec.arguments import hints_of
from engine.tensor import (
    Tensor,
    activations,
    aliases,
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
from engine.tensor.scattering import scatter_reduce

# all of functional's families but those of masks that are drawn, which only modules know when to draw
OF_FUNCTIONAL = (
    "adaptive_pools",
    "attention",
    "classification",
    "distances",
    "grids",
    "losses",
    "margins",
    "mixing",
    "norms",
    "padding",
    "patches",
    "pools",
    "resizing",
    "vectors",
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
    *(getattr(functional, family) for family in OF_FUNCTIONAL),
)  # of linalg: what takes and gives batches of matrices
OF_MATRICES = """
    cholesky det eigh eigvalsh inv matrix_exp matrix_norm matrix_power pinv slogdet solve solve_triangular
    svdvals vecdot vector_norm
"""
# of special: what torch itself doesn't have
OF_SPECIAL = "entr erfcx i0e i1 i1e log_ndtr ndtr ndtri xlog1py zeta"


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


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The whole several times in a row along axes.

    dims: how many times along each axis, the batch axis (1) first
    """
    return blocks.tile(input, *dims)


def polygamma(input: Tensor, n: int) -> Tensor:
    """The n-th derivative of digamma.

    n: which one; 0 is digamma itself
    """
    return specials.polygamma(n, input)


def _public(family: ModuleType) -> list[Callable[..., Any]]:
    return [getattr(family, name) for name in family.__all__]


def _can_be_named(function: Callable[..., Any]) -> bool:
    """It takes tensors, none of its parameters is open (*sizes), and it gives tensors."""
    name = function.__name__
    if not inspect.isfunction(function) or name.startswith("unsafe_") or name in ABSENT:
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
        *(getattr(linalg, name) for name in OF_MATRICES.split()),
        *(getattr(special, name) for name in OF_SPECIAL.split()),
        reshape,
        permute,
        flip,
        einsum,
        tile,
        polygamma,
        scatter_reduce,
    ]
)
_NAMED = {function.__name__ for function in FUNCTIONS}
# other names of functions: torch.clip is torch.clamp
ALIASES = {
    name: function.__name__
    for family in (*FAMILIES, aliases, special)
    for name, function in zip(family.__all__, _public(family), strict=True)
    if name not in _NAMED and getattr(function, "__name__", None) in _NAMED
}
