"""PyTorch's old types of tensors."""

from typing import Any

import pytest

import engine
from engine.errors import DTypeError, EngineError
from engine.tensor import typed


def test_old_types_make_tensors_and_tell_them_apart(torch):
    for name in typed.__all__:
        if not name.endswith("Tensor"):
            continue
        ours, theirs = getattr(engine, name), getattr(torch, name)
        assert str(ours([1, 0]).dtype).split(".")[1] == str(theirs([1, 0]).dtype).split(".")[1]
        assert ours(2, 3).shape == (2, 3)
        assert ours().shape == (0,)
        assert isinstance(ours(1), ours)
        assert not isinstance(engine.ones(1, dtype=engine.complex64), ours)
        assert engine.ones(2).type(ours).dtype is ours.dtype


def test_old_types_convert_no_tensors():
    assert engine.FloatTensor(engine.ones(2)).tolist() == [1, 1]
    with pytest.raises(
        DTypeError, match=r"LongTensor: the tensor is engine\.float32.*x\.to\(engine\.int64\)"
    ):
        engine.LongTensor(engine.ones(2))


def test_the_default_type_is_the_default_dtype():
    engine.set_default_tensor_type(engine.DoubleTensor)
    try:
        assert engine.ones(1).dtype is engine.Tensor([1]).dtype is engine.float64
    finally:
        engine.set_default_dtype(engine.float32)
    with pytest.raises(DTypeError, match=r"takes engine\.FloatTensor"):
        engine.set_default_tensor_type(engine.float32)  # type: ignore[arg-type]  # the mistake


def test_a_variable_is_a_tensor_of_the_same_memory():
    x = engine.ones(2, requires_grad=True)
    old: Any = engine.autograd.Variable
    y = old(x * 2)
    assert (y.requires_grad, isinstance(x, old)) == (False, True)
    leaf = engine.autograd.Variable(x, requires_grad=True)
    assert leaf.is_leaf
    assert leaf.data_ptr() == x.data_ptr()
    with pytest.raises(EngineError, match="no_grad"):
        engine.autograd.Variable(x, volatile=True)
    with pytest.raises(EngineError, match="takes a tensor"):
        engine.autograd.Variable([1.0])
