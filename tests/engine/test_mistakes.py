"""Common mistakes, and what is said about them: the names and shapes given, and what was expected."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import (
    CheckpointError,
    DeviceError,
    DTypeError,
    EngineError,
    IndexError_,
    NonFinite,
    NotDifferentiable,
    ShapeError,
)
from engine.nn import functional as F
from engine.utils.data import DataLoader, TensorDataset

Mistake = tuple[Callable[[], Any], type[Exception], tuple[str, ...]]
MISTAKES: dict[str, Mistake] = {}


def says(error: type[Exception], *parts: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enter a mistake: the class of its error, and what its message must name."""

    def enter(mistake: Callable[[], Any]) -> Callable[[], Any]:
        MISTAKES[mistake.__name__] = mistake, error, parts
        return mistake

    return enter


def leaf(*shape: int) -> Any:
    return engine.ones(*shape, requires_grad=True)


# shapes


@says(ShapeError, "add", "(2, 3)", "(4,)", "axis -1", "3 and 4", "equal, or 1")
def adding_shapes_that_do_not_broadcast():
    engine.ones(2, 3) + engine.ones(4)


@says(ShapeError, "(2, 3)", "(4, 5)", "3", "4")
def multiplying_matrices_that_do_not_fit():
    engine.ones(2, 3) @ engine.ones(4, 5)


@says(ShapeError, "bmm", "(2, 3, 4)", "(3, 4, 5)")
def batches_of_different_size_in_bmm():
    engine.bmm(engine.ones(2, 3, 4), engine.ones(3, 4, 5))


@says(ShapeError, "linear", "(8, 20)", "in_features", "10", "20")
def a_linear_layer_of_the_wrong_width():
    nn.Linear(10, 5)(engine.ones(8, 20))


@says(ShapeError, "linear", "(4, 3, 8, 8)", "(10, 192)", "in_features", "flatten(1)")
def a_linear_layer_after_a_convolution_without_flatten():
    nn.Linear(192, 10)(engine.ones(4, 3, 8, 8))


@says(ShapeError, "conv2d", "[1, 1, 28, 28]", "1 channel", "[8, 3, 3, 3]", "takes 3")
def a_convolution_of_the_wrong_number_of_channels():
    nn.Conv2d(3, 8, 3)(engine.ones(1, 1, 28, 28))


@says(ShapeError, "conv2d", "[28, 28]", "2 axes", "[N, C, H, W]", "unsqueeze(0)")
def a_convolution_of_an_image_without_channels():
    nn.Conv2d(1, 8, 3)(engine.ones(28, 28))


@says(ShapeError, "conv2d", "5", "3")
def a_kernel_larger_than_the_image():
    nn.Conv2d(1, 1, 5)(engine.ones(1, 1, 3, 3))


@says(ShapeError, "groups", "3", "2")
def groups_that_do_not_divide_the_channels():
    nn.Conv2d(3, 4, 3, groups=2)


@says(ShapeError, "max_pool2d", "[1, 1, 2, 2]", "[3, 3]")
def a_pool_larger_than_the_image():
    nn.MaxPool2d(3)(engine.ones(1, 1, 2, 2))


@says(ShapeError, "cat", "(2, 3)", "(2, 4)", "axis 0")
def joining_tensors_of_different_width():
    engine.cat([engine.ones(2, 3), engine.ones(2, 4)])


@says(ShapeError, "stack", "(2, 3)", "(2, 4)", "equal")
def stacking_tensors_of_different_shape():
    engine.stack([engine.ones(2, 3), engine.ones(2, 4)])


@says(ShapeError, "cat", "at least one")
def joining_nothing():
    engine.cat([])


@says(ShapeError, "(2, 3)", "6", "(4, 2)", "8")
def reshaping_to_another_number_of_elements():
    engine.ones(2, 3).reshape(4, 2)


@says(ShapeError, "6", "(4, -1)", "4")
def an_open_size_that_does_not_divide():
    engine.ones(2, 3).view(4, -1)


@says(ShapeError, "(2, 3)", "viewed", "reshape")
def viewing_a_transposed_tensor():
    engine.ones(3, 2).t().view(6)


@says(IndexError_, "axis 2", "2 axes", "[-2, 1]")
def summing_over_an_axis_that_is_not_there():
    engine.ones(2, 3).sum(2)


@says(ShapeError, "expand", "(2, 3)", "(4, 3)", "size 1")
def expanding_an_axis_that_is_not_one():
    engine.ones(2, 3).expand(4, 3)


@says(ShapeError, "permute", "(0, 0)", "2 axes")
def naming_an_axis_twice_in_permute():
    engine.ones(2, 3).permute(0, 0)


@says(ShapeError, "(2, 3)", "one element", "item")
def item_of_many_elements():
    engine.ones(2, 3).item()


# losses and targets


@says(ShapeError, "cross_entropy", "float32", "(4,)", "(4, 3)", "classes are int64", ".long()")
def classes_as_floats():
    F.cross_entropy(engine.ones(4, 3), engine.ones(4))


@says(IndexError_, "3", "[0, 3)")
def a_class_out_of_range():
    F.cross_entropy(engine.ones(2, 3), engine.tensor([0, 3]))


@says(ShapeError, "cross_entropy", "(4, 3)", "(5,)")
def a_batch_of_targets_of_another_size():
    F.cross_entropy(engine.ones(4, 3), engine.tensor([0, 1, 2, 0, 1]))


@says(ShapeError, "cross_entropy", "(4, 3)", "(4, 1)", "squeeze")
def targets_with_an_axis_too_many():
    F.cross_entropy(engine.ones(4, 3), engine.zeros(4, 1, dtype=engine.int64))


@says(ShapeError, "mse_loss", "(4, 1)", "(4,)")
def a_regression_target_without_its_axis():
    F.mse_loss(engine.ones(4, 1), engine.ones(4))


@says(EngineError, "reduction", "'avg'", "mean, sum, none")
def an_unknown_reduction():
    F.mse_loss(engine.ones(2), engine.ones(2), reduction="avg")


@says(ShapeError, "binary_cross_entropy_with_logits", "(4, 1)", "(4,)")
def binary_targets_of_another_shape():
    F.binary_cross_entropy_with_logits(engine.ones(4, 1), engine.ones(4))


@says(ShapeError, "weight", "(2,)", "3")
def class_weights_of_the_wrong_number():
    F.cross_entropy(engine.ones(4, 3), engine.tensor([0, 1, 2, 0]), weight=engine.ones(2))


@says(DTypeError, "int64", "floating-point")
def a_loss_of_integers():
    F.mse_loss(engine.tensor([1, 2]), engine.tensor([1, 3])).backward()


# embeddings, norms, recurrent layers, attention


@says(IndexError_, "embedding", "index 10", "10 rows", "[0, 10)")
def a_word_beyond_the_vocabulary():
    nn.Embedding(10, 4)(engine.tensor([3, 10]))


@says(DTypeError, "embedding", "float32", "int64")
def words_as_floats():
    nn.Embedding(10, 4)(engine.ones(3))


@says(ShapeError, "batch_norm", "(1, 4)", "train")
def batch_norm_of_one_sample():
    nn.BatchNorm1d(4)(engine.ones(1, 4))


@says(ShapeError, "BatchNorm2d(3)", "(2, 3)", "4 axes")
def a_two_dimensional_norm_of_vectors():
    nn.BatchNorm2d(3)(engine.ones(2, 3))


@says(ShapeError, "BatchNorm1d(3)", "(2, 5)", "3 channels")
def a_norm_of_the_wrong_number_of_channels():
    nn.BatchNorm1d(3)(engine.ones(2, 5))


@says(ShapeError, "layer_norm", "(2, 5)", "(3,)")
def a_layer_norm_of_the_wrong_shape():
    nn.LayerNorm(3)(engine.ones(2, 5))


@says(ShapeError, "LSTM", "5 features", "input_size is 3")
def a_sequence_of_the_wrong_width():
    nn.LSTM(3, 4)(engine.ones(7, 2, 5))


@says(ShapeError, "h_0", "(1, 2, 4)", "(1, 9, 4)")
def a_first_state_of_another_batch():
    state = engine.zeros(1, 9, 4)
    nn.GRU(3, 4)(engine.ones(7, 2, 3), state)


@says(ShapeError, "embed_dim", "10", "num_heads", "3")
def heads_that_do_not_divide_the_width():
    nn.MultiheadAttention(10, 3)


@says(ShapeError, "groups", "3", "8")
def a_group_norm_of_groups_that_do_not_divide():
    nn.GroupNorm(3, 8)


# dtypes and devices


@says(DTypeError, "float32", "float64")
def a_matrix_product_of_two_precisions():
    engine.ones(2, 2) @ engine.ones(2, 2, dtype=engine.float64)


@says(DTypeError, "linear", "int64", "float32")
def integers_into_a_linear_layer():
    nn.Linear(2, 1)(engine.tensor([[1, 2]]))


@says(DeviceError, "'cuda'", "cpu", "devices")
def a_gpu_that_is_not_there():
    engine.ones(2).to("cuda")


@says(DeviceError, "add", "cpu", "meta", ".to()")
def tensors_on_two_devices():
    engine.ones(2) + engine.ones(2, device="meta")


@says(DTypeError, "int64", "mean", "float")
def the_mean_of_integers():
    engine.tensor([1, 2]).mean()


@says(DTypeError, "list", "'a'", "numbers")
def a_tensor_of_words():
    engine.tensor(["a", "b"])


@says(ShapeError, "form a tensor", "[0] holds 2 elements", "[1] 1 elements")
def ragged_lists():
    engine.tensor([[1, 2], [3]])


@says(DTypeError, "str", "'two'")
def adding_a_word():
    engine.ones(2) + "two"  # type: ignore[arg-type]  # the mistake


# gradients


@says(NotDifferentiable, "second time", "retain_graph=True")
def backward_twice():
    loss = leaf(2).exp().sum()
    loss.backward()
    loss.backward()


@says(NotDifferentiable, "single element", "(2,)")
def backward_of_many_elements():
    (leaf(2) * 2).backward()


@says(NotDifferentiable, "doesn't require grad", "requires_grad=True", "no_grad()")
def backward_under_no_grad():
    with engine.no_grad():
        loss = leaf(2).sum()
    loss.backward()


@says(NotDifferentiable, "leaf", "add_", "no_grad()")
def stepping_a_parameter_outside_no_grad():
    weight = leaf(2)
    weight += 1


@says(NotDifferentiable, "'exp'", "changed in place", "version", "clone()")
def changing_what_the_gradient_needs():
    y = leaf(2).exp()
    y += 1
    y.sum().backward()


@says(NotDifferentiable, "requires grad", ".detach().numpy()")
def numpy_of_a_tensor_in_a_graph():
    leaf(2).numpy()


@says(NotDifferentiable, "requires grad", ".detach().numpy()")
def plotting_a_tensor_in_a_graph():
    np.asarray(leaf(2))


@says(NotDifferentiable, "floating-point", "int64")
def gradients_of_integers():
    engine.tensor([1, 2], requires_grad=True)


@says(NotDifferentiable, "input 0", "allow_unused=True")
def a_gradient_of_something_unused():
    engine.autograd.grad(leaf(2).sum(), leaf(2))


@says(NonFinite, "SqrtBackward0", "nan", "test_mistakes.py")
def a_gradient_that_becomes_nan():
    x = engine.zeros(2, requires_grad=True)
    with engine.autograd.detect_anomaly():
        (x.sqrt() * 0).sum().backward()


@says(EngineError, "leaves", "detach()")
def copying_a_tensor_in_a_graph():
    import copy

    copy.deepcopy(leaf(2) * 2)


class Halved(engine.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x / 2 + y

    @staticmethod
    def backward(ctx, g):
        return g / 2


@says(EngineError, "Halved.backward", "1 gradients", "2 arguments")
def a_function_that_forgets_a_gradient():
    Halved.apply(leaf(2), leaf(2)).sum().backward()


@says(EngineError, "Halved.apply", "static")
def a_function_used_as_an_object():
    Halved()(leaf(2))  # type: ignore[operator]  # the mistake


# modules, optimizers, states and data


@says(EngineError, "Net.__init__", "super().__init__()")
def a_module_without_super_init():
    class Net(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    Net()


@says(EngineError, "Net", "forward()")
def a_module_without_forward():
    class Net(nn.Module):
        pass

    Net()(engine.ones(1))


@says(AttributeError, "Net", "'fc2'", "fc1")
def a_layer_that_is_not_there():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(1, 1)

    _ = Net().fc2


@says(EngineError, "Sequential", "class ReLU", "call it")
def a_class_where_a_module_belongs():
    nn.Sequential(nn.Linear(1, 1), nn.ReLU)


@says(EngineError, "weight", "parameter", "copy_()")
def a_tensor_in_a_parameters_place():
    layer = nn.Linear(1, 1)
    layer.weight = engine.ones(1, 1)  # type: ignore[assignment]  # the mistake


@says(CheckpointError, "missing keys: bias", "unexpected keys: biases", "weight has shape (2, 3)", "(3, 2)")
def a_state_of_another_network():
    nn.Linear(2, 3).load_state_dict({"weight": engine.ones(2, 3), "biases": engine.ones(3)})


@says(CheckpointError, "without 'module.' in front", "strip")
def a_state_of_a_wrapped_network():
    nn.Linear(1, 1).load_state_dict({"module.weight": engine.ones(1, 1), "module.bias": engine.ones(1)})


@says(CheckpointError, "Linear", "state_dict()")
def saving_a_whole_network():
    engine.save(nn.Linear(1, 1), "never-written")


@says(EngineError, "optimizer", "at least one parameter", "empty", "ModuleList")
def an_optimizer_without_parameters():
    engine.optim.SGD([], lr=0.1)


@says(EngineError, "parameters()", "Linear")
def a_module_where_its_parameters_belong():
    engine.optim.SGD(nn.Linear(1, 1), lr=0.1)


@says(EngineError, "lr", "-0.1")
def a_negative_learning_rate():
    engine.optim.Adam([leaf(1)], lr=-0.1)


@says(EngineError, "computed", "leaves")
def optimizing_a_result():
    engine.optim.SGD([leaf(1) * 2], lr=0.1)


@says(EngineError, "p", "1.5", "probability")
def a_dropout_of_more_than_everything():
    F.dropout(engine.ones(2), p=1.5)


@says(EngineError, "batch_size", "0")
def a_batch_size_of_nothing():
    DataLoader(TensorDataset(engine.ones(4)), batch_size=0)


@says(EngineError, "shuffle", "sampler")
def shuffling_beside_a_sampler():
    data = TensorDataset(engine.ones(4))
    DataLoader(data, shuffle=True, sampler=engine.utils.data.SequentialSampler(data))


@says(EngineError, "TensorDataset", "4", "5")
def columns_of_different_length():
    TensorDataset(engine.ones(4), engine.ones(5))


@says(ShapeError, "(2,)", "(3,)")
def samples_of_different_shape_in_a_batch():
    next(iter(DataLoader([engine.ones(2), engine.ones(3)], batch_size=2)))


# Python's own questions


@says(ShapeError, "(2,)", "any()", "all()")
def a_tensor_as_a_condition():
    if engine.ones(2) > 0:
        pass


@says(TypeError, "zero-dimensional", "length")
def the_length_of_a_number():
    len(engine.tensor(1.0))


@says(TypeError, "zero-dimensional", "iterated")
def looping_over_a_number():
    for _ in engine.tensor(1.0):
        pass


@says(IndexError_, "index 5", "axis 0", "size 3")
def an_index_out_of_range():
    engine.ones(3)[5]


@says(IndexError_, "3 indices", "(2, 3)")
def too_many_indices():
    engine.ones(2, 3)[0, 0, 0]


@says(DTypeError, "float32", "index", "integers", "mask")
def an_index_of_floats():
    engine.ones(3)[engine.tensor([0.0, 1.0])]


@says(IndexError_, "mask", "(2,)", "(3,)")
def a_mask_of_another_shape():
    engine.ones(3)[engine.tensor([True, False])]


@says(ShapeError, "(4,)", "(2,)")
def assigning_a_value_that_does_not_fit():
    x = engine.ones(3)
    x[:2] = engine.ones(4)


@says(ShapeError, "-2", "negative")
def a_negative_size():
    engine.zeros(3, -2)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_names_what_was_given_and_what_was_expected(name: str) -> None:
    mistake, error, parts = MISTAKES[name]
    with pytest.raises(error) as caught:
        mistake()
    message = str(caught.value)
    missing = [part for part in parts if part not in message]
    assert not missing, f"{message!r} doesn't name {missing}"


def test_the_table_is_long_enough():
    assert len(MISTAKES) >= 60
