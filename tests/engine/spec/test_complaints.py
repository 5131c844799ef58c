"""Pointers, and values shown in messages."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SpecError
from engine.spec.complaints import LIMIT, Complaints, at, nearest, show


def test_slashes_and_tildes_in_keys_are_escaped():
    assert at("/blocks", "a/b~c", 0) == "/blocks/a~1b~0c/0"


@pytest.mark.parametrize("key", ["\ud800", "x" * 1000, "a\x00b"])
def test_a_key_that_no_answer_can_carry_points_to_its_parent(key):
    assert at("/layers/3", key) == "/layers/3"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        pytest.param(10**5000, "an integer of more than 20 digits", id="huge"),
        ("64", '"64"'),
        ("x" * 1000, '"' + "x" * 39 + '…"'),
        ([1, 28, 28], "[1, 28, 28]"),
        ([[1]], "a list of 1 item"),
        ({}, "an object"),
    ],
)
def test_values_are_shown_as_json_and_short(value, shown):
    assert show(value) == shown


def test_a_value_nested_without_end_is_shown():
    value: list = []
    for _ in range(100_000):
        value = [value]
    assert show(value) == "a list of 1 item"


@given(st.text() | st.lists(st.integers()) | st.floats())
def test_what_is_shown_can_always_be_sent(value):
    json.dumps(show(value), ensure_ascii=False).encode()


def test_the_nearest_known_name_is_suggested_whatever_its_case():
    assert nearest("linaer", ["Linear", "ReLU"]) == '; did you mean "Linear"?'
    assert nearest("relu", ["Linear", "ReLU"]) == '; did you mean "ReLU"?'


def test_few_known_names_are_listed_where_none_is_near():
    assert nearest("qqqq", ["ReLU", "Linear"]) == "; known: Linear, ReLU"


def test_a_hopeless_document_gets_a_bounded_answer():
    complaints = Complaints()
    for i in range(LIMIT):
        complaints.add(f"/layers/{LIMIT - i}", "is wrong")
    with pytest.raises(SpecError) as caught:
        complaints.add("/layers/0", "is wrong")
    assert [problem.pointer for problem in caught.value.problems] == [
        *[f"/layers/{i}" for i in range(1, LIMIT + 1)],
        "",
    ]
    assert caught.value.problems[-1].detail == f"only the first {LIMIT} problems are listed"
