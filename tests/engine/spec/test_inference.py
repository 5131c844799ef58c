"""What shapes alone would let through, and a run would not."""

import numpy as np
import pytest

import engine
from engine.spec import SpecError, build_model, check_model

LINEAR = {"type": "Linear", "out_features": 10}


def fault(shape, *layers, dtype="float32"):
    """The one thing wrong with a layer list."""
    with pytest.raises(SpecError) as caught:
        check_model({"input": {"shape": shape, "dtype": dtype}, "layers": list(layers)})
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("arguments", [{}, {"dim": 0}, {"dim": [0, 1]}])
def test_a_layer_that_would_drop_a_batch_of_one_is_refused(arguments):
    problem = fault([1, 8], {"type": "squeeze", **arguments}, {"type": "Flatten"}, LINEAR)
    assert problem.pointer == "/layers/0"
    assert "for 1 " in problem.detail


def test_an_axis_beside_the_batch_may_be_dropped():
    assert check_model(
        {"input": {"shape": [1, 8]}, "layers": [{"type": "squeeze", "dim": 1}]}
    ).output_shape == (8,)


def test_samples_with_more_axes_than_arrays_have_are_refused():
    problem = fault([4], *[{"type": "unsqueeze", "dim": 1}] * 70)
    assert problem.pointer == "/layers/31"
    assert "33 axes" in problem.detail


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_dropout_of_integers_is_refused(dtype):
    problem = fault([4], {"type": "Dropout"}, {"type": "sigmoid"}, dtype=dtype)
    assert problem.pointer == "/layers/0"
    assert dtype in problem.detail


def test_a_number_that_the_integers_of_the_input_cannot_hold_is_refused():
    layers = [{"type": "clamp", "min": 1000}, {"type": "sigmoid"}]
    assert fault([4], *layers, dtype="uint8").pointer == "/layers/0"
    assert check_model({"input": {"shape": [4], "dtype": "int32"}, "layers": layers}).output_shape == (4,)


def test_a_graph_over_integers_that_is_accepted_runs():
    definition = {
        "input": {"shape": [2, 3], "dtype": "uint8"},
        "nodes": [
            {"name": "twice", "type": "add", "inputs": ["input", "input"], "alpha": 1},
            {"name": "rows", "type": "sum", "inputs": ["twice"], "dim": 2},
            {"name": "out", "type": "sigmoid", "inputs": ["rows"]},
        ],
    }
    assert check_model(definition).output_shape == (2,)
    x = engine.from_numpy(np.ones((1, 2, 3), np.uint8))
    assert build_model(definition)(x).shape == (1, 2)
