"""Every method that changes a tensor in place, beside PyTorch's; what they do to histories and versions."""

import inspect
from typing import Any

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, EngineError, NotDifferentiable, ShapeError
from engine.tensor.methods.in_place import InPlaceMethods

# what a method needs besides the tensor, where that isn't nothing
NUMBERS = np.array([[0.3, 0.7, 0.2], [0.9, 0.4, 0.6]])
OTHER = np.array([[0.5, 0.25, 2.0], [1.5, 0.75, 0.125]])
WHOLE = np.array([[3, 5, 2], [4, 1, 7]])
OTHER_WHOLE = np.array([[1, 2, 3], [2, 1, 1]])
MASK = np.array([[True, False, True], [False, True, False]])
INDEX = np.array([[0, 1, 0], [1, 0, 1]])
FLOAT: dict[str, Any] = {
    "add_": (OTHER,),
    "sub_": (OTHER,),
    "subtract_": (OTHER,),
    "mul_": (OTHER,),
    "multiply_": (OTHER,),
    "div_": (OTHER,),
    "divide_": (OTHER,),
    "true_divide_": (OTHER,),
    "pow_": (OTHER,),
    "float_power_": (OTHER,),
    "atan2_": (OTHER,),
    "arctan2_": (OTHER,),
    "copysign_": (OTHER,),
    "fmod_": (OTHER,),
    "remainder_": (OTHER,),
    "floor_divide_": (OTHER,),
    "heaviside_": (OTHER,),
    "hypot_": (OTHER,),
    "nextafter_": (OTHER,),
    "xlogy_": (OTHER,),
    "ldexp_": (OTHER,),
    "eq_": (OTHER,),
    "ne_": (OTHER,),
    "not_equal_": (OTHER,),
    "lt_": (OTHER,),
    "less_": (OTHER,),
    "le_": (OTHER,),
    "less_equal_": (OTHER,),
    "gt_": (OTHER,),
    "greater_": (OTHER,),
    "ge_": (OTHER,),
    "greater_equal_": (OTHER,),
    "logical_and_": (OTHER,),
    "logical_or_": (OTHER,),
    "logical_xor_": (OTHER,),
    "addcdiv_": (OTHER, OTHER),
    "addcmul_": (OTHER, OTHER),
    "lerp_": (OTHER, 0.3),
    "clamp_": (0.3, 0.6),
    "clip_": (0.3, 0.6),
    "clamp_min_": (0.4,),
    "clamp_max_": (0.4,),
    "cumsum_": (1,),
    "cumprod_": (1,),
    "masked_fill_": (MASK, 2.0),
    "mvlgamma_": (1,),
    "masked_scatter_": (MASK, OTHER),
    "polygamma_": (1,),
    "renorm_": (2, 0, 0.5),
    "scatter_": (0, INDEX, OTHER),
    "scatter_add_": (0, INDEX, OTHER),
    "scatter_reduce_": (0, INDEX, OTHER, "sum"),
    "index_add_": (1, INDEX[0, :2], OTHER[:, :2]),
    "index_copy_": (1, INDEX[0, :2], OTHER[:, :2]),
    "index_fill_": (1, INDEX[0, :2], 3.0),
    "put_": (INDEX[0, :2], OTHER[0, :2]),
    "index_reduce_": (1, INDEX[0, :2], OTHER[:, :2], "prod"),
    "addmv_": None,
    "addmm_": None,
    "addbmm_": None,
    "addr_": (OTHER[0, :2], OTHER[0]),
    "baddbmm_": None,
    "fill_": (2.5,),
    "copy_": (OTHER,),
    "fill_diagonal_": (2.5,),
    "unsqueeze_": (1,),
    "transpose_": (0, 1),
    "swapaxes_": (0, 1),
    "swapdims_": (0, 1),
    "index_put_": None,
    "acosh_": (),
    "arccosh_": (),
}
INTEGER = {
    "bitwise_and_": (OTHER_WHOLE,),
    "bitwise_or_": (OTHER_WHOLE,),
    "bitwise_xor_": (OTHER_WHOLE,),
    "bitwise_not_": (),
    "bitwise_left_shift_": (OTHER_WHOLE,),
    "bitwise_right_shift_": (OTHER_WHOLE,),
    "gcd_": (OTHER_WHOLE,),
    "lcm_": (OTHER_WHOLE,),
}
RANDOM = {
    "bernoulli_",
    "cauchy_",
    "exponential_",
    "geometric_",
    "log_normal_",
    "normal_",
    "random_",
    "uniform_",
}
NAMES = [n for n in vars(InPlaceMethods) if n.endswith("_") and not n.startswith("_") and n not in RANDOM]


def changed(t, name):
    start = t.tensor(WHOLE if name in INTEGER else NUMBERS)
    if "acosh" in name or "arccosh" in name:
        start = start + 1
    given = INTEGER.get(name, FLOAT.get(name, ()))
    result = getattr(start, name)(*[t.tensor(g) if isinstance(g, np.ndarray) else g for g in given])
    assert result is start
    return start.tolist()


@pytest.mark.filterwarnings("ignore:index_reduce")  # torch calls its own a beta
@pytest.mark.parametrize("name", [n for n in NAMES if FLOAT.get(n, ()) is not None])
def test_each_method_changes_its_tensor_as_torchs_does(torch, name):
    # torch computes polygamma by a series of ten digits
    np.testing.assert_allclose(changed(engine, name), changed(torch, name), rtol=1e-9)


MATRIX = [
    ("addmm_", (2, 2), [(2, 3), (3, 2)]),
    ("addmv_", (2,), [(2, 3), (3,)]),
    ("addbmm_", (2, 2), [(4, 2, 3), (4, 3, 2)]),
    ("baddbmm_", (4, 2, 2), [(4, 2, 3), (4, 3, 2)]),
]


@pytest.mark.parametrize(("name", "shape", "others"), MATRIX)
def test_products_are_added_in_place(torch, name, shape, others):
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(s) for s in (shape, *others)]
    ours, theirs = (getattr(t.tensor(arrays[0]), name)(*map(t.tensor, arrays[1:])) for t in (engine, torch))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10)


def test_index_put_changes_or_adds(torch):
    def run(t):
        x = t.zeros(3)
        x.index_put_((t.tensor([0, 2]),), t.tensor([1.0, 2.0]))
        return x.index_put_((t.tensor([0, 0]),), t.ones(2), accumulate=True).tolist()

    assert run(engine) == run(torch)


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_random_fills_draw_from_their_generator_only(name):
    x = engine.zeros(1000)
    args = (0.3,) if name == "geometric_" else ()
    before = engine.get_rng_state().tolist()
    first = getattr(x, name)(*args, generator=engine.Generator().manual_seed(5)).tolist()
    again = getattr(engine.zeros(1000), name)(*args, generator=engine.Generator().manual_seed(5)).tolist()
    assert first == again
    assert len(set(first)) > 1
    assert engine.get_rng_state().tolist() == before


def test_random_fills_have_their_moments():
    engine.manual_seed(0)
    x = engine.empty(200_000, dtype=engine.float64)
    assert x.exponential_(2.0).mean().item() == pytest.approx(0.5, rel=0.02)
    assert x.geometric_(0.25).mean().item() == pytest.approx(4, rel=0.02)
    assert x.log_normal_(0.0, 0.5).log().std().item() == pytest.approx(0.5, rel=0.02)
    assert x.cauchy_(3.0).median().item() == pytest.approx(3, abs=0.05)
    assert x.random_(2, 5).unique().tolist() == [2, 3, 4]
    assert x.bernoulli_(0.3).mean().item() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize(
    "name", ["sin_", "exp_", "mul_", "clamp_", "cumsum_", "masked_fill_", "addcmul_", "sinc_"]
)
def test_gradients_go_through_the_change(torch, name):
    def run(t):
        x = t.tensor(NUMBERS, requires_grad=True)
        y = x * 1.5
        given = FLOAT.get(name, ())
        getattr(y, name)(*[t.tensor(g) if isinstance(g, np.ndarray) else g for g in given])
        (y * y).sum().backward()
        return x.grad.numpy()

    np.testing.assert_allclose(run(engine), run(torch), rtol=1e-10)


def test_shapes_change_in_place_with_their_history():
    x = engine.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    y = x * 1
    y.t_().squeeze_(1).unsqueeze_(0)
    assert y.shape == (1, 3)
    (y * engine.tensor([[1.0, 10.0, 100.0]])).sum().backward()
    assert x.grad.tolist() == [[1, 10, 100]]
    with pytest.raises(NotDifferentiable, match="leaf"):
        x.t_()


def test_results_that_do_not_fit_are_refused():
    with pytest.raises(
        ShapeError, match=r"add_: the result has shape \(2, 3\) and doesn't fit into shape \(3,\)"
    ):
        engine.ones(3).add_(engine.ones(2, 3))
    with pytest.raises(DTypeError, match="can't be stored in engine"):
        engine.ones(3, dtype=engine.int64).add_(0.5)
    with pytest.raises(ShapeError, match="fill_diagonal_ takes a matrix"):
        engine.ones(3).fill_diagonal_(1.0)


def test_operators_that_assign_use_them():
    x = engine.tensor([7, 5])
    alias = x
    x += 1
    x //= 2
    x &= 6
    x <<= 1
    x |= 1
    x ^= 3
    assert alias is x
    assert x.tolist() == [(((8 // 2) & 6) << 1 | 1) ^ 3, (((6 // 2) & 6) << 1 | 1) ^ 3]


def test_every_method_says_what_it_does():
    for name in NAMES:
        assert inspect.getdoc(getattr(engine.Tensor, name)), name
    assert issubclass(EngineError, RuntimeError)
