"""What a tensor tells of itself, and how it goes to and from Python and NumPy."""

import copy
from typing import Any

import numpy as np
import pytest

import engine
from engine.errors import DeviceError, DTypeError, EngineError, IndexError_, NotDifferentiable, ShapeError


def test_python_numbers_and_arrays_become_tensors_of_the_right_dtype():
    assert engine.tensor(1).dtype is engine.int64
    assert engine.tensor(1.0).dtype is engine.float32
    assert engine.tensor(True).dtype is engine.bool
    assert engine.tensor([1, 2.5]).dtype is engine.float32
    assert engine.tensor([]).dtype is engine.float32
    assert engine.tensor(np.float64(1)).dtype is engine.float64
    assert engine.tensor(np.arange(3, dtype=">i4")).dtype is engine.int32
    assert engine.tensor([1, 2], dtype=engine.float64).tolist() == [1.0, 2.0]


def test_what_cannot_become_a_tensor_says_why():
    with pytest.raises(DTypeError, match="isn't all numbers"):
        engine.tensor(["a"])
    with pytest.raises(ShapeError, match="don't form a tensor"):
        engine.tensor([[1], [2, 3]])
    with pytest.raises(DTypeError, match="float128 can't become tensors"):
        engine.from_numpy(np.zeros(2, np.longdouble))


def test_tensor_copies_and_from_numpy_shares():
    array = np.zeros(3)
    copied, shared = engine.tensor(array), engine.from_numpy(array)
    array[0] = 7
    assert copied[0].item() == 0
    assert shared[0].item() == 7
    shared.add_(1)
    assert array.tolist() == [8, 1, 1]
    assert np.shares_memory(shared.numpy(), array)


def test_a_tensor_that_requires_grad_gives_no_array():
    x = engine.ones(2, requires_grad=True)
    with pytest.raises(NotDifferentiable, match=r"\.detach\(\)\.numpy\(\)"):
        x.numpy()
    assert np.asarray(x.detach()).tolist() == [1, 1]


def test_only_floating_point_tensors_can_require_grad():
    with pytest.raises(NotDifferentiable, match="int64"):
        engine.arange(3).requires_grad_()


def test_shape_size_and_counts():
    x = engine.zeros(2, 3, 4)
    assert (x.shape, x.size(), x.size(-1), x.ndim, x.dim(), x.numel(), len(x)) == (
        (2, 3, 4),
        (2, 3, 4),
        4,
        3,
        3,
        24,
        2,
    )
    assert (x.itemsize, x.T.shape, x.mT.shape) == (4, (4, 3, 2), (2, 4, 3))


def test_single_elements_convert_to_numbers():
    x = engine.tensor([[2.5]])
    assert (float(x), int(x), bool(x), x.item()) == (2.5, 2, True, 2.5)
    assert f"{x.reshape(()):.2f}" == "2.50"
    assert [10, 20, 30][engine.tensor(1)] == 20
    with pytest.raises(ShapeError, match="one element"):
        engine.zeros(2).item()
    with pytest.raises(ShapeError, match="neither true nor false"):
        bool(engine.zeros(2))
    with pytest.raises(DTypeError, match="index"):
        [1, 2][engine.tensor(1.0)]


def test_iteration_and_membership():
    assert [row.tolist() for row in engine.arange(4).reshape(2, 2)] == [[0, 1], [2, 3]]
    assert 3 in engine.arange(4)
    with pytest.raises(ShapeError, match="zero-dimensional"):
        iter(engine.tensor(1))


def test_equality_is_element_wise_and_tensors_can_be_keys():
    x = engine.arange(3)
    assert (x == 1).tolist() == [False, True, False]
    assert (x != engine.arange(3)).any().item() is False
    nothing: Any = None
    assert not isinstance(x == nothing, engine.Tensor)
    assert {x: "x"}[x] == "x"


def test_arrays_meet_tensors_on_either_side():
    x = engine.tensor([1.0, 2.0])
    array: Any = np.array([10.0, 20.0], np.float32)
    for out in (x + array, array + x, array * x - x * array + array + x):
        assert isinstance(out, engine.Tensor)
        assert out.tolist() == [11, 22]


def test_deepcopy_is_independent_and_refuses_results():
    x = engine.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    y = copy.deepcopy(x)
    with engine.no_grad():
        y.add_(1)
    assert x.tolist() == [1, 1]
    assert (y.requires_grad, y.grad.tolist()) == (True, [2, 2])
    with pytest.raises(RuntimeError, match="only leaves"):
        copy.deepcopy(x * 2)


def test_detach_shares_memory_outside_the_graph():
    x = engine.ones(2, requires_grad=True)
    y = (x * 2).detach()
    assert (y.requires_grad, y.is_leaf) == (False, True)
    assert x.data.requires_grad is False


def test_conversions_record_and_return_self_where_nothing_changes():
    x = engine.ones(2, requires_grad=True)
    assert x.float() is x
    assert x.to("cpu") is x
    x.double().sum().backward()
    assert x.grad.dtype is engine.float32
    assert x.to(engine.float64).dtype is engine.float64
    assert x.detach().to(engine.zeros(1, dtype=engine.int64)).dtype is engine.int64
    assert x.long().tolist() == [1, 1]
    with pytest.raises(DTypeError, match="takes a dtype"):
        x.to(3)


def test_unknown_devices_are_refused_by_name():
    with pytest.raises(DeviceError, match="no device 'tpu' here; the devices are cpu, meta"):
        engine.zeros(1, device="tpu")
    assert engine.device("cpu:0") is engine.device("cpu")


def test_meta_tensors_have_shapes_and_no_values():
    x = engine.zeros(10**6, 10**6, device="meta")
    y = (x @ x).sum(0)
    assert (y.shape, y.dtype, str(y.device)) == ((10**6,), engine.float32, "meta")
    assert repr(y) == "tensor(..., device='meta', size=(1000000,))"
    with pytest.raises(DeviceError, match="no values"):
        y.tolist()
    with pytest.raises(DeviceError, match="tensors are on cpu and meta"):
        y + engine.zeros(10**6)


def test_what_depends_on_values_is_refused_on_meta():
    x = engine.zeros(3, device="meta")
    with pytest.raises(EngineError, match="depends on the values, and meta tensors have none"):
        x[x > 0]


PRINTED = [
    1.5,
    [1.0, 2.0],
    [1, 20, 300],
    [True, False],
    [[1.5, -2.25], [1e-3, 100.0]],
    [1e-6, 1.0],
    [1e9, 1.5],
    [float("nan"), float("inf"), 1.0],
    [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    [],
    list(range(2000)),
    [k / 7 for k in range(30)],
    [[k * 1.0 for k in range(40)] for _ in range(40)],
]


@pytest.mark.parametrize("values", PRINTED, ids=lambda v: str(v)[:20])
def test_tensors_print_as_in_torch(torch, values):
    assert repr(engine.tensor(values)) == repr(torch.tensor(values))


@pytest.mark.parametrize(
    "values",
    [[1.0, 2000.0], [1.0, 1000.0], [-1.0, 1001.0], [2e8], [1e8], [5.0, 5001.0, float("inf")], [1e-5]],
)
def test_the_range_decides_about_exponents_as_in_torch(torch, values):
    assert repr(engine.tensor(values)) == repr(torch.tensor(values))


def test_history_and_unusual_dtypes_show_when_printed(torch):
    x = engine.ones(2, requires_grad=True)
    y = torch.ones(2, requires_grad=True)
    assert repr(x) == repr(y)
    assert repr(x * 2) == repr(y * 2)
    assert repr(x.detach().double()) == repr(y.detach().double()).replace("torch.", "engine.")


def test_creation_functions_agree_with_torch(torch):
    for call in (
        lambda t: t.zeros(2, 3),
        lambda t: t.zeros((2, 3)),
        lambda t: t.ones(2, dtype=t.int64),
        lambda t: t.full((2,), 3),
        lambda t: t.full((), 2.5),
        lambda t: t.arange(5),
        lambda t: t.arange(1, 2, 0.3),
        lambda t: t.arange(5, 0, -2),
        lambda t: t.linspace(0, 1, 5),
        lambda t: t.eye(2, 3),
        lambda t: t.zeros_like(t.ones(2, dtype=t.float64)),
        lambda t: t.ones_like(t.ones(2), dtype=t.int32),
        lambda t: t.full_like(t.ones(2), 4),
    ):
        ours, theirs = call(engine), call(torch)
        assert str(ours.dtype).split(".")[1] == str(theirs.dtype).split(".")[1]
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        slice(1, None),
        (slice(None), 2),
        (..., 0),
        (None, 1),
        [0, 2],
        (0, slice(None), [1, 0]),
        (slice(0, 2), [0, 1], 3),
        ([0, 1], slice(1, 3), [1, 0]),
        (1, ..., [0, 3]),
        ([[0], [1]], [2, 0]),
        "mask",
        "rows",
        "zero-dimensional",
        "number first",
        "flag",
        True,
        (slice(None), False),
        (True, 1, True, ..., [0, 1]),
    ],
    ids=str,
)
def test_reading_and_assigning_by_key_agree_with_torch(torch, key):
    values = np.arange(60.0).reshape(3, 5, 4)

    def of(library):
        x = library.tensor(values)
        special = {
            "mask": lambda: x > 17,
            "rows": lambda: (library.tensor([True, False, True]), 1),
            "zero-dimensional": lambda: library.tensor(2),
            "number first": lambda: (library.tensor(1), slice(None), [0, 2]),
            "flag": lambda: library.tensor(True),
        }
        return x, special[key]() if isinstance(key, str) else key

    (x, ours), (y, theirs) = of(engine), of(torch)
    np.testing.assert_array_equal(x[ours].numpy(), y[theirs].numpy())
    x[ours] = -1
    y[theirs] = -1
    np.testing.assert_array_equal(x.numpy(), y.numpy())


def test_a_tensor_of_one_integer_selects_a_view():
    x = engine.zeros(3, 2)
    row = x[engine.tensor(1)]
    row += 1
    assert x.tolist() == [[0, 0], [1, 1], [0, 0]]


def test_axes_of_size_1_in_front_of_an_assigned_value_are_dropped():
    x = engine.zeros(3)
    x[0] = engine.tensor([2.0])
    x[-1] = engine.tensor([[3.0]])
    assert x.tolist() == [2, 0, 3]


def test_an_empty_axis_divides_into_all_chunks(torch):
    ours, theirs = engine.zeros(2, 0).chunk(3, 1), torch.zeros(2, 0).chunk(3, 1)
    assert [tuple(x.shape) for x in ours] == [tuple(x.shape) for x in theirs]
    with pytest.raises(ShapeError, match="at least one piece"):
        engine.zeros(3).chunk(0)


def test_keys_that_select_nothing_sensible_say_so():
    x = engine.zeros(3, 4)
    for key, complaint in (
        (3, "index 3 is out of range for axis 0 of size 3"),
        ((0, 0, 0), "3 indices are too many"),
        (slice(None, None, -1), "step must be positive"),
        ("a", "indices must be integers"),
        (1.5, "indices must be integers"),
        (engine.tensor([1, 0], dtype=engine.uint8), "as numbers or as a mask"),
        ((..., ...), "only one"),
        ([5], "out of bounds"),
    ):
        with pytest.raises(IndexError_, match=complaint):
            x[key]
    with pytest.raises(DTypeError, match="is no index"):
        x[engine.tensor([1.0])]
    with pytest.raises(ShapeError, match="doesn't fit into a selection of shape"):
        x[0] = engine.zeros(3)


def test_an_index_of_a_parameter_gathers_and_its_gradient_scatters():
    x = engine.ones(3, 2, requires_grad=True)
    x[[0, 0, 2]].sum().backward()
    assert x.grad.tolist() == [[2, 2], [0, 0], [1, 1]]


def test_a_python_float_keeps_its_digits_on_the_way_to_float64():
    assert engine.tensor([0.1], dtype=engine.float64).item() == 0.1
    assert engine.tensor(0.1 + 0.2j, dtype=engine.complex128).item() == 0.1 + 0.2j
    assert engine.tensor([0.1]).dtype is engine.float32


def test_masks_of_all_axes_select_in_row_major_order_whatever_the_memory():
    array = np.arange(12.0).reshape(3, 4)
    for x in (engine.tensor(array), engine.tensor(array.T.copy()).T):
        x = x.detach().requires_grad_()
        chosen = x[engine.tensor(array % 3 == 0)]
        assert chosen.tolist() == [0, 3, 6, 9]
        (chosen * chosen).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), 2 * array * (array % 3 == 0))


def test_zeros_of_both_signs_stay_apart_beside_a_tensor():
    x = engine.ones(2)
    assert (x / 0.0).tolist() == [np.inf, np.inf]
    assert (x / -0.0).tolist() == [-np.inf, -np.inf]
    assert (x / 0).tolist() == [np.inf, np.inf]
