"""The strict JSON parser, against the standard library's and against everything it must refuse."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import MalformedJson
from service.web.documents import MAX_DEPTH, parse, pointer

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(DOCUMENTS, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_it_reads_what_json_writes(document: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert parse(text.encode()) == document


@given(st.text('{}[]:,"\\ \n0123456789.eE+-truefalsnuNIy', max_size=30))
def test_it_takes_no_text_that_json_refuses(text: str) -> None:
    try:
        value = parse(text.encode())
    except MalformedJson:
        return
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        (b"", "", "line 1, column 1: the document ends"),
        (b"  \n ", "", "line 2, column 2: the document ends"),
        (b"{", "", "key in double quotes"),
        (b'{"a"', "/a", "colon"),
        (b'{"a":', "/a", "the document ends"),
        (b'{"a":1', "/a", "the document ends"),
        (b'{"a":1,}', "", "key in double quotes"),
        (b'{"a":1 "b":2}', "/a", "line 1, column 8: a comma or }"),
        (b'{"a":[1,2,]}', "/a/2", "a value is expected"),
        (b"[1 2]", "/0", "a comma or ]"),
        (b'[{},\n {"a": flase}]', "/1/a", "line 2, column 8"),
        (b'{"a":1,"b":2,"a":3}', "/a", "twice"),
        (b'{"x":{"a":1,"a":1}}', "/x/a", "twice"),
        (b'{"x":[1,NaN]}', "/x/1", "NaN"),
        (b'{"x":-Infinity}', "/x", "-Infinity"),
        (b"[1e999]", "/0", "64-bit float"),
        (b'{"n":' + b"1" * 30 + b"}", "/n", "64 bits"),
        (b'{"n":9223372036854775808}', "/n", "64 bits"),
        (b"[" + b"9" * 10_000 + b"]", "/0", "64 bits"),
        (b'["\\ud800"]', "/0", "not a character"),
        (b'["a\\u0000"]', "/0", "not a character"),
        (b'{"a\\u0000":1}', "", "not a character"),
        (b'["abc', "/0", "unterminated string"),
        (b'["\\x"]', "/0", "escape"),
        (b'["a\nb"]', "/0", "control character"),
        (b"['a']", "/0", "a value is expected"),
        (b"{1:2}", "", "key in double quotes"),
        (b"[1]]", "", "nothing may follow"),
        (b"[01]", "/0", "a comma"),
        (b"[+1]", "/0", "a value is expected"),
        (b"[.5]", "/0", "a value is expected"),
        (b"[1.]", "/0", "a comma"),
        (b"[undefined]", "/0", "a value is expected"),
        (b"\xef\xbb\xbf{}", "", "a value is expected"),
        (b'{"a/b":{"c~d":nope}}', "/a~1b/c~0d", "a value is expected"),
        (b'["\xff"]', "", "not UTF-8 from byte 2"),
        ('["ä"]'.encode("utf-16"), "", "not UTF-8"),
    ],
)
def test_it_tells_what_is_wrong_and_where(body: bytes, place: str, words: str) -> None:
    with pytest.raises(MalformedJson, match=re.escape(words)) as caught:
        parse(body)
    assert [fault.pointer for fault in caught.value.errors] == [place]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
@pytest.mark.parametrize(("opening", "step"), [("[", "/0"), ('{"a":', "/a")])
def test_depth_is_limited_and_costs_no_stack(opening: str, step: str, depth: int) -> None:
    with pytest.raises(MalformedJson, match="deeper than 64") as caught:
        parse((opening * depth).encode())
    assert caught.value.errors[0].pointer == step * MAX_DEPTH


def test_the_permitted_depth_is_read() -> None:
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse(body) == json.loads(body)


@pytest.mark.parametrize(
    "text", ["9223372036854775807", "-9223372036854775808", "1e308", "-0.0", "5e-324", "-0"]
)
def test_extreme_numbers_are_read(text: str) -> None:
    assert parse(text.encode()) == json.loads(text)
    assert math.copysign(1, parse(text.encode())) == math.copysign(1, json.loads(text))


def test_pointers_are_escaped_and_end_before_absurd_keys() -> None:
    assert pointer(["layers", 3, "a/b", "c~d"]) == "/layers/3/a~1b/c~0d"
    assert pointer(["a", "k" * 201, "b"]) == "/a"
