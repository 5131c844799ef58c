"""Cursor pagination: a page of a list, and the rest of the list behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """`data` is this page; iterating goes through every item of the list, fetching as it goes."""

    data: tuple[T, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    _fetch: Callable[[str | None], "Page[T]"] = field(repr=False, compare=False)

    @classmethod
    def walk(
        cls, get: Callable[[str | None], dict[str, Any]], read: Callable[[dict[str, Any]], T]
    ) -> "Page[T]":
        """The first page. `get` answers with the list object after a cursor, `read` makes one item."""

        def fetch(after: str | None) -> "Page[T]":
            sent = get(after)
            return cls(
                data=tuple(read(item) for item in sent.get("data", [])),
                first_id=sent.get("first_id"),
                last_id=sent.get("last_id"),
                has_more=bool(sent.get("has_more", False)),
                _fetch=fetch,
            )

        return fetch(None)

    def next_page(self) -> "Page[T] | None":
        """The page behind this one, or None at the end."""
        return self._fetch(self.last_id) if self.has_more and self.last_id else None

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.data
            page = page.next_page()
