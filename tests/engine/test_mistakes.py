"""Common mistakes, and what is said about them: the names and shapes given, and what was expected."""

import pytest

from tests.engine.mistakes import layers, tensors, training
from tests.engine.mistakes.table import MISTAKES

# each enters its mistakes into the table as it is imported
PLACES = (tensors, layers, training)


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
