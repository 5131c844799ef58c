"""Hooks on tensors, leaves and nodes; what a node tells about itself; anomalies; saved tensors."""

import numpy as np
import pytest

import engine
from engine.autograd.graph import detect_anomaly, is_anomaly_enabled, saved_tensors_hooks, set_detect_anomaly
from engine.errors import EngineError, NonFinite, NotDifferentiable, ShapeError


@pytest.fixture
def x():
    return engine.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_hooks_run_in_order_and_each_sees_what_the_one_before_returned(x):
    seen = []
    y = x * 2
    y.register_hook(lambda g: seen.append(("first", g.tolist())))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(("third", g.tolist())))
    y.sum().backward()
    assert seen == [("first", [1, 1, 1]), ("third", [10, 10, 10])]
    assert x.grad.tolist() == [20, 20, 20]


def test_a_leafs_hook_runs_once_with_the_whole_gradient(x):
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: g + 1)
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5, 5, 5]]
    assert x.grad.tolist() == [6, 6, 6]
    (x * 1).sum().backward()
    assert x.grad.tolist() == [8, 8, 8]


def test_a_removed_hook_is_silent_and_a_handle_is_a_context_manager(x):
    y = x * 2
    handle = y.register_hook(lambda g: g * 0)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: g * 100):
        y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert x.grad.tolist() == [202, 202, 202]


def test_hooks_see_gradients_that_grad_asks_for(x):
    y = x * 2
    y.register_hook(lambda g: g * 3)
    x.register_hook(lambda g: g * 5)
    of_y, of_x = engine.autograd.grad((y * y).sum(), (y, x))
    assert of_y.tolist() == [12, 24, 36]
    assert of_x.tolist() == [120, 240, 360]
    assert x.grad is None


def test_a_hook_belongs_to_the_values_at_its_registration(x):
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.mul_(7)
    y.sum().backward()
    assert seen == [[7, 7, 7]]


def test_retain_grad_follows_a_change_in_place_and_comes_after_hooks(x):
    y = x * 2
    y.retain_grad()
    y.mul_(7)
    y.register_hook(lambda g: g * 2)
    (y * 3).sum().backward()
    assert y.retains_grad
    assert y.grad.tolist() == [6, 6, 6]


def test_a_post_accumulate_hook_can_step_and_free_while_the_walk_goes_on():
    first = engine.ones(2, requires_grad=True)
    second = engine.ones(2, requires_grad=True)
    order = []

    def step(p):
        order.append("second" if p is second else "first")
        with engine.no_grad():
            p.sub_(p.grad)
        p.grad = None

    hidden = first * 2
    hidden.register_hook(lambda g: order.append("hidden"))
    for p in (first, second):
        p.register_post_accumulate_grad_hook(step)
    (hidden + second * 3).sum().backward()
    assert order == ["second", "hidden", "first"]
    assert first.tolist() == [-1, -1]
    assert second.tolist() == [-2, -2]
    assert first.grad is None


def test_hooks_that_make_no_sense_are_refused(x):
    with pytest.raises(NotDifferentiable, match="doesn't require grad"):
        engine.ones(2).register_hook(print)
    with pytest.raises(NotDifferentiable, match="needs a leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)
    y = x * 2
    y.register_hook(lambda g: 3)
    with pytest.raises(EngineError, match="returned int"):
        y.sum().backward()
    y = x * 2
    y.register_hook(lambda g: g[:1])
    with pytest.raises(ShapeError, match=r"of shape \(1,\) for a gradient of .* of shape \(3,\)"):
        y.sum().backward()


def test_nodes_name_themselves_and_their_operands(x):
    y = x.exp() * 2
    node = y.grad_fn
    assert node.name() == "MulBackward0"
    (before, slot), constant = node.next_functions
    assert (before.name(), slot) == ("ExpBackward0", 0)
    assert constant == (None, 0)
    ((end, _),) = before.next_functions
    assert end.variable is x
    assert end.next_functions == ()
    node.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}


def test_hooks_on_nodes_see_and_replace_both_sides(x):
    y = x * 2
    seen = []
    y.grad_fn.register_prehook(lambda outs: (outs[0] * 10,))

    def after(ins, outs):
        seen.append((ins[0].tolist(), ins[1], outs[0].tolist()))
        return (ins[0] + 1, None)

    y.grad_fn.register_hook(after)
    y.sum().backward()
    assert seen == [([20, 20, 20], None, [10, 10, 10])]
    assert x.grad.tolist() == [21, 21, 21]


def test_an_anomaly_names_the_op_and_the_line_that_called_it(x):
    with detect_anomaly():
        assert is_anomaly_enabled()
        y = (x - 1).sqrt() * 0.0
        with pytest.raises(NonFinite, match=r"'SqrtBackward0' returned nan values(?s:.*)test_hooks\.py"):
            y.sum().backward()
    assert not is_anomaly_enabled()


def test_anomalies_pass_unchecked_on_request(x):
    with detect_anomaly(check_nan=False):
        ((x - 1).sqrt() * 0.0).sum().backward()
    assert np.isnan(x.grad.numpy()[0])
    set_detect_anomaly(True)
    set_detect_anomaly(False)
    assert not is_anomaly_enabled()


def test_saved_tensors_go_through_the_hooks(x):
    packed, unpacked = [], []

    def pack(t):
        packed.append(tuple(t.shape))
        return t.numpy().astype(np.float16)

    def unpack(held):
        unpacked.append(held.shape)
        return engine.from_numpy(held.astype(np.float32))

    with saved_tensors_hooks(pack, unpack):
        y = x * x
        z = y.exp()
    assert packed == [(3,), (3,), (3,)]
    z.sum().backward()
    assert unpacked == packed
    expected = 2 * x.detach().numpy() * np.exp(x.detach().numpy() ** 2)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-2)


def test_gradients_of_gradients_go_through_packed_tensors():
    x = engine.tensor([0.5, 1.5], dtype=engine.float64, requires_grad=True)

    def function(v):
        with saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
            return (v.sin() * v).exp() / v

    assert engine.autograd.gradcheck(function, x)
    assert engine.autograd.gradgradcheck(function, x)


def test_what_unpack_returns_must_be_a_tensor(x):
    with saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = x * x
    with pytest.raises(NotDifferentiable, match="unpack must return the tensor"):
        y.sum().backward()


def test_grad_refuses_what_it_cannot_do(x):
    y = (x * 2).sum()
    with pytest.raises(EngineError, match="is_grads_batched"):
        engine.autograd.grad(y, x, is_grads_batched=True)
    with pytest.raises(EngineError, match="only_inputs"):
        engine.autograd.grad(y, x, only_inputs=False)
    with pytest.raises(NotDifferentiable, match="inputs is empty"):
        y.backward(inputs=[])


def test_switches_decorate_functions_and_generators(x):
    @engine.no_grad  # type: ignore[call-arg]  # __new__ gives the function
    def bare():
        return engine.is_grad_enabled()

    @engine.set_grad_enabled(False)
    def switched():
        return engine.is_grad_enabled()

    @engine.no_grad()
    def steps():
        for _ in range(2):
            yield engine.is_grad_enabled()

    assert bool(bare()) is False  # type: ignore[call-arg]  # see above
    assert not switched()
    assert [(inner, engine.is_grad_enabled()) for inner in steps()] == [(False, True)] * 2
    with engine.inference_mode():
        with engine.enable_grad():
            assert not (x * 2).requires_grad
        with engine.inference_mode(False):
            assert (x * 2).requires_grad
