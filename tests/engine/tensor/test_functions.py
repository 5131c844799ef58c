"""The functions on tensors: promotion, arguments and messages. Their numbers are tested by the op table."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, EngineError, IndexError_, NotDifferentiable, ShapeError


def _dtype(x):
    return str(x.dtype).split(".")[1]


NAMES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64")


@pytest.mark.parametrize("first", NAMES)
def test_dtypes_meet_where_they_meet_in_torch(torch, first):
    for second in NAMES:
        for shapes in (((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())):
            ours, theirs = (
                [lib.ones(s, dtype=getattr(lib, n)) for s, n in zip(shapes, (first, second), strict=True)]
                for lib in (engine, torch)
            )
            assert _dtype(ours[0] + ours[1]) == _dtype(theirs[0] + theirs[1]), (first, second, shapes)
            assert _dtype(ours[0] / ours[1]) == _dtype(theirs[0] / theirs[1])
            assert _dtype(ours[0] == ours[1]) == "bool"
            assert engine.result_type(*ours) is (ours[0] + ours[1]).dtype
        assert (
            str(engine.promote_types(getattr(engine, first), getattr(engine, second))).split(".")[1]
            == (str(torch.promote_types(getattr(torch, first), getattr(torch, second))).split(".")[1])
        )


@pytest.mark.parametrize("name", NAMES)
def test_numbers_raise_a_dtype_only_across_categories(torch, name):
    ours, theirs = (lib.ones(2, dtype=getattr(lib, name)) for lib in (engine, torch))
    for number in (True, 2, 2.5):
        assert _dtype(ours * number) == _dtype(theirs * number)
        assert _dtype(number + ours) == _dtype(number + theirs)


def test_operators_agree_with_torch(torch):
    values, others = np.array([[1.5, -2.0], [3.0, 0.5]]), np.array([2.0, -0.5])
    for f in (
        lambda t, a, b: 2 - a,
        lambda t, a, b: 1 / a,
        lambda t, a, b: 2**a,
        lambda t, a, b: a**2,
        lambda t, a, b: a**3,
        lambda t, a, b: abs(a) ** 0.5,
        lambda t, a, b: a // b,
        lambda t, a, b: 7 // b,
        lambda t, a, b: a % b,
        lambda t, a, b: -a,
        lambda t, a, b: a @ b,
        lambda t, a, b: b @ a,
        lambda t, a, b: b @ b,
        lambda t, a, b: (a > 0) & (a < b),
        lambda t, a, b: (a > 0) | ~(a < b),
        lambda t, a, b: (a > 0) ^ (a < b),
        lambda t, a, b: t.add(a, b, alpha=3),
        lambda t, a, b: t.sub(a, b, alpha=3),
        lambda t, a, b: t.div(a, b, rounding_mode="trunc"),
        lambda t, a, b: t.div(a, b, rounding_mode="floor"),
        lambda t, a, b: t.clamp(a, min=b),
        lambda t, a, b: t.clamp(a, -1, 1),
        lambda t, a, b: t.where(a > 0, a, 0.0),
        lambda t, a, b: t.where(a > 0, 1.0, 0.0),
        lambda t, a, b: t.where(a > 0, 1, b),
        lambda t, a, b: a.long() // 2,
        lambda t, a, b: a.long() / 2,
        lambda t, a, b: a.long() ** 2,
        lambda t, a, b: t.exp(a.long()),
        lambda t, a, b: a.long().floor(),
        lambda t, a, b: t.nn.functional.gelu(a),
        lambda t, a, b: t.nn.functional.gelu(a, approximate="tanh"),
        lambda t, a, b: a.norm(),
        lambda t, a, b: a.norm(1, 0),
        lambda t, a, b: a.norm(float("inf")),
        lambda t, a, b: t.isclose(a, a + 1e-9),
    ):
        ours = f(engine, engine.tensor(values), engine.tensor(others))
        theirs = f(torch, torch.tensor(values), torch.tensor(others))
        assert _dtype(ours) == _dtype(theirs)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_reductions_take_axes_as_torch_does(torch):
    values = np.random.default_rng(0).standard_normal((2, 3, 4))
    for f in (
        lambda t, x: x.sum(),
        lambda t, x: x.sum(-1),
        lambda t, x: x.sum((0, -1), keepdim=True),
        lambda t, x: x.sum(dtype=t.float32),
        lambda t, x: x.mean(1),
        lambda t, x: t.max(x),
        lambda t, x: t.max(x, 1)[0],
        lambda t, x: t.max(x, -1, keepdim=True).indices,
        lambda t, x: t.min(x, 0).values,
        lambda t, x: t.max(x, -x),
        lambda t, x: x.argmax(),
        lambda t, x: x.argmax(1, keepdim=True),
        lambda t, x: x.argmin(-1),
        lambda t, x: x.var(),
        lambda t, x: x.std(1, unbiased=False),
        lambda t, x: x.var(dim=(0, 1), correction=0),
        lambda t, x: (x > 0).any(),
        lambda t, x: (x > 0).all(1),
        lambda t, x: (x > 0).sum(),
        lambda t, x: t.logsumexp(x, (0, 1)),
        lambda t, x: t.cumsum(x, 1),
        lambda t, x: t.softmax(x, -1),
        lambda t, x: x.log_softmax(0),
    ):
        ours, theirs = f(engine, engine.tensor(values)), f(torch, torch.tensor(values))
        assert _dtype(ours) == _dtype(theirs)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_rearrangements_agree_with_torch(torch):
    values = np.arange(24.0).reshape(2, 3, 4)
    for f in (
        lambda t, x: x.reshape(4, -1),
        lambda t, x: t.reshape(x, (6, 4)),
        lambda t, x: x.view(-1),
        lambda t, x: t.flatten(x, 1),
        lambda t, x: x.flatten(),
        lambda t, x: x.unflatten(2, (2, -1)),
        lambda t, x: x[:1].squeeze(),
        lambda t, x: x[:1].squeeze(0),
        lambda t, x: x.squeeze(1),
        lambda t, x: x.unsqueeze(-1),
        lambda t, x: x.permute(2, 0, 1),
        lambda t, x: x.transpose(0, -1),
        lambda t, x: x[0].t(),
        lambda t, x: x[:, :1].expand(2, 5, -1),
        lambda t, x: x[0].repeat(2, 1, 3),
        lambda t, x: t.cat([x, x], dim=-1),
        lambda t, x: t.stack([x, x], dim=1),
        lambda t, x: t.cat([x, x.long()]),
        lambda t, x: x.split(2, dim=2)[1],
        lambda t, x: x.split([1, 3], dim=2)[1],
        lambda t, x: x.chunk(3, dim=2)[-1],
        lambda t, x: x.unbind(1)[2],
        lambda t, x: x.narrow(2, 1, 2),
        lambda t, x: x.select(1, -1),
        lambda t, x: x.flip(0, 2),
        lambda t, x: x.movedim(0, 2),
        lambda t, x: x.index_select(2, t.tensor([3, 0])),
        lambda t, x: x.masked_select(x > 7),
        lambda t, x: x.masked_fill(x > 7, 0.5),
        lambda t, x: t.nonzero(x > 20),
        lambda t, x: x.tril(1),
        lambda t, x: x.transpose(0, 1).contiguous().view(3, 8),
        lambda t, x: t.nn.functional.one_hot(x.long()[0, 0]),
    ):
        ours, theirs = f(engine, engine.tensor(values)), f(torch, torch.tensor(values))
        assert _dtype(ours) == _dtype(theirs)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_methods_in_place_change_the_tensor_and_return_it(torch):
    for f in (
        lambda x: x.add_(2, alpha=3),
        lambda x: x.sub_(1),
        lambda x: x.mul_(2.5),
        lambda x: x.div_(2),
        lambda x: x.pow_(2),
        lambda x: x.neg_(),
        lambda x: x.clamp_(0, 1),
        lambda x: x.exp_(),
        lambda x: x.relu_(),
        lambda x: x.fill_(3),
        lambda x: x.zero_(),
        lambda x: x.copy_(5 * x),
    ):
        ours, theirs = engine.tensor([1.5, -2.0]), torch.tensor([1.5, -2.0])
        assert f(ours) is ours
        f(theirs)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_copy_brings_the_history_of_its_source():
    x, source = engine.zeros(2, 2), engine.ones(2, requires_grad=True)
    x.copy_(source)
    (x * 3).sum().backward()
    assert source.grad.tolist() == [6, 6]


def test_in_place_results_must_fit():
    with pytest.raises(ShapeError, match="doesn't fit into shape"):
        engine.zeros(2).add_(engine.zeros(3, 2))
    with pytest.raises(DTypeError, match="can't be stored in"):
        engine.arange(3).mul_(1.5)


@pytest.mark.parametrize(
    ("call", "kind", "complaint"),
    [
        (
            lambda x: x + engine.zeros(3),
            ShapeError,
            r"add: shapes \(2, 4\) and \(3,\) don't broadcast: axis -1",
        ),
        (lambda x: x @ x, ShapeError, r"matmul: \(2, 4\) @ \(2, 4\): the last axis of the first is 4"),
        (lambda x: x @ engine.zeros(4, 2, dtype=engine.float64), DTypeError, "must be the same"),
        (lambda x: x.reshape(3, -1), ShapeError, "8 elements can't be arranged"),
        (lambda x: x.reshape(3, 2), ShapeError, r"shape \(2, 4\) has 8 elements and can't become \(3, 2\)"),
        (lambda x: x.t().view(8), ShapeError, "use reshape"),
        (lambda x: x.sum(2), IndexError_, r"axis 2 is out of range; with 2 axes it must be in \[-2, 1\]"),
        (lambda x: x.sum((0, 0)), ShapeError, "twice"),
        (lambda x: x.permute(0), ShapeError, "each of the 2 axes once"),
        (lambda x: x.expand(3, 4), ShapeError, "only axes of size 1 grow"),
        (lambda x: engine.cat([x, x[:, 0]]), ShapeError, "cat: shapes"),
        (lambda x: engine.stack([x, x[:1]]), ShapeError, "stack: all shapes must be equal"),
        (lambda x: engine.cat([]), ShapeError, "at least one"),
        (lambda x: x[:0].amax(0), ShapeError, "no elements"),
        (lambda x: x.long().mean(), DTypeError, "mean needs a floating-point tensor"),
        (lambda x: x.long().softmax(0), DTypeError, "softmax needs a floating-point tensor"),
        (lambda x: (x > 0) - (x > 0), DTypeError, "two bool tensors"),
        (lambda x: -(x > 0), DTypeError, "no negative"),
        (lambda x: x.long() ** -1, DTypeError, "negative integer powers"),
        (lambda x: x & x, DTypeError, "bool and integer tensors"),
        (lambda x: x.long() // x.long(), EngineError, "integer was divided by zero"),
        (lambda x: 5 % x.int(), EngineError, "integer was divided by zero"),
        (lambda x: engine.fmod(x.int(), 0), EngineError, "integer was divided by zero"),
        (lambda x: x.byte().fill_(300), DTypeError, "outside what engine.uint8 holds"),
        (lambda x: x.char().masked_fill(x == 0, 128), DTypeError, "outside what engine.int8 holds"),
        (lambda x: engine.full((2,), 300, dtype=engine.uint8), DTypeError, "outside what"),
        (lambda x: engine.tensor([1, -129], dtype=engine.int8), DTypeError, "-129 is outside what"),
        (lambda x: x.masked_scatter(x == 0, engine.ones(7)), ShapeError, "true 8 times"),
        (lambda x: engine.nextafter(x.half(), x.half() + 1), DTypeError, "isn't defined for engine.float16"),
        (lambda x: x.fill_(1j), DTypeError, "complex and can't be stored"),
        (lambda x: engine.fmax(x, x + 1j), DTypeError, "complex numbers have no order"),
        (lambda x: x + "a", DTypeError, "can't be combined with str"),
        (lambda x: engine.where(x, x, x), DTypeError, "condition must be a bool"),
        (lambda x: x.gather(0, engine.tensor([[9, 0, 0, 0]])), IndexError_, "9"),
        (lambda x: x.gather(0, engine.tensor([0])), ShapeError, "as many axes"),
        (lambda x: x.narrow(1, 3, 2), ShapeError, "isn't within axis 1"),
        (lambda x: engine.mm(x, x[0]), ShapeError, "mm takes two tensors of 2 axes"),
        (lambda x: engine.nn.functional.linear(x, engine.zeros(3, 5)), ShapeError, "in_features"),
        (lambda x: engine.zeros(-1), ShapeError, "no size may be negative"),
        (lambda x: engine.arange(0, 3, -1), ShapeError, "doesn't go in steps"),
        (lambda x: (x.requires_grad_() * 2).requires_grad_(False), NotDifferentiable, "only a leaf"),
    ],
)
def test_what_does_not_fit_is_refused_in_plain_words(call, kind, complaint):
    with pytest.raises(kind, match=complaint):
        call(engine.zeros(2, 4))


def test_inf_and_nan_come_without_warnings():
    x = engine.tensor([0.0, -1.0, 1e38])
    assert engine.isfinite(1 / x).tolist() == [False, True, True]
    assert engine.isnan(x.log()).tolist() == [False, True, False]
    assert engine.isinf(x * x * 10).tolist() == [False, False, True]


def test_equal_numbers_of_different_signs_stay_apart():
    x = engine.tensor([1.0])
    assert str((x * 0.0).item()) == "0.0"
    assert str((x * -0.0).item()) == "-0.0"
    assert (x * 2.0).item() == 2.0
    assert (engine.tensor([1]) * 2).dtype is engine.int64


def test_functions_of_a_number_and_a_tensor_take_them_in_this_order(torch):
    for f in (
        lambda t: t.sub(5, t.tensor([1, 2, -2])),
        lambda t: t.div(5, t.tensor([1, 2, -2])),
        lambda t: t.div(5, t.tensor([1, 2, -2]), rounding_mode="trunc"),
    ):
        assert f(engine).tolist() == f(torch).tolist()


def test_integer_quotients_are_exact(torch):
    def of(library):
        a, b = library.tensor([2**60 + 1, -7, 7, -8]), library.tensor([1, 2, -2, -3])
        return [library.div(a, b, rounding_mode=mode).tolist() for mode in ("trunc", "floor")]

    assert of(engine) == of(torch)


def test_ldexp_does_not_overflow_half_way(torch):
    def of(library):
        small = library.tensor([1e-30, 3.0])
        return [
            library.ldexp(x, library.tensor([140, -3])) for x in (small, small.double() ** 3, small.half())
        ]

    for ours, theirs in zip(of(engine), of(torch), strict=True):
        assert _dtype(ours) == _dtype(theirs)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_minus_one_is_the_largest_unsigned_number():
    assert engine.zeros(2, dtype=engine.uint8).fill_(-1).tolist() == [255, 255]


def test_medians_of_all_share_their_gradient_among_equals(torch):
    for name, values in (
        ("median", [2.0, 1.0, 2.0, 3.0, 2.0]),
        ("nanmedian", [2.0, np.nan, 2.0, 5.0]),
        ("median", [-np.inf, -np.inf, 1.0]),
    ):
        found = []
        for lib in (engine, torch):
            x = lib.tensor(values, requires_grad=True)
            y = getattr(lib, name)(x)
            y.backward()
            found.append((y.detach().numpy(), x.grad.numpy()))
        np.testing.assert_array_equal(found[0][0], found[1][0])
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
    assert engine.zeros(0, 3).median().isnan()


def test_reductions_at_the_edge_agree_with_torch(torch):
    for f in (
        lambda t: t.tensor([[0, 1], [2, 0]]).any(dim=()),
        lambda t: t.tensor([0.0, 1.5]).all(dim=()),
        lambda t: t.tensor(2.0).var(0, correction=0),
        lambda t: t.tensor([np.nan, -2.0, 0.0]).sign(),
        lambda t: t.trapezoid(t.tensor([100, 100, -3], dtype=t.int8)),
        lambda t: t.trapezoid(t.tensor([[1.0, 2.0, 4.0]]), dx=0.5),
        lambda t: t.heaviside(t.tensor([np.nan, 0.0, -1.0, np.inf]), t.tensor(0.5)),
        lambda t: t.pow(t.tensor([[1], [-1], [2], [0]]), t.tensor([-2, -1, 0, 3])),
        lambda t: 2 ** t.tensor([-1, 3]),
        lambda t: t.unique_consecutive(t.zeros(2, 0)),
    ):
        ours, theirs = f(engine), f(torch)
        assert _dtype(ours) == _dtype(theirs)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
