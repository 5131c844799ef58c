"""Incomes of a census, with an embedding for each category: at least 85 % of the test table right.

python examples/adult.py --data DIR      # DIR holds adult.data and adult.test
"""

import argparse
import json
import time
from itertools import islice

import engine as torch
from engine import nn
from engine.data.tables import Adult
from engine.optim.lr_scheduler import OneCycleLR
from engine.utils.data import DataLoader


class IncomeModel(nn.Module):
    """Logits of both classes: float32 [N, F] and int64 [N, K] -> [N, 2]."""

    def __init__(self, numbers: int, sizes: list[int], width: int = 8, hidden: int = 64) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(size, width) for size in sizes])
        self.body = nn.Sequential(
            nn.Linear(numbers + width * len(sizes), hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2),
        )

    def forward(self, numbers: torch.Tensor, categories: torch.Tensor) -> torch.Tensor:
        embedded = [embedding(categories[:, k]) for k, embedding in enumerate(self.embeddings)]
        logits: torch.Tensor = self.body(torch.cat([numbers, *embedded], dim=1))
        return logits


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    """The share of people whose income is told rightly."""
    right = total = 0
    model.eval()
    with torch.no_grad():
        for numbers, categories, income in loader:
            right += int((model(numbers, categories).argmax(1) == income).sum())
            total += len(income)
    model.train()
    return right / total


def train(data: str, epochs: int = 8, batch_size: int = 128, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    people = Adult(data)
    trained = DataLoader(people, batch_size, shuffle=True, drop_last=True)
    tested = DataLoader(Adult(data, train=False), 1024)
    model, criterion = IncomeModel(len(Adult.numeric), people.encoder.sizes), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = OneCycleLR(optimizer, max_lr=4e-3, total_steps=epochs * len(trained))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        for numbers, categories, income in islice(trained, steps):
            optimizer.zero_grad()
            loss = criterion(model(numbers, categories), income)
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-100:]) / len(losses[-100:]):.4f}", flush=True)
    seconds = time.perf_counter() - started
    return {
        "test_accuracy": accuracy(model, tested),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of adult.data and adult.test")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
