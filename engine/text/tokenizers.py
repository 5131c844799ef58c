"""From text to tokens: words, characters, and pairs of bytes learned from a corpus."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, EngineError, IndexError_
from engine.text.vocab import Vocab

__all__ = ["BytePairTokenizer", "CharTokenizer", "basic_english"]

_APART = re.compile(r"([.,()!?'])")
_DROPPED = re.compile(r'"|<br />|[;:]')


def basic_english(line: str) -> list[str]:
    """Words in lower case, with . , ( ) ! ? and ' as tokens of their own; " ; and : are left out.

    The rules are those of torchtext's tokenizer of this name.
    """
    line = _DROPPED.sub(lambda found: "" if found[0] == '"' else " ", line.lower())
    return _APART.sub(r" \1 ", line).split()


class CharTokenizer:
    """Every character is a token.

    chars: the characters, or a text that has them all; they are numbered in the order of their code points
    """

    def __init__(self, chars: Iterable[str]) -> None:
        self.vocab = Vocab(sorted(set(chars)))

    def __len__(self) -> int:
        return len(self.vocab)

    def encode(self, text: str) -> list[int]:
        """Raises IndexError_ for a character that isn't known."""
        numbers = self.vocab.get_stoi()
        try:
            return [numbers[char] for char in text]
        except KeyError as unknown:
            place = text.index(unknown.args[0])
            raise IndexError_(
                f"the character {unknown.args[0]!r} (at {place}) isn't one of the {len(self)} known; "
                "make the tokenizer from a text that has it"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.vocab.lookup_tokens(ids))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the characters as JSON."""
        Path(path).write_text(json.dumps({"chars": self.vocab.get_itos()}), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "CharTokenizer":
        try:
            chars = json.loads(Path(path).read_text(encoding="utf-8"))["chars"]
            return cls([str(char) for char in chars])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{os.fspath(path)} can't be read as a CharTokenizer: {error}") from None


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise EngineError(
            "byte-pair tokenizers need the library `tokenizers`: pip install tensorkiln[text]"
        ) from None
    return tokenizers


class BytePairTokenizer:
    """Byte pairs as GPT-2's (Sennrich et al., 2016, on bytes): any text can be encoded, and comes back.

    Made by `train` or `load`; the work is done by the library `tokenizers`, whose JSON files it reads and
    writes.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def train(
        cls, texts: Iterable[str], vocab_size: int, specials: Sequence[str] = (), min_frequency: int = 2
    ) -> "BytePairTokenizer":
        """Learn the most frequent pairs of a corpus.

        vocab_size: the most tokens, of which 256 are the bytes
        specials: tokens of their own, with the first numbers; they are found whole in texts
        min_frequency: rarer pairs aren't joined
        """
        library = _library()
        if vocab_size < 256 + len(specials):
            raise EngineError(
                f"vocab_size must be at least {256 + len(specials)}, the bytes and the specials, "
                f"and is {vocab_size}"
            )
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=min_frequency,
            special_tokens=list(specials),
            initial_alphabet=sorted(library.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text's tokens; faster than one by one."""
        return [list(encoded.ids) for encoded in self._tokenizer.encode_batch(list(texts))]

    def tokenize(self, text: str) -> list[str]:
        """The pieces themselves, with bytes written as GPT-2 writes them."""
        return list(self._tokenizer.encode(text).tokens)

    def decode(self, ids: Iterable[int], skip_specials: bool = True) -> str:
        numbers = [int(number) for number in ids]
        for number in numbers:
            if not 0 <= number < len(self):
                raise IndexError_(f"there is no token number {number} among {len(self)}")
        return str(self._tokenizer.decode(numbers, skip_special_tokens=skip_specials))

    def token_to_id(self, token: str) -> int | None:
        """The number of a token, of a special for example; None if there is none."""
        found = self._tokenizer.token_to_id(token)
        return None if found is None else int(found)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the library's JSON."""
        Path(path).write_text(self._tokenizer.to_str(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "BytePairTokenizer":
        """Read the library's JSON; raises CheckpointError if the file isn't it."""
        library = _library()
        try:
            return cls(library.Tokenizer.from_str(Path(path).read_text(encoding="utf-8")))
        except Exception as error:  # the library raises plain Exceptions
            raise CheckpointError(f"{os.fspath(path)} can't be read as a tokenizer: {error}") from None
