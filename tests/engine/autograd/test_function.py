"""User-defined ops: their values, gradients of any order, and what is said when they are wrong."""

import gc
import weakref

import numpy as np
import pytest

import engine
from engine.autograd import Function, gradcheck, gradgradcheck
from engine.autograd.function import once_differentiable
from engine.errors import EngineError, NotDifferentiable, ShapeError


@pytest.fixture
def x():
    return engine.tensor([0.5, -1.0, 2.0], dtype=engine.float64, requires_grad=True)


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, factor):
        out = (x * factor).exp()
        ctx.save_for_backward(out)
        ctx.factor = factor
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g * out * ctx.factor, None


class Both(Function):
    @staticmethod
    def forward(x, y):
        return x * y, x + y

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, of_product, of_sum):
        x, y = ctx.saved_tensors
        return of_product * y + of_sum, of_product * x + of_sum


def test_gradients_of_both_orders(x):
    y = engine.tensor([1.5, 0.25, -1.0], dtype=engine.float64, requires_grad=True)
    assert gradcheck(lambda v: Scaled.apply(v, 2.0), x)
    assert gradgradcheck(lambda v: Scaled.apply(v, 2.0), x)
    assert gradcheck(Both.apply, (x, y))
    assert gradgradcheck(Both.apply, (x, y))


def test_the_node_bears_the_functions_name_and_the_graph_is_freed(x):
    gc.disable()
    try:
        out = Scaled.apply(x, 2.0)
        assert out.grad_fn.name() == "ScaledBackward"
        watched = weakref.ref(out)
        total = out.sum()
        del out
        total.backward()
        del total
        assert watched() is None
    finally:
        gc.enable()


def test_unused_results_arrive_as_zeros_or_none(x):
    seen = []

    class Split(Function):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, a, b):
            seen.append(b)
            return a, None

    for materialize in (True, False):
        Split.apply(x, materialize)[0].sum().backward()
    assert seen[0].tolist() == [0, 0, 0]
    assert seen[1] is None


def test_needs_input_grad_tells_tensors_from_the_rest(x):
    seen = []

    class Seeing(Function):
        @staticmethod
        def forward(ctx, a, b, c):
            seen.append(ctx.needs_input_grad)
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, None, None

    Seeing.apply(x, engine.ones(3, dtype=engine.float64), "text")
    with engine.no_grad():
        assert not Seeing.apply(x, x, 1).requires_grad
    assert seen == [(True, False, False), (False, False, False)]


def test_results_can_be_marked_as_constants(x):
    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            order = x.argsort()
            ranks = order.to(engine.float64)
            ctx.mark_non_differentiable(ranks)
            ctx.save_for_backward(order)
            return x[order], ranks, order

        @staticmethod
        def backward(ctx, g, *_):
            (order,) = ctx.saved_tensors
            return engine.zeros_like(g).scatter_add(0, order, g)

    values, ranks, order = Sorted.apply(x)
    assert values.requires_grad
    assert not ranks.requires_grad
    assert not order.requires_grad
    (values * engine.tensor([1.0, 2.0, 3.0], dtype=engine.float64)).sum().backward()
    assert x.grad.tolist() == [2, 1, 3]


def test_a_changed_operand_goes_on_with_the_functions_history(x):
    class Doubled(Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    y = x * 1
    z = Doubled.apply(y)
    assert z is y
    y.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    leaf = engine.ones(2, requires_grad=True)
    with pytest.raises(NotDifferentiable, match="leaf that requires grad"):
        Doubled.apply(leaf)


def test_an_operand_returned_as_it_is_becomes_another_tensor(x):
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    out = Same.apply(x)
    assert out is not x
    out.sum().backward()
    assert x.grad.tolist() == [3, 3, 3]


def test_once_differentiable_refuses_the_second_time(x):
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return engine.from_numpy(2 * g.detach().numpy() * x.detach().numpy())

    Square.apply(x).sum().backward()
    assert x.grad.tolist() == [1, -2, 4]
    w = engine.ones(3, dtype=engine.float64, requires_grad=True)
    (g,) = engine.autograd.grad((Square.apply(x) * w).sum(), x, create_graph=True)
    with pytest.raises(NotDifferentiable, match="once_differentiable"):
        g.sum().backward()


def test_a_saved_tensor_changed_in_place_is_noticed(x):
    y = x * 1
    out = Both.apply(y, y)[0]
    with engine.no_grad():
        y.add_(1)
    with pytest.raises(NotDifferentiable, match="'Both' needs was changed in place"):
        out.sum().backward()


def test_a_second_walk_needs_retain_graph(x):
    out = Scaled.apply(x, 1.0).sum()
    out.backward()
    with pytest.raises(NotDifferentiable, match="second time"):
        out.backward()


def wrong(result):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, factor):
            return x * factor

        @staticmethod
        def backward(ctx, g):
            return result(g)

    return Wrong


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (lambda g: g, EngineError, r"Wrong.backward returned 1 gradients, and forward has 2 arguments"),
        (lambda g: (g, g), EngineError, "argument 1, which is float and no tensor"),
        (lambda g: (3.0, None), EngineError, "returned float for argument 0"),
        (lambda g: (g[:2], None), ShapeError, r"shape \(2,\) for argument 0 of shape \(3,\)"),
    ],
)
def test_wrong_gradients_are_named(x, result, error, message):
    with pytest.raises(error, match=message):
        wrong(result).apply(x, 2.0).sum().backward()


def test_extra_nones_and_broadcast_gradients_are_fine(x):
    wrong(lambda g: (g.expand(4, 3), None, None)).apply(x, 2.0).sum().backward()
    assert x.grad.tolist() == [4, 4, 4]


def test_misuse_says_how_it_is_meant(x):
    with pytest.raises(EngineError, match=r"call Scaled\.apply"):
        Scaled()

    class Saving(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)
            return x

    with pytest.raises(EngineError, match="save_for_backward keeps tensors, and argument 0 is int"):
        Saving.apply(x)


def test_a_function_inside_saved_tensor_hooks(x):
    packed = []

    def pack(t):
        packed.append(t)
        return t

    with engine.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = Scaled.apply(x, 2.0)
    assert len(packed) == 1
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2 * x.detach().numpy()))
