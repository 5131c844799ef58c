"""A convolutional network that hears digits: at least 95 % of FSDD's test recordings right.

python examples/spoken_digits.py --data DIR      # DIR holds recordings.zip, or the wav files
"""

import argparse
import json
import time
from itertools import islice

import engine as torch
from engine import nn
from engine.audio.datasets import FSDD
from engine.audio.transforms import AmplitudeToDB, MelSpectrogram, SpecAugment
from engine.utils.data import DataLoader, TensorDataset

FRAMES, MELS = 64, 40  # a second, cut or filled up with silence


def network() -> nn.Module:
    """Log-mels [N, 1, MELS, FRAMES] -> [N, 10]"""

    def stage(inputs: int, outputs: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    return nn.Sequential(
        *stage(1, 16),
        *stage(16, 32),
        *stage(32, 64),  # [N, 64, 5, 8]
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(64, 10),
    )


def log_mels(recordings: FSDD) -> TensorDataset:
    """Samples (float32 [1, MELS, FRAMES], digit), each recording with mean 0 and deviation 1."""
    mels = MelSpectrogram(recordings.sample_rate, n_fft=256, hop_length=128, n_mels=MELS)
    decibels = AmplitudeToDB(top_db=80)
    pictures = torch.zeros(len(recordings), 1, MELS, FRAMES)
    for k, waveform in enumerate(recordings.waveforms):
        picture = decibels(mels(waveform))[:, :FRAMES]
        pictures[k, 0, :, : picture.shape[1]] = (picture - picture.mean()) / (picture.std() + 1e-5)
    return TensorDataset(pictures, torch.tensor(recordings.targets))


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    """The share of the loader's recordings that the model names rightly."""
    right = total = 0
    model.eval()
    with torch.no_grad():
        for pictures, digits in loader:
            right += int((model(pictures).argmax(1) == digits).sum())
            total += len(digits)
    return right / total


def train(data: str, epochs: int = 20, batch_size: int = 64, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    learned = DataLoader(log_mels(FSDD(data, train=True)), batch_size, shuffle=True, drop_last=True)
    tested = DataLoader(log_mels(FSDD(data, train=False)), 100)
    augment = SpecAugment(n_time_masks=1, time_mask_param=12, n_freq_masks=1, freq_mask_param=6)
    model, criterion = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, total_steps=epochs * len(learned))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        model.train()
        for pictures, digits in islice(learned, steps):
            optimizer.zero_grad()
            loss = criterion(model(augment(pictures)), digits)
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-40:]) / len(losses[-40:]):.4f}", flush=True)
    seconds = time.perf_counter() - started
    return {
        "test_accuracy": accuracy(model, tested),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of recordings.zip")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
