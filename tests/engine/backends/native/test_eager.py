"""What rows say is remembered by the forms of operands, and holds for others of the same form."""

import sys
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.backends import native
from engine.backends.native.rows import FLOAT32, Native
from engine.nn import functional as F

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = native.BACKEND.kernels
A, B, C = np.random.default_rng(5).standard_normal((3, 4, 6)).astype(np.float32)


class Asked:
    """A row that counts how often it is asked."""

    def __init__(self, row):
        self.times, self.row = 0, row

    def __call__(self, *operands):
        self.times += 1
        return self.row(*operands)


def kernel(row, fallback=None, overwrites=False):
    return native.eager(row, fallback or (lambda *operands: "left"), overwrites)


def subtract(a, b, *attrs):
    return Native("sub", (a, b), ((a.shape, FLOAT32),))


def test_a_row_is_asked_once_for_operands_of_one_form():
    row = Asked(subtract)
    sub = kernel(row)
    for a, b in ((A, B), (B, A), (A, A), (C, B)):
        np.testing.assert_array_equal(sub(a, b), a - b)
    assert row.times == 1


def test_operands_that_were_the_same_array_may_differ_later():
    sub = kernel(Asked(subtract))
    np.testing.assert_array_equal(sub(A, A), A - A)
    np.testing.assert_array_equal(sub(A, B), A - B)
    np.testing.assert_array_equal(sub(A[::-1], A), A[::-1] - A)
    np.testing.assert_array_equal(sub(B[::-1], A), B[::-1] - A)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((A,), (A.astype(np.float64),)),
        ((A,), (A.T,)),
        ((A,), (A[:, ::2],)),
        ((A[:3],), (A,)),
        ((A, 1), (A, 1.0)),
        ((A, 1), (A, True)),
        ((A, 0.0), (A, -0.0)),
        ((A, (1, 2)), (A, ((1, 2),))),
        ((A, (1, 2)), (A, 1, 2)),
        ((A, "mean"), (A, "means")),
        ((A, slice(1, None)), (A, slice(None, 1))),
        ((A, None), (A,)),
    ],
    ids=lambda operands: str([getattr(each, "shape", each) for each in operands]),
)
def test_a_row_is_asked_again_for_another_form(first, second):
    row = Asked(lambda *operands: None)
    left = kernel(row)
    for _ in range(2):
        assert left(*first) == left(*second) == "left"
    assert row.times == 2 + sum(not each.flags.c_contiguous for each in (first[0], second[0]))


@pytest.mark.parametrize("attr", [[1, 2], 1 << 70, np.int64(3), "x" * 10_000])
def test_a_row_is_asked_each_time_where_a_form_cannot_be_written_down(attr):
    row = Asked(subtract)
    sub = kernel(row)
    for _ in range(2):
        np.testing.assert_array_equal(sub(A, B, attr), A - B)
    assert row.times == 2


def test_inputs_may_be_views_of_operands_and_arrays_of_the_rows_own():
    ones = np.ones(6, np.float32)
    reversed_rows = kernel(lambda a: Native("sub", (a[::-1, 1:5], ones[:4]), (((4, 4), FLOAT32),)))
    for x in (A, B, C):
        np.testing.assert_array_equal(reversed_rows(x), x[::-1, 1:5] - 1)


def test_operands_with_gaps_are_copied_for_a_row_that_wants_none():
    row = Asked(lambda a, b: subtract(a, b) if a.flags.c_contiguous else None)
    sub = kernel(row)
    for a, b in ((A, B), (B, C)):
        np.testing.assert_array_equal(sub(a.T, b.T), a.T - b.T)
    assert row.times == 2


def test_what_overwrites_is_asked_each_time_for_operands_that_share_memory():
    copy = KERNELS["copy"]
    x = np.arange(12, dtype=np.float32)
    copy(x[:8], np.arange(8, dtype=np.float32)[::-1].copy())
    np.testing.assert_array_equal(x[:8], np.arange(8)[::-1])
    x = np.arange(12, dtype=np.float32)
    copy(x[4:], x[:8])  # of the same form as above
    np.testing.assert_array_equal(x, [0, 1, 2, 3, *range(8)])


def test_what_may_not_be_written_to_is_of_another_form():
    copy = KERNELS["copy"]
    x = A.copy()
    copy(x, B)
    np.testing.assert_array_equal(x, B)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        copy(x, C)
    np.testing.assert_array_equal(x, B)


def test_errors_of_rows_and_kernels_come_through_and_are_not_remembered():
    row = Asked(lambda a: native.ROWS["missing"])
    broken = kernel(row)
    for _ in range(2):
        with pytest.raises(KeyError, match="missing"):
            broken(A)
    assert row.times == 2
    with pytest.raises(IndexError, match="7"):
        KERNELS["gather"](A, np.full((1, 6), 7), 0)


@pytest.mark.parametrize(
    ("ints", "reals", "error", "sentence"),
    [
        ((None,), (), TypeError, "a whole number where None"),
        ((1.5,), (), TypeError, "a whole number where 1.5"),
        ((1 << 70,), (), OverflowError, "64 bits are too few"),
        ((), (None,), TypeError, "a number where None"),
        ((), ("a",), TypeError, "a number where 'a'"),
        ((), (10**400,), OverflowError, "64 bits are too few"),
    ],
)
def test_what_is_no_number_for_a_kernel_is_an_error(ints, reals, error, sentence):
    broken = kernel(lambda a: Native("neg", (a,), ((a.shape, FLOAT32),), ints, reals))
    with pytest.raises(error, match=f"^neg.*{sentence}"):
        broken(A)


def test_a_row_that_says_nothing_sensible_is_an_error():
    form: Any = (("a",), FLOAT32)
    name: Any = 3
    for said in (Native(name, (A,), ((A.shape, FLOAT32),)), Native("neg", (A,), (form,))):
        with pytest.raises((RuntimeError, TypeError)):
            kernel(lambda a, said=said: said)(A)


@pytest.mark.parametrize(
    ("name", "rest", "given", "said"),
    [
        ("layer_norm", ((6,),), {"eps": None}, "eps must be a float"),
        ("group_norm", (2,), {"eps": None}, "eps must be a float"),
        ("cross_entropy", (torch.arange(4),), {"ignore_index": 1.5}, "ignore_index must be an int"),
        ("cross_entropy", (torch.arange(4),), {"ignore_index": 1 << 70}, "64 bits"),
        ("avg_pool2d", (2,), {"divisor_override": 1 << 70}, "64 bits"),
    ],
)
def test_arguments_that_are_no_numbers_are_named(name, rest, given, said):
    x = torch.from_numpy(A if name != "avg_pool2d" else A[None])
    with pytest.raises((TypeError, ValueError), match=said):
        getattr(F, name)(x, *rest, **given)


def test_diagonals_far_beyond_the_corners_keep_all_or_nothing():
    x = torch.from_numpy(A)
    for far in (sys.maxsize, 1 << 70):
        for whole, empty in ((x.tril(far), x.triu(far)), (x.triu(-far), x.tril(-far))):
            np.testing.assert_array_equal(whole.numpy(), A)
            np.testing.assert_array_equal(empty.numpy(), np.zeros_like(A))


def test_more_forms_than_are_remembered_are_right_too():
    shifted = kernel(lambda a, shift: Native("clamp", (a,), ((a.shape, FLOAT32),), (), (shift, 10.0)))
    for shift in (*range(5000), 3):
        assert shifted(A[0, :1], float(min(shift, 9)) + shift * 1e-9)[0] >= min(shift, 9)
