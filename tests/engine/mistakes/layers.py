"""Mistakes with layers and losses."""

import engine
from engine import nn
from engine.errors import DTypeError, EngineError, IndexError_, ShapeError
from engine.nn import functional as F
from tests.engine.mistakes.table import says


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
