"""Whole derivatives of functions of tensors: PyTorch's `torch.autograd.functional`.

Each runs the function once and walks back once per row of what is asked for; a derivative of a derivative
walks back through the first walk (Pearlmutter 1994 for the Hessian's products).
"""

from collections.abc import Callable
from typing import Any

from engine.autograd.mode import enable_grad
from engine.autograd.tape import Variable, create
from engine.autograd.walk import grad
from engine.dtypes import of
from engine.errors import EngineError, NotDifferentiable, ShapeError
from engine.ops.creation import FULL
from engine.ops.elementwise import CLONE
from engine.ops.shapes import RESHAPE, STACK

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]


def _tuple(x: Any, what: str) -> tuple[Any, ...]:
    found = tuple(x) if isinstance(x, tuple | list) else (x,)
    for k, each in enumerate(found):
        if not isinstance(each, Variable):
            raise EngineError(
                f"{what} must be a tensor or a tuple of tensors; number {k} is {type(each).__name__}"
            )
    return found


def _leaves(inputs: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    """The inputs as tensors to differentiate by, part of their own graph where that is wanted."""
    return tuple(CLONE(x) if create_graph and x._requires else x.detach().requires_grad_() for x in inputs)


def _zeros(x: Any) -> Any:
    return create(FULL, x._device, (tuple(x._data.shape), 0, of(x._data.dtype)))


def _called(func: Function, inputs: tuple[Any, ...], what: str) -> tuple[Any, tuple[Any, ...]]:
    out = func(*inputs)
    return out, _tuple(out, f"{what}: what the function returns")


def _grads(
    outputs: tuple[Any, ...],
    inputs: tuple[Any, ...],
    weights: tuple[Any, ...] | None,
    create_graph: bool,
    strict: bool,
    what: str,
) -> tuple[Any, ...]:
    """Gradients with zeros where nothing depends on an input, or an error if strict."""
    used = [k for k, out in enumerate(outputs) if out._requires]
    if strict and len(used) < len(outputs):
        raise NotDifferentiable(
            f"{what}: an output doesn't depend on the inputs; with strict=False that is zero"
        )
    found: tuple[Any, ...] = (None,) * len(inputs)
    if used:
        found = grad(
            [outputs[k] for k in used],
            inputs,
            None if weights is None else [weights[k] for k in used],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    for k, g in enumerate(found):
        if g is None and strict:
            raise NotDifferentiable(
                f"{what}: the outputs don't depend on input {k}; with strict=False that is zero"
            )
    return tuple(_zeros(x) if g is None else g for x, g in zip(inputs, found, strict=True))


def _vectors(v: Any, like: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise ShapeError(
                f"{what}: v may be left out only for a single element; give one tensor per shape"
            )
        x = like[0]
        return (create(FULL, x._device, (tuple(x._data.shape), 1, of(x._data.dtype))),)
    given = _tuple(v, f"{what}: v")
    for a, b in zip(given, like, strict=False):
        if tuple(a._data.shape) != tuple(b._data.shape):
            raise ShapeError(
                f"{what}: v has shape {tuple(a._data.shape)}, and it must have {tuple(b._data.shape)}"
            )
    if len(given) != len(like):
        raise ShapeError(f"{what}: v holds {len(given)} tensors, and there must be {len(like)}")
    return given


def _given(result: tuple[Any, ...], single: bool, create_graph: bool) -> Any:
    kept = result if create_graph else tuple(x.detach() for x in result)
    return kept[0] if single else kept


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), the product of the vector v of the outputs' shapes with the Jacobian)."""
    leaves = _tuple(inputs, "vjp: inputs")
    single = isinstance(inputs, Variable)
    with enable_grad():
        xs = _leaves(leaves, create_graph)
        out, outs = _called(func, xs, "vjp")
        found = _grads(outs, xs, _vectors(v, outs, "vjp"), create_graph, strict, "vjp")
    return _given(outs, isinstance(out, Variable), create_graph), _given(found, single, create_graph)


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), the product of the Jacobian with the vector v of the inputs' shapes).

    The product with the transposed Jacobian is linear in its vector, and is differentiated by that.
    """
    leaves = _tuple(inputs, "jvp: inputs")
    with enable_grad():
        xs = _leaves(leaves, create_graph)
        direction = _vectors(v, xs, "jvp")
        out, outs = _called(func, xs, "jvp")
        single = isinstance(out, Variable)
        weights = tuple(_zeros(o).requires_grad_() for o in outs)
        rows = _grads(outs, xs, weights, True, strict, "jvp")
        linear = [(g, d) for g, d in zip(rows, direction, strict=True) if g._requires]
        found: tuple[Any, ...] = (None,) * len(outs)
        if linear:
            found = grad(
                [g for g, _ in linear],
                weights,
                [d for _, d in linear],
                create_graph=create_graph,
                allow_unused=True,
            )
        products = tuple(_zeros(o) if g is None else g for o, g in zip(outs, found, strict=True))
    return _given(outs, single, create_graph), _given(products, single, create_graph)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """d out / d in, of shape [*out, *in]; a tuple of tuples where outputs or inputs are several."""
    if vectorize or strategy != "reverse-mode":
        raise EngineError("jacobian: only vectorize=False with strategy='reverse-mode' is supported")
    leaves = _tuple(inputs, "jacobian: inputs")
    with enable_grad():
        xs = _leaves(leaves, create_graph)
        out, outs = _called(func, xs, "jacobian")
        table = tuple(_rows(o, xs, create_graph, strict) for o in outs)
    if not create_graph:
        table = tuple(tuple(x.detach() for x in row) for row in table)
    if isinstance(inputs, Variable):
        table = tuple(row[0] for row in table)
    return table[0] if isinstance(out, Variable) else table


def _rows(out: Any, xs: tuple[Any, ...], create_graph: bool, strict: bool) -> tuple[Any, ...]:
    shape, size = tuple(out._data.shape), out._data.size
    flat = RESHAPE(out, (size,))
    rows = [_grads((flat[k],), xs, None, create_graph, strict, "jacobian") for k in range(size)]
    joined = []
    for position, x in enumerate(xs):
        full = (*shape, *x._data.shape)
        if rows:
            joined.append(RESHAPE(STACK(*[row[position] for row in rows], 0), full))
        else:
            joined.append(create(FULL, x._device, (full, 0, of(x._data.dtype))))
    return tuple(joined)


def _scalar(func: Function, what: str) -> Function:
    def checked(*inputs: Any) -> Any:
        out = func(*inputs)
        if not isinstance(out, Variable) or out._data.size != 1:
            shape = tuple(out._data.shape) if isinstance(out, Variable) else type(out).__name__
            raise ShapeError(
                f"{what}: the function must return a tensor of one element, and it returned {shape}"
            )
        return RESHAPE(out, ())

    return checked


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function of one element: [*in, *in], per pair of inputs."""
    single = isinstance(inputs, Variable)
    scalar = _scalar(func, "hessian")

    def slope(*xs: Any) -> Any:
        found = jacobian(scalar, xs[0] if single else xs, create_graph=True, strict=strict)
        return found

    return jacobian(slope, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(*inputs), the Hessian times v), for a function of one element."""
    leaves = _tuple(inputs, "hvp: inputs")
    with enable_grad():
        xs = _leaves(leaves, create_graph)
        direction = _vectors(v, xs, "hvp")
        out = _scalar(func, "hvp")(*xs)
        slopes = _grads((out,), xs, None, True, strict, "hvp")
        found = _grads(slopes, xs, direction, create_graph, strict, "hvp")
    single = isinstance(inputs, Variable)
    return _given((out,), True, create_graph), _given(found, single, create_graph)


# the Hessian is symmetric
vhp = hvp
