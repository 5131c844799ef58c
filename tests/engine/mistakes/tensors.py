"""Mistakes with shapes, dtypes, devices and indices."""

import engine
from engine import nn
from engine.errors import DeviceError, DTypeError, IndexError_, ShapeError
from tests.engine.mistakes.table import says


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
