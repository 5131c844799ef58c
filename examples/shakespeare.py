"""A character transformer on tinyshakespeare: at most 1.75 nats a character on the last tenth of the text.

    python examples/shakespeare.py --data DIR      # DIR holds input.txt

Four layers, width 128, four heads, 64 characters of context; about 0.8 million parameters.
"""

import argparse
import json
import math
import time

import engine as torch
from engine import nn
from engine.nn import functional as F
from engine.text import CharTokenizer
from engine.text.datasets import TinyShakespeare

CONTEXT, WIDTH, HEADS, LAYERS = 64, 128, 4, 4
EPOCH, WARM_UP = 250, 200


class CharacterTransformer(nn.Module):
    """Logits of each next character: int64 [B, T] -> [B, T, V], T up to CONTEXT."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, LAYERS, norm=nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, characters, bias=False)
        self.register_buffer(
            "mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT), persistent=False
        )
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        length = text.shape[1]
        hidden = self.characters(text) + self.places(torch.arange(length))  # [B, T, D]
        hidden = self.body(hidden, is_causal=True)
        logits: torch.Tensor = self.head(hidden)
        return logits


def loss_of(model: nn.Module, text: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(model(text).flatten(0, 1), target.flatten())


def rate(step: int, steps: int) -> float:
    """The share of the learning rate: a linear warm-up, then half a cosine down to 5 %."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(steps - WARM_UP, 1)))


def validation_loss(model: nn.Module, held_out: torch.Tensor) -> float:
    """Nats a character over the held-out text, in pieces of CONTEXT characters."""
    pieces = (len(held_out) - 1) // CONTEXT
    text = held_out[: pieces * CONTEXT].reshape(pieces, CONTEXT)
    target = held_out[1 : pieces * CONTEXT + 1].reshape(pieces, CONTEXT)
    total = 0.0
    model.eval()
    with torch.no_grad():
        for start in range(0, pieces, 64):
            part = slice(start, start + 64)
            total += loss_of(model, text[part], target[part]).item() * len(text[part])
    model.train()
    return total / pieces


def write(model: nn.Module, tokenizer: CharTokenizer, length: int) -> str:
    """Text that the model makes up, a character at a time."""
    text = torch.zeros(1, 1, dtype=torch.int64)
    model.eval()
    with torch.no_grad():
        for _ in range(length):
            odds = F.softmax(model(text[:, -CONTEXT:])[:, -1], dim=-1)
            text = torch.cat([text, torch.multinomial(odds, 1)], dim=1)
    return tokenizer.decode(text[0, 1:].tolist())


def train(data: str, epochs: int = 10, batch_size: int = 16, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. An epoch is 250 steps. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    tokenizer = CharTokenizer(TinyShakespeare(data, "all").text)
    learned, held_out = (
        torch.tensor(tokenizer.encode(TinyShakespeare(data, split).text)) for split in ("train", "val")
    )
    model = CharacterTransformer(len(tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.99), weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, epochs * EPOCH))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        for _ in range(steps or EPOCH):
            starts = torch.randint(0, len(learned) - CONTEXT - 1, (batch_size, 1))
            pieces = learned[starts + torch.arange(CONTEXT + 1)]  # [B, T + 1]
            optimizer.zero_grad()
            loss = loss_of(model, pieces[:, :-1], pieces[:, 1:])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-100:]) / len(losses[-100:]):.3f}", flush=True)
    seconds = time.perf_counter() - started
    print(write(model, tokenizer, 200))
    return {
        "validation_loss": validation_loss(
            model, held_out if steps is None else held_out[: 64 * CONTEXT + 1]
        ),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of input.txt")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
