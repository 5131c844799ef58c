"""Vocabularies: from tokens to numbers and back, with torchtext's names."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from engine.errors import EngineError, IndexError_

__all__ = ["Vocab", "build_vocab_from_iterator", "vocab"]


class Vocab:
    """Tokens, each with a number: its place among them.

    tokens: all different, in the order of their numbers
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens: list[str] = []
        self._numbers: dict[str, int] = {}
        self._default: int | None = None
        for token in tokens:
            self.append_token(token)

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._numbers

    def __getitem__(self, token: str) -> int:
        """The token's number, or the default index; raises IndexError_ where there is neither."""
        number = self._numbers.get(token, self._default)
        if number is None:
            raise IndexError_(
                f"the token {token!r} isn't one of the vocabulary's {len(self)}; "
                "set_default_index says what unknown ones count as"
            )
        return number

    def __call__(self, tokens: Sequence[str]) -> list[int]:
        return self.lookup_indices(tokens)

    forward = __call__

    def set_default_index(self, index: int | None) -> None:
        """The number of every token that isn't known; None to refuse them again."""
        self._default = index

    def get_default_index(self) -> int | None:
        return self._default

    def append_token(self, token: str) -> None:
        """One more token, at the end."""
        self.insert_token(token, len(self))

    def insert_token(self, token: str, index: int) -> None:
        """One more token in between; the numbers after it grow by one."""
        if token in self._numbers:
            raise EngineError(f"the token {token!r} is already number {self._numbers[token]}")
        if not 0 <= index <= len(self):
            raise IndexError_(f"a token can be put at 0 to {len(self)}, not at {index}")
        self._tokens.insert(index, token)
        for number in range(index, len(self._tokens)):
            self._numbers[self._tokens[number]] = number

    def lookup_token(self, index: int) -> str:
        if not 0 <= index < len(self):
            raise IndexError_(f"there is no token number {index} among {len(self)}")
        return self._tokens[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[str]:
        return [self.lookup_token(int(index)) for index in indices]

    def lookup_indices(self, tokens: Iterable[str]) -> list[int]:
        return [self[token] for token in tokens]

    def get_itos(self) -> list[str]:
        """All tokens, by number."""
        return list(self._tokens)

    def get_stoi(self) -> dict[str, int]:
        """All numbers, by token."""
        return dict(self._numbers)

    def __repr__(self) -> str:
        return f"Vocab({len(self)} tokens)"


def vocab(
    ordered_dict: Mapping[str, int],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """The tokens that were counted at least min_freq times, in the mapping's order, with the specials.

    special_first: specials have the first numbers, otherwise the last
    """
    special = list(specials or ())
    counted = [token for token, n in ordered_dict.items() if n >= min_freq and token not in set(special)]
    return Vocab([*special, *counted] if special_first else [*counted, *special])


def build_vocab_from_iterator(
    iterator: Iterable[Iterable[str]],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
    max_tokens: int | None = None,
) -> Vocab:
    """The vocabulary of tokenized texts: the most frequent token first, equally frequent ones in their order.

    max_tokens: the most tokens to keep, specials included
    """
    counts: Counter[str] = Counter()
    for tokens in iterator:
        counts.update(tokens)
    for special in specials or ():
        counts.pop(special, None)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if max_tokens is not None:
        room = max_tokens - len(specials or ())
        if room < 0:
            raise EngineError(f"{len(specials or ())} specials don't fit into max_tokens {max_tokens}")
        ranked = ranked[:room]
    return vocab(OrderedDict(ranked), min_freq, specials, special_first)
