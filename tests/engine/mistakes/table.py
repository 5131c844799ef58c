"""The table of common mistakes: which error, and what its message must name."""

from collections.abc import Callable
from typing import Any

import engine

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
