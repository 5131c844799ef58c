"""Views by strides, and placing with reductions."""

import pytest

import engine
from engine.errors import DTypeError, EngineError, ShapeError


def test_a_strided_view_shares_memory():
    x = engine.zeros(6)
    view = engine.as_strided(x, (2, 2), (3, 1))
    x[4] = 5.0
    assert view.tolist() == [[0.0, 0.0], [0.0, 5.0]]


def test_overlapping_windows_gather_their_gradients():
    x = engine.arange(4.0).requires_grad_()
    engine.as_strided(x, (3, 2), (1, 1)).sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 2.0, 1.0]


def test_windows_share_memory_and_cannot_be_written_where_they_overlap():
    x = engine.zeros(5)
    windows = x.unfold(0, 2, 2)
    windows[1] += 1
    assert x.tolist() == [0, 0, 1, 1, 0]
    for overlapping in (x.unfold(0, 2, 1), engine.as_strided(x, (3, 2), (1, 1))):
        x[0] = 7
        assert overlapping[0].tolist() == [7, 0]
        with pytest.raises(EngineError, match="can't be written to"):
            overlapping.mul_(2)


def test_a_change_through_a_window_has_its_gradient(torch):
    def of(library):
        x = library.ones(2, 5, requires_grad=True)
        y = x * 1.5
        y.t().unfold(0, 2, 3).mul_(2)
        (y * y).sum().backward()
        return x.grad.tolist()

    assert of(engine) == of(torch)


def test_strides_beyond_the_memory_are_refused():
    with pytest.raises(ShapeError, match="reach element 6"):
        engine.as_strided(engine.zeros(6), (3, 2), (2, 2))
    with pytest.raises(ShapeError, match="has 0"):
        engine.as_strided(engine.zeros(0), (1,), (1,))


def test_an_offset_into_the_memory_of_a_part_is_refused():
    part = engine.arange(20.0)[5:15]
    assert engine.as_strided(part, (2,), (1,)).tolist() == [5.0, 6.0]
    with pytest.raises(ShapeError, match="storage_offset"):
        engine.as_strided(part, (2,), (1,), 0)


@pytest.mark.parametrize(
    ("reduce", "with_self", "without"),
    [("sum", [8.0, 7.0], [7.0, 7.0]), ("prod", [12.0, 7.0], [12.0, 7.0]), ("amax", [4.0, 7.0], [4.0, 7.0])],
)
def test_places_that_no_index_names_keep_their_elements(reduce, with_self, without):
    x, index, src = engine.tensor([1.0, 7.0]), engine.tensor([0, 0]), engine.tensor([3.0, 4.0])
    assert engine.scatter_reduce(x, 0, index, src, reduce).tolist() == with_self
    assert engine.scatter_reduce(x, 0, index, src, reduce, include_self=False).tolist() == without


def test_index_put_accumulates_what_meets():
    x = engine.zeros(2, 2)
    where = (engine.tensor([0, 0]), engine.tensor([1, 1]))
    assert engine.index_put(x, where, engine.ones(2), accumulate=True).tolist() == [[0.0, 2.0], [0.0, 0.0]]


def test_scattering_another_dtype_is_refused():
    with pytest.raises(DTypeError, match="float64"):
        engine.scatter_reduce(engine.zeros(2), 0, engine.tensor([0]), engine.ones(1).double(), "sum")


def test_a_tensor_copied_into_itself_keeps_its_history():
    x = engine.tensor([[1.0, 2.0]], requires_grad=True)
    wide = (x * 3).expand(2, 2)
    assert wide.copy_(wide) is wide
    (wide**2).sum().backward()
    assert x.grad.tolist() == [[36.0, 72.0]]
