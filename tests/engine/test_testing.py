"""assert_close, beside PyTorch's."""

import pytest

import engine
from engine.errors import EngineError

CASES = {
    "equal": lambda t: ([1.0, 2.0], [1.0, 2.0]),
    "close": lambda t: (t.tensor([1.0]), t.tensor([1.0 + 1e-6])),
    "not close": lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.1])),
    "close in half": lambda t: (t.tensor([1.0]).half(), t.tensor([1.0005]).half()),
    "not close in double": lambda t: (t.tensor([1.0]).double(), t.tensor([1.000001]).double()),
    "integers": lambda t: (t.tensor([1, 2]), t.tensor([1, 3])),
    "bools": lambda t: (t.tensor([True]), t.tensor([True])),
    "dtypes": lambda t: (t.tensor([1.0]), t.tensor([1.0]).double()),
    "shapes": lambda t: (t.ones(2), t.ones(2, 1)),
    "nan": lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")])),
    "lists": lambda t: ([t.ones(1), t.ones(1)], [t.ones(1), t.zeros(1)]),
    "lengths": lambda t: ([t.ones(1)], [t.ones(1), t.ones(1)]),
    "dicts": lambda t: ({"a": t.ones(1)}, {"a": t.ones(1)}),
    "keys": lambda t: ({"a": t.ones(1)}, {"b": t.ones(1)}),
    "numbers": lambda t: (1.0, 1.0 + 1e-9),
}


@pytest.mark.parametrize("name", CASES)
def test_it_fails_where_torchs_fails(torch, name):
    failed = []
    for t in (engine, torch):
        try:
            t.testing.assert_close(*CASES[name](t))
            failed.append(False)
        except AssertionError:
            failed.append(True)
    assert failed[0] is failed[1]


def test_the_message_says_where_and_by_how_much():
    a, b = engine.tensor([[1.0, 2.0]]), engine.tensor([[1.0, 3.0]])
    with pytest.raises(
        AssertionError, match=r"at \['w'\]: 1 of 2 elements differ.*at \(0, 1\): 2\.0 and 3\.0"
    ):
        engine.testing.assert_close({"w": a}, {"w": b})
    with pytest.raises(AssertionError, match=r"^mine$"):
        engine.testing.assert_close(a, b, msg="mine")
    engine.testing.assert_close(a, b, rtol=0, atol=1)
    engine.testing.assert_close(a / 0 * 0, a / 0 * 0, equal_nan=True)
    with pytest.raises(EngineError, match="both rtol and atol"):
        engine.testing.assert_close(a, b, atol=1)
