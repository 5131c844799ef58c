"""The tree of errors."""

import pytest

from engine import errors
from engine.errors import Problem, SpecError


def test_every_error_is_an_engine_error_and_a_runtime_error():
    kinds = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert all(issubclass(e, errors.EngineError) and issubclass(e, RuntimeError) for e in kinds)
    assert issubclass(errors.IndexError_, IndexError)
    assert issubclass(errors.DTypeError, TypeError)


def test_the_tree_in_the_docstring_names_every_error():
    kinds = [e.__name__ for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert [name for name in kinds if name not in (errors.__doc__ or "")] == []


def test_a_spec_error_tells_all_its_problems():
    problems = [Problem("/layers/3", "wrong"), Problem("", "empty")]
    with pytest.raises(SpecError, match="/layers/3: wrong; /: empty") as caught:
        raise SpecError(iter(problems))
    assert caught.value.problems == problems
