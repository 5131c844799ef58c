"""Spam among short messages, by the mean of what its words and pairs of words are worth: F1 of at least 0.93.

python examples/sms_spam.py --data DIR      # DIR holds SMSSpamCollection

The model is fastText's (Joulin et al., Bag of tricks for efficient text classification, 2016).
"""

import argparse
import json
import re
import time
from itertools import islice, pairwise

import engine as torch
from engine import nn
from engine.text import Vocab, build_vocab_from_iterator
from engine.text.datasets import SMSSpam
from engine.utils.data import DataLoader

Sample = tuple[list[int], float]


def tokens(text: str) -> list[str]:
    """Words, numbers and marks, and each two that follow each other.

    Every digit counts as 0: that a number is long says more than which it is.
    """
    words = re.findall(r"[^\W\d_]+|\d+|[^\w\s]", re.sub(r"\d", "0", text.lower()))
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


class SpamModel(nn.Module):
    """How likely each message is spam, as a logit: int64 [S] tokens, cut at offsets [B] -> [B]."""

    def __init__(self, words: int, width: int = 32) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(words, width)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(width, 1)

    def forward(self, messages: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.dropout(self.embedding(messages, offsets))).squeeze(1)
        return logits


def samples(messages: SMSSpam, words: Vocab) -> list[Sample]:
    """Each message as the numbers of its tokens, and 1 for spam."""
    pairs = zip(messages.texts, messages.targets, strict=True)
    return [(words(tokens(text)), float(spam)) for text, spam in pairs]


def end_to_end(batch: list[Sample]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """All messages' tokens in a row, where each message begins, and which are spam."""
    lengths = torch.tensor([len(message) for message, _ in batch])
    everything = torch.tensor([token for message, _ in batch for token in message], dtype=torch.int64)
    return everything, lengths.cumsum(0) - lengths, torch.tensor([spam for _, spam in batch])


def f1(model: nn.Module, loader: DataLoader) -> float:
    """The harmonic mean of precision and recall of spam."""
    found = right = there = 0
    model.eval()
    with torch.no_grad():
        for messages, offsets, spam in loader:
            said = model(messages, offsets) > 0
            found += int(said.sum())
            there += int(spam.sum())
            right += int((said & (spam == 1)).sum())
    model.train()
    return 2 * right / (found + there)


def train(data: str, epochs: int = 8, batch_size: int = 64, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end on every fifth message. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    learned, held_out = SMSSpam(data), SMSSpam(data, train=False)
    words = build_vocab_from_iterator(map(tokens, learned.texts), min_freq=2, specials=["<unk>"])
    words.set_default_index(0)
    trained = DataLoader(samples(learned, words), batch_size, shuffle=True, collate_fn=end_to_end)
    tested = DataLoader(samples(held_out, words), 256, collate_fn=end_to_end)
    model, criterion = SpamModel(len(words)), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        for messages, offsets, spam in islice(trained, steps):
            optimizer.zero_grad()
            loss = criterion(model(messages, offsets), spam)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-50:]) / len(losses[-50:]):.4f}", flush=True)
    seconds = time.perf_counter() - started
    return {
        "test_f1": f1(model, tested),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of SMSSpamCollection")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
