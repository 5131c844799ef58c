"""MNIST's script in PyTorch: `python -m benchmarks.mnist_torch loader|slices EPOCHS`.

The data is in KILN_DATA_DIR. `loader` is how the tutorials do it, a DataLoader that collates samples;
`slices` indexes whole batches, as the engine's loader does. Like the job, it keeps every step's loss and
evaluates after every epoch.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH = 64


def read(kind: str) -> tuple[Any, Any]:
    """Images [N, 1, 28, 28] in [0, 1], and labels [N]."""
    folder = Path(os.environ["KILN_DATA_DIR"])
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return torch.tensor(pixels.astype(np.float32) / 255), torch.tensor(labels.astype(np.int64))


def passes(way: str, images: Any, labels: Any) -> Any:
    """What gives the shuffled batches of an epoch, each time it is gone through."""
    if way == "loader":
        samples = torch.utils.data.TensorDataset(images, labels)
        return torch.utils.data.DataLoader(samples, batch_size=BATCH, shuffle=True)

    class Slices:
        def __iter__(self) -> Iterator[tuple[Any, Any]]:
            for rows in torch.randperm(len(images)).split(BATCH):
                yield images[rows], labels[rows]

    return Slices()


def main(way: str, epochs: int) -> None:
    torch.manual_seed(0)
    started = time.perf_counter()
    batches = passes(way, *read("train"))
    test_images, test_labels = read("t10k")
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    losses, accuracy = [], 0.0
    for _ in range(epochs):
        for images, labels in batches:
            loss = criterion(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            accuracy = (network(test_images).argmax(1) == test_labels).float().mean().item()
    print(json.dumps({"seconds": time.perf_counter() - started, "accuracy": accuracy, "losses": losses}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
