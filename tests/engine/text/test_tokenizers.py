"""Words, characters and byte pairs."""

import builtins
import sys

import pytest

from engine.errors import CheckpointError, EngineError, IndexError_
from engine.text import BytePairTokenizer, CharTokenizer, basic_english

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "that cat, that dog"] * 3


def test_basic_english_takes_words_and_marks_apart():
    assert basic_english('Hello, World! "It\'s" (a) test;ok: yes.<br />END?') == [
        *("hello", ",", "world", "!", "it", "'", "s", "(", "a", ")", "test", "ok", "yes", ".", "end", "?")
    ]


def test_characters_come_back(tmp_path):
    tokenizer = CharTokenizer("hello world")
    assert tokenizer.vocab.get_itos() == sorted(set("hello world"))
    assert tokenizer.decode(tokenizer.encode("low herd")) == "low herd"
    tokenizer.save(tmp_path / "chars.json")
    assert CharTokenizer.load(tmp_path / "chars.json").encode("held") == tokenizer.encode("held")
    with pytest.raises(IndexError_, match=r"the character 'x' \(at 2\) isn't one of the 8 known"):
        tokenizer.encode("hex")
    (tmp_path / "chars.json").write_text("[]")
    with pytest.raises(CheckpointError, match="can't be read as a CharTokenizer"):
        CharTokenizer.load(tmp_path / "chars.json")


def test_byte_pairs_are_learned_and_any_text_comes_back(tmp_path):
    pytest.importorskip("tokenizers", reason="the library comes with the extra `text`")
    tokenizer = BytePairTokenizer.train(TEXTS, 300, specials=["<pad>", "<end>"])
    assert 258 < len(tokenizer) <= 300
    assert (tokenizer.token_to_id("<pad>"), tokenizer.token_to_id("<end>")) == (0, 1)
    assert tokenizer.token_to_id("zebra") is None
    assert len(tokenizer.encode("the cat")) < len("the cat")
    assert "".join(tokenizer.tokenize("the cat")).replace("Ġ", " ") == "the cat"
    text = "naïve 猫 😀\n\tthe end"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode_batch(["the", "cat"]) == [tokenizer.encode("the"), tokenizer.encode("cat")]
    ids = tokenizer.encode("the<end>cat")
    assert 1 in ids
    assert tokenizer.decode(ids) == "thecat"
    assert tokenizer.decode(ids, skip_specials=False) == "the<end>cat"
    tokenizer.save(tmp_path / "bpe.json")
    assert BytePairTokenizer.load(tmp_path / "bpe.json").encode(text) == tokenizer.encode(text)
    again = BytePairTokenizer.train(TEXTS, 300, specials=["<pad>", "<end>"])
    assert again.encode(text) == tokenizer.encode(text)


def test_byte_pairs_refuse_what_makes_no_sense(tmp_path):
    pytest.importorskip("tokenizers", reason="the library comes with the extra `text`")
    with pytest.raises(EngineError, match="at least 257"):
        BytePairTokenizer.train(TEXTS, 100, specials=["<pad>"])
    with pytest.raises(IndexError_, match="no token number 999"):
        BytePairTokenizer.train(TEXTS, 300).decode([999])
    (tmp_path / "bpe.json").write_text("{}")
    with pytest.raises(CheckpointError, match="can't be read as a tokenizer"):
        BytePairTokenizer.load(tmp_path / "bpe.json")


def test_without_the_library_the_extra_is_named(monkeypatch):
    whole = builtins.__import__

    def without(name, *rest, **options):
        if name == "tokenizers":
            raise ImportError(name)
        return whole(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "tokenizers", raising=False)
    with pytest.raises(EngineError, match=r"pip install tensorkiln\[text\]"):
        BytePairTokenizer.train(TEXTS, 300)
