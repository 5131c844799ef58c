"""Arguments read from signatures: what JSON may say, and the schema that says so."""

import math
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.arguments import Argument, Mismatch, arguments_of, object_schema


class Layer:
    """A layer.

    out_features: size of each output sample
    """

    def __init__(
        self,
        out_features: int,
        kernel: int | tuple[int, int] = 3,
        p: float = 0.5,
        bias: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        mode: Literal["zeros", "reflect"] = "zeros",
        hook: Any = None,
        device: str | None = None,
    ) -> None:
        pass


FOUND = arguments_of(Layer, Layer.__doc__ or "", skip=("device",)) or {}


def test_arguments_come_from_the_signature_in_its_order():
    assert list(FOUND) == ["out_features", "kernel", "p", "bias", "betas", "mode"]


def test_words_come_from_the_docstring():
    assert FOUND["out_features"].schema()["description"] == "size of each output sample"


def test_a_required_argument_that_json_cannot_hold_makes_the_target_unusable():
    def needs_an_object(module: object) -> None: ...

    assert arguments_of(needs_an_object, "") is None


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("out_features", 3, 3),
        ("kernel", [3, 5], (3, 5)),
        ("p", 0, 0.0),
        ("bias", False, False),
        ("betas", [0.5, 0], (0.5, 0.0)),
        ("mode", "reflect", "reflect"),
    ],
)
def test_good_values_become_what_the_constructor_takes(name, value, read):
    got = FOUND[name].read(value)
    assert got == read
    assert type(got) is type(read)


@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("out_features", True, "is true, not an integer"),
        ("out_features", "64", 'is "64", not an integer; write 64 without the quotes'),
        ("out_features", 64.0, "is 64.0, not an integer; write 64"),
        ("out_features", -1, "is -1; it must be at least 1"),
        ("out_features", 10**12, "is 1000000000000, too large; the limit is 2147483647"),
        ("out_features", [3], "is [3], not an integer"),
        ("kernel", [1, 2, 3], "is [1, 2, 3], not an integer or a list of 2 integers"),
        ("kernel", None, "is null, not an integer or a list of 2 integers"),
        ("p", math.nan, "is NaN; it must be finite"),
        ("p", 1.5, "is 1.5; it must be at least 0 and at most 1"),
        ("p", False, "is false, not a number"),
        ("bias", 1, "is 1, not true or false"),
        ("betas", [0.9, 1.0], "has a fault at item 1: it is 1.0; it must be at least 0 and below 1"),
        ("betas", [0.9], "has 1 items, not 2"),
        ("mode", "circle", 'is "circle", not "zeros" or "reflect"'),
        ("mode", [], 'is [], not "zeros" or "reflect"'),
    ],
)
def test_bad_values_are_told_with_what_would_be_right(name, value, detail):
    with pytest.raises(Mismatch) as caught:
        FOUND[name].read(value)
    assert str(caught.value) == detail


def test_the_schema_is_valid_and_complete():
    schema = object_schema("Layer", FOUND)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["type", "out_features"]
    assert schema["properties"]["betas"]["default"] == [0.9, 0.999]
    assert schema["properties"]["out_features"]["minimum"] == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["zeros", 3, 0.5]),
    lambda inner: st.lists(inner, max_size=3),
)


@given(st.sampled_from(sorted(FOUND)), values)
def test_the_schema_accepts_what_is_read_and_what_it_refuses_is_refused(name, value):
    argument: Argument = FOUND[name]
    is_valid = jsonschema.Draft202012Validator(argument.schema()).is_valid(value)
    try:
        argument.read(value)
        assert is_valid
    except Mismatch:
        # JSON schema calls 3.0 an integer, and knows no NaN
        whole = isinstance(value, float) or (
            isinstance(value, list) and any(isinstance(i, float) for i in value)
        )
        assert not is_valid or whole
