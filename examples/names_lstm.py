"""An LSTM that makes up names: at most 2.15 nats a character on names that it hasn't seen.

python examples/names_lstm.py --data DIR      # DIR holds names.txt
"""

import argparse
import json
import time
from itertools import islice

import engine as torch
from engine import nn
from engine.nn import functional as F
from engine.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from engine.text import CharTokenizer, PadCollate
from engine.text.datasets import Names
from engine.utils.data import DataLoader

END = "\n"  # before and after each name
IGNORED = -100


class NameModel(nn.Module):
    """Logits of each next character: int64 [B, T] with lengths [B] -> [B, T, V]."""

    def __init__(self, characters: int, width: int = 64, hidden: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, width)
        self.lstm = nn.LSTM(width, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(hidden, characters)

    def forward(self, names: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.embedding(names), lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        logits: torch.Tensor = self.head(self.dropout(hidden))
        return logits


def loss_of(model: nn.Module, names: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The mean over all characters but the first; names: [B, T], padded."""
    logits = model(names[:, :-1], lengths - 1)
    padding = torch.arange(names.shape[1] - 1) >= (lengths - 1).unsqueeze(1)
    return F.cross_entropy(
        logits.flatten(0, 1), names[:, 1:].masked_fill(padding, IGNORED).flatten(), ignore_index=IGNORED
    )


def held_out_loss(model: nn.Module, loader: DataLoader) -> float:
    """Nats a character, over all of the loader's names."""
    total, characters = 0.0, 0
    model.eval()
    with torch.no_grad():
        for names, lengths in loader:
            count = int((lengths - 1).sum())
            total += loss_of(model, names, lengths).item() * count
            characters += count
    model.train()
    return total / characters


def invent(model: NameModel, tokenizer: CharTokenizer, count: int) -> list[str]:
    """Names that the model makes up, all at once and a character at a time."""
    drawn = torch.full((count, 1), tokenizer.encode(END)[0])
    state = None
    text = drawn
    model.eval()
    with torch.no_grad():
        for _ in range(16):
            hidden, state = model.lstm(model.embedding(drawn), state)
            drawn = torch.multinomial(F.softmax(model.head(hidden[:, -1]), dim=-1), 1)
            text = torch.cat([text, drawn], dim=1)
    return [tokenizer.decode(row).split(END)[1] for row in text.tolist()]


def train(data: str, epochs: int = 6, batch_size: int = 64, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    names = Names(data).names
    tokenizer = CharTokenizer(END + "".join(names))
    encoded = [torch.tensor(tokenizer.encode(END + name + END)) for name in names]
    order = torch.randperm(len(encoded), generator=torch.Generator().manual_seed(1)).tolist()
    shuffled = [encoded[k] for k in order]
    held_out = DataLoader(shuffled[:3000], 500, collate_fn=PadCollate())
    learned = DataLoader(shuffled[3000:], batch_size, shuffle=True, collate_fn=PadCollate())
    model = NameModel(len(tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * len(learned))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        for batch, lengths in islice(learned, steps):
            optimizer.zero_grad()
            loss = loss_of(model, batch, lengths)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-100:]) / len(losses[-100:]):.3f}", flush=True)
    seconds = time.perf_counter() - started
    print(" ".join(invent(model, tokenizer, 12)))
    return {
        "held_out_loss": held_out_loss(model, held_out),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of names.txt")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
