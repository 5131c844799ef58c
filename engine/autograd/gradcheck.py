"""Comparing gradients with finite differences, as PyTorch's gradcheck does."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.autograd.tape import Variable, wrap
from engine.autograd.walk import grad
from engine.errors import EngineError, NotDifferentiable

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(EngineError):
    """A gradient that differs from the finite difference."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Whether func's gradients agree with central differences, element by element.

    inputs: a tensor or a tuple, of which the float64 tensors that require grad are tried
    Raises GradcheckError that names the input and output, or returns False unless raise_exception. The
    gradients are computed twice, and may differ by nondet_tol.
    """
    arguments = (inputs,) if isinstance(inputs, Variable) else tuple(inputs)
    tried = [k for k, x in enumerate(arguments) if isinstance(x, Variable) and x._requires]
    if not tried:
        raise NotDifferentiable("gradcheck: none of the inputs is a tensor that requires grad")
    for k in tried:
        if arguments[k]._data.dtype != np.float64:
            raise GradcheckError(
                f"gradcheck: input {k} is {arguments[k].dtype}; finite differences need float64, call "
                ".double()"
            )
    try:
        _compare(func, arguments, tried, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _outputs(func: Callable[..., Any], arguments: tuple[Any, ...]) -> list[Any]:
    out = func(*arguments)
    found = [out] if isinstance(out, Variable) else list(out)
    return [x for x in found if isinstance(x, Variable) and x._data.dtype.kind == "f"]


def _compare(
    func: Callable[..., Any],
    arguments: tuple[Any, ...],
    tried: list[int],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    xs = [arguments[k] for k in tried]
    outs = _outputs(func, arguments)
    if not any(out._requires for out in outs):
        raise GradcheckError("gradcheck: no output of the function requires grad")
    numerical = [_differences(func, arguments, k, outs, eps) for k in tried]
    for o, out in enumerate(outs):
        analytical = _rows(out, xs)
        for again, once in zip(_rows(out, xs), analytical, strict=True):
            if not np.allclose(again, once, rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    f"gradcheck: two walks gave different gradients of output {o}; they may by "
                    f"nondet_tol={nondet_tol}"
                )
        for i, k in enumerate(tried):
            ours, theirs = analytical[i], numerical[i][o]
            if not np.allclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=True):
                worst = np.unravel_index(np.nanargmax(np.abs(ours - theirs)), ours.shape)
                raise GradcheckError(
                    f"gradcheck: the gradient of output {o} with respect to input {k} isn't the finite "
                    "difference "
                    f"(rows are elements of the output, columns of the input); the greatest difference is at "
                    f"{tuple(int(n) for n in worst)}: {ours[worst]:.6g} against {theirs[worst]:.6g}\n"
                    f"analytical:\n{ours}\nnumerical:\n{theirs}"
                )


def _rows(out: Any, xs: list[Any]) -> list[Any]:
    """Per input the Jacobian of one output: [elements of the output, elements of the input]."""
    size = out._data.size
    tables = [np.zeros((size, x._data.size)) for x in xs]
    for k in range(size if out._requires else 0):
        seed = np.zeros(size)
        seed[k] = 1
        weight = wrap(seed.reshape(out._data.shape), out._device)
        found = grad([out], xs, [weight], retain_graph=True, allow_unused=True)
        for table, g in zip(tables, found, strict=True):
            if g is not None:
                table[k] = g._data.reshape(-1)
    return tables


def _differences(
    func: Callable[..., Any], arguments: tuple[Any, ...], position: int, outs: list[Any], eps: float
) -> list[Any]:
    x = arguments[position]
    tables = [np.zeros((out._data.size, x._data.size)) for out in outs]
    values = np.array(x._data)
    for k in range(values.size):
        sides = []
        for step in (eps, -eps):
            moved = values.copy()
            moved.reshape(-1)[k] += step
            probe = wrap(moved, x._device)
            probe._requires = True  # the function may differentiate itself
            with_probe = (*arguments[:position], probe, *arguments[position + 1 :])
            sides.append([np.array(out._data).reshape(-1) for out in _outputs(func, with_probe)])
        for table, ahead, behind in zip(tables, *sides, strict=True):
            table[:, k] = (ahead - behind) / (2 * eps)
    return tables


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """As gradcheck, for the gradients' gradients.

    grad_outputs: the weights of the outputs, which are varied too; fixed pseudo-random numbers unless given
    """
    arguments = (inputs,) if isinstance(inputs, Variable) else tuple(inputs)
    tried = [k for k, x in enumerate(arguments) if isinstance(x, Variable) and x._requires]
    outs = [out for out in _outputs(func, arguments) if out._requires]
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        weights = tuple(wrap(np.asarray(rng.standard_normal(out._data.shape)), out._device) for out in outs)
    else:
        weights = (grad_outputs,) if isinstance(grad_outputs, Variable) else tuple(grad_outputs)
    for each in weights:
        each._requires = True

    def slopes(*args: Any) -> tuple[Any, ...]:
        xs, given = args[: len(arguments)], args[len(arguments) :]
        results = [out for out in _outputs(func, xs) if out._requires]
        found = grad(
            results,
            [xs[k] for k in tried],
            given,
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return tuple(found)

    return gradcheck(
        slopes,
        (*arguments, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )
