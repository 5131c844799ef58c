"""Products of matrices and vectors with a sum: addmm and its family, einsum, outer, kron, tensordot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.dtypes import promote_types
from engine.errors import ShapeError
from engine.tensor.blocks import given
from engine.tensor.casting import as_given, in_half
from engine.tensor.products import bmm, dot, matmul, mm
from engine.tensor.promotion import Number, cast
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import expand, permute, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "einsum",
    "inner",
    "kron",
    "mv",
    "outer",
    "tensordot",
    "vdot",
]


def _blend(input: Tensor, product: Tensor, beta: Number, alpha: Number) -> Tensor:
    """beta * input + alpha * product; with beta 0 the values of input, even NaN, don't count."""
    if not product.is_floating_point() and not product.is_complex():
        # as in PyTorch, of integers the factors count as integers
        kind = type(product.new_zeros(()).item())
        beta, alpha = kind(beta), kind(alpha)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return expand(input, scaled.shape) * beta + scaled if beta != 1 else expand(input, scaled.shape) + scaled


@in_half
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * mat1 @ mat2"""
    return _blend(input, mm(mat1, mat2), beta, alpha)


@as_given
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * mat @ vec"""
    return _blend(input, mv(mat, vec), beta, alpha)


@as_given
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)"""
    return _blend(input, outer(vec1, vec2), beta, alpha)


@in_half
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * batch1 @ batch2, per matrix of the batch"""
    return _blend(input, bmm(batch1, batch2), beta, alpha)


@in_half
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * the sum of batch1 @ batch2 over the batch"""
    return _blend(input, sum_(bmm(batch1, batch2), 0, dtype=batch1.dtype), beta, alpha)


@as_given
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """[M, K] @ [K]"""
    if input.ndim != 2 or vec.ndim != 1:
        raise ShapeError(f"mv takes a matrix and a vector, not {input.shape} and {vec.shape}")
    return matmul(input, vec)


@as_given
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """dot, with the conjugate of the first where it is complex."""
    return dot(input.conj() if input.is_complex() else input, other)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """[N, M] with the products of all pairs of elements."""
    if input.ndim != 1 or vec2.ndim != 1:
        raise ShapeError(f"outer takes two vectors, not {input.shape} and {vec2.shape}")
    return unsqueeze(input, 1) * vec2


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Dot products over the last axes."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over axes: the last `dims` of a and the first of b, or a list of each."""
    if isinstance(dims, int):
        left, right = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        left, right = [d % a.ndim for d in dims[0]], [d % b.ndim for d in dims[1]]
    if len(left) == len(right):
        for d, e in zip(left, right, strict=True):
            # a size of 1 meets any other: the other's axis is summed
            if a.shape[d] != b.shape[e] and 1 in (a.shape[d], b.shape[e]):
                a = sum_(a, d, True, dtype=a.dtype) if b.shape[e] == 1 else a
                b = sum_(b, e, True, dtype=b.dtype) if a.shape[d] == 1 else b
    if [a.shape[d] for d in left] != [b.shape[d] for d in right]:
        raise ShapeError(f"tensordot: axes {left} of {a.shape} and {right} of {b.shape} differ in size")
    rows = [d for d in range(a.ndim) if d not in left]
    columns = [d for d in range(b.ndim) if d not in right]
    shape = [a.shape[d] for d in rows] + [b.shape[d] for d in columns]
    shared = _count([a.shape[d] for d in left])
    first = reshape(permute(a, rows + left), (_count([a.shape[d] for d in rows]), shared))
    second = reshape(permute(b, right + columns), (shared, _count([b.shape[d] for d in columns])))
    return reshape(matmul(first, second), shape)


def _count(lengths: Sequence[int]) -> int:
    total = 1
    for n in lengths:
        total *= n
    return total


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker's product: each element of input times the whole of other."""
    rank = max(input.ndim, other.ndim)
    a = (1,) * (rank - input.ndim) + input.shape
    b = (1,) * (rank - other.ndim) + other.shape
    spread = reshape(input, [n for size in a for n in (size, 1)])
    product = spread * reshape(other, [n for size in b for n in (1, size)])
    return reshape(product, [n * m for n, m in zip(a, b, strict=True)])


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products by Einstein's convention: einsum("bij,bjk->bik", a, b); ... stands for other axes.

    An index that isn't in the output is summed. Without "->", the output has the indices that occur once, in
    alphabetic order.
    """
    tensors = given(operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ShapeError(f"einsum: {equation!r} names {len(terms)} operands, and {len(tensors)} are given")
    named = [t.replace("...", "") for t in terms]
    extra = max(
        (x.ndim - len(n) for x, n, t in zip(tensors, named, terms, strict=True) if "..." in t), default=0
    )
    # the axes of "..." get names that no user can type
    dots = "".join(chr(0xE000 + k) for k in range(extra))
    full = []
    for x, n, t in zip(tensors, named, terms, strict=True):
        mine = x.ndim - len(n)
        if mine < 0 or (mine and "..." not in t):
            raise ShapeError(f"einsum: {t!r} names {len(n)} axes of an operand of shape {x.shape}")
        full.append(t.replace("...", dots[extra - mine :]))
    once = "".join(sorted(c for c in set("".join(named)) if "".join(named).count(c) == 1))
    out = right.replace("...", dots) if arrow else dots + once
    known = set("".join(full))
    if len(set(out)) != len(out) or not set(out) <= known:
        raise ShapeError(f"einsum: the output of {equation!r} must name each of its axes once")
    result, have = _distinct(tensors[0], full[0])
    for k in range(1, len(tensors)):
        x, names = _distinct(tensors[k], full[k])
        needed = set(out) | set("".join(full[k + 1 :]))
        result, have = _contract(result, have, x, names, needed)
    gone = [k for k, c in enumerate(have) if c not in out]
    if gone:
        result = sum_(result, gone)
        have = "".join(c for c in have if c in out)
    return permute(result, [have.index(c) for c in out]) if have != out else result


def _distinct(x: Tensor, names: str) -> tuple[Tensor, str]:
    """The diagonal, where an axis is named twice."""
    for c in sorted(set(names)):
        while names.count(c) > 1:
            first = names.index(c)
            second = names.index(c, first + 1)
            x = x.diagonal(0, first, second)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + c
    return x, names


def _contract(a: Tensor, left: str, b: Tensor, right: str, needed: set[str]) -> tuple[Tensor, str]:
    """The product of two, with the indices that nobody needs any more summed by one matmul."""
    # an index of only one operand that isn't needed is summed at once, and one of size 1 just broadcasts
    for own, other, first in ((left, right, True), (right, left, False)):
        for c in own:
            if c not in other and c not in needed:
                if first:
                    a, left = sum_(a, left.index(c)), left.replace(c, "")
                else:
                    b, right = sum_(b, right.index(c)), right.replace(c, "")
    for c in [c for c in left if c in right]:
        n, m = a.shape[left.index(c)], b.shape[right.index(c)]
        if n != m and n == 1:
            a, left = squeeze(a, left.index(c)), left.replace(c, "")
        elif n != m and m == 1:
            b, right = squeeze(b, right.index(c)), right.replace(c, "")
        elif n != m:
            raise ShapeError(f"einsum: index {c!r} is {n} in one operand and {m} in another")
    # sums of small integers are int64
    dtype = promote_types(a.dtype, b.dtype)
    a, b = cast(a, dtype), cast(b, dtype)
    batch = [c for c in left if c in right and c in needed]
    shared = [c for c in left if c in right and c not in needed]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    size = {c: a.shape[left.index(c)] for c in left} | {c: b.shape[right.index(c)] for c in right}

    def counts(*groups: list[str]) -> list[int]:
        return [_count([size[c] for c in group]) for group in groups]

    first_ = reshape(permute(a, [left.index(c) for c in batch + rows + shared]), counts(batch, rows, shared))
    second = reshape(
        permute(b, [right.index(c) for c in batch + shared + columns]), counts(batch, shared, columns)
    )
    names = batch + rows + columns
    return reshape(matmul(first_, second), [size[c] for c in names]), "".join(names)
