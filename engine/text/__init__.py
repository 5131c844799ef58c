"""Text: vocabularies, tokenizers, batches of sequences, and datasets."""

from engine.text import datasets
from engine.text.batches import PadCollate, TokenBlocks, pack_tokens
from engine.text.tokenizers import BytePairTokenizer, CharTokenizer, basic_english
from engine.text.vocab import Vocab, build_vocab_from_iterator, vocab

__all__ = [
    "BytePairTokenizer",
    "CharTokenizer",
    "PadCollate",
    "TokenBlocks",
    "Vocab",
    "basic_english",
    "build_vocab_from_iterator",
    "datasets",
    "pack_tokens",
    "vocab",
]
