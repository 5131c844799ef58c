"""A small convolutional network on MNIST: at least 99 % of the test images right.

python examples/mnist_cnn.py --data DIR      # DIR holds MNIST's four idx files
"""

import argparse
import json
import time
from itertools import islice

import engine as torch
from engine import nn
from engine.optim.lr_scheduler import OneCycleLR
from engine.utils.data import DataLoader
from engine.vision import datasets, transforms


def network() -> nn.Module:
    """[N, 1, 28, 28] -> [N, 10]"""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),  # [N, 16, 14, 14]
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),  # [N, 32, 7, 7]
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    """The share of the loader's images that the model names rightly."""
    right = total = 0
    model.eval()
    with torch.no_grad():
        for images, digits in loader:
            right += int((model(images).argmax(1) == digits).sum())
            total += len(digits)
    return right / total


def train(data: str, epochs: int = 4, batch_size: int = 128, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    pixels = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    trained = DataLoader(datasets.MNIST(data, True, pixels), batch_size, shuffle=True, drop_last=True)
    tested = DataLoader(datasets.MNIST(data, False, pixels), 500)
    model, criterion = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    scheduler = OneCycleLR(optimizer, max_lr=6e-3, total_steps=epochs * len(trained))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        model.train()
        for images, digits in islice(trained, steps):
            optimizer.zero_grad()
            loss = criterion(model(images), digits)
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
    parser.add_argument("--data", required=True, help="the folder of MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
