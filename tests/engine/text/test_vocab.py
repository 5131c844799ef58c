"""Vocabularies."""

import pytest

from engine.errors import EngineError, IndexError_
from engine.text import Vocab, build_vocab_from_iterator, vocab

TEXTS = [["b", "a", "b"], ["c", "a", "b", "<unk>"], ["d"]]


def test_frequent_tokens_come_first_and_equal_ones_in_their_order():
    built = build_vocab_from_iterator(TEXTS, specials=["<unk>", "<pad>"])
    assert built.get_itos() == ["<unk>", "<pad>", "b", "a", "c", "d"]
    assert built.get_stoi() == {token: number for number, token in enumerate(built.get_itos())}
    assert (len(built), "a" in built, "z" in built) == (6, True, False)


def test_rare_tokens_and_those_beyond_a_limit_are_left_out():
    assert build_vocab_from_iterator(TEXTS, min_freq=2, specials=["<unk>"]).get_itos() == ["<unk>", "b", "a"]
    assert build_vocab_from_iterator(TEXTS, specials=["<unk>"], max_tokens=3).get_itos() == [
        "<unk>",
        "b",
        "a",
    ]
    assert build_vocab_from_iterator(
        TEXTS, special_first=False, specials=["<x>"], max_tokens=2
    ).get_itos() == [
        "b",
        "<x>",
    ]
    assert vocab({"z": 1, "y": 3, "x": 2}, 2).get_itos() == ["y", "x"]
    with pytest.raises(EngineError, match="2 specials don't fit into max_tokens 1"):
        build_vocab_from_iterator(TEXTS, specials=["<a>", "<b>"], max_tokens=1)


def test_unknown_tokens_are_refused_until_they_have_a_number():
    built = vocab({"a": 1}, specials=["<unk>"])
    with pytest.raises(IndexError_, match="'z' isn't one of the vocabulary's 2; set_default_index"):
        built(["a", "z"])
    built.set_default_index(built["<unk>"])
    assert built(["a", "z"]) == [1, 0]
    assert built.get_default_index() == 0
    built.set_default_index(None)
    with pytest.raises(IndexError_):
        built["z"]


def test_tokens_are_looked_up_and_added():
    built = Vocab(["a", "b"])
    built.insert_token("c", 1)
    built.append_token("d")
    assert built.get_itos() == ["a", "c", "b", "d"]
    assert built.lookup_indices(["d", "b"]) == [3, 2]
    assert built.lookup_tokens([3, 2]) == ["d", "b"]
    with pytest.raises(EngineError, match="already number 1"):
        built.append_token("c")
    with pytest.raises(IndexError_, match="no token number 4 among 4"):
        built.lookup_token(4)
    with pytest.raises(IndexError_, match="0 to 4, not at 9"):
        built.insert_token("e", 9)
