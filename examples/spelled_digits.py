"""A network that spells what it hears: FSDD's recordings in, letters out, trained with CTC.

    python examples/spelled_digits.py --data DIR      # DIR holds recordings.zip, or the wav files

At least 90 % of the test recordings are spelled without a mistake. The network never learns where in a
recording a letter is spoken: CTC sums over all places (Graves et al., 2006).
"""

import argparse
import json
import time
from itertools import islice

import engine as torch
from engine import nn
from engine.audio.datasets import FSDD
from engine.audio.transforms import AmplitudeToDB, MelSpectrogram
from engine.nn import functional as F
from engine.nn.utils.rnn import pad_sequence
from engine.text import CharTokenizer
from engine.utils.data import DataLoader

MELS = 40
BLANK = "-"

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


class Speller(nn.Module):
    """Log-probabilities of letters: log-mels [N, MELS, T] -> [T / 2, N, V]."""

    def __init__(self, letters: int, width: int = 96) -> None:
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv1d(MELS, width, 5, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.gru = nn.GRU(width, width, bidirectional=True)
        self.head = nn.Linear(2 * width, letters)

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        frames = self.front(mels).permute(2, 0, 1)  # [T / 2, N, width]
        hidden, _ = self.gru(frames)
        return F.log_softmax(self.head(hidden), dim=-1)


def samples(recordings: FSDD, tokenizer: CharTokenizer) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(log-mels [T, MELS], letters int64 [L]) of each recording."""
    mels = MelSpectrogram(recordings.sample_rate, n_fft=256, hop_length=80, n_mels=MELS)
    decibels = AmplitudeToDB(top_db=80)
    made = []
    for waveform, digit in zip(recordings.waveforms, recordings.targets, strict=True):
        picture = decibels(mels(waveform))
        picture = (picture - picture.mean()) / (picture.std() + 1e-5)
        word = recordings.classes[int(digit)]
        made.append((picture.T, torch.tensor(tokenizer.encode(word))))
    return made


def collate(batch: list[tuple[torch.Tensor, torch.Tensor]]) -> Batch:
    """Log-mels [N, MELS, T] and letters [N, L], both padded, each with lengths: of mels, after the stride."""
    mels, words = zip(*batch, strict=True)
    frames = torch.tensor([(len(each) + 1) // 2 for each in mels])
    padded = pad_sequence(list(mels), batch_first=True).transpose(1, 2)
    letters = pad_sequence(list(words), batch_first=True)
    return padded, frames, letters, torch.tensor([len(each) for each in words])


def spelled(log_odds: torch.Tensor, frames: torch.Tensor, tokenizer: CharTokenizer) -> list[str]:
    """The best letter of each frame, repetitions merged and blanks left out; log_odds: [T, N, V]."""
    words = []
    for best, length in zip(log_odds.argmax(-1).T.tolist(), frames.tolist(), strict=True):
        heard = best[:length]
        kept = [letter for k, letter in enumerate(heard) if k == 0 or letter != heard[k - 1]]
        words.append(tokenizer.decode(kept).replace(BLANK, ""))
    return words


def exactness(model: nn.Module, loader: DataLoader, tokenizer: CharTokenizer) -> float:
    """The share of recordings that are spelled without a mistake."""
    right = total = 0
    model.eval()
    with torch.no_grad():
        for mels, frames, letters, lengths in loader:
            for word, row, length in zip(
                spelled(model(mels), frames, tokenizer), letters.tolist(), lengths.tolist(), strict=True
            ):
                right += word == tokenizer.decode(row[:length])
                total += 1
    return right / total


def train(data: str, epochs: int = 15, batch_size: int = 32, steps: int | None = None) -> dict[str, float]:
    """Train, and test at the end. steps: of each epoch, for a quick look."""
    torch.manual_seed(0)
    tokenizer = CharTokenizer(BLANK + "".join(FSDD.classes))  # "-" sorts first, so blank is 0
    learned = DataLoader(
        samples(FSDD(data, train=True), tokenizer),
        batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=collate,
    )
    tested = DataLoader(samples(FSDD(data, train=False), tokenizer), 100, collate_fn=collate)
    model, criterion = Speller(len(tokenizer)), nn.CTCLoss(blank=0, zero_infinity=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=epochs * len(learned))
    started, losses = time.perf_counter(), []
    for epoch in range(1, epochs + 1):
        model.train()
        for mels, frames, letters, lengths in islice(learned, steps):
            optimizer.zero_grad()
            loss = criterion(model(mels), letters, frames, lengths)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {sum(losses[-80:]) / len(losses[-80:]):.4f}", flush=True)
    seconds = time.perf_counter() - started
    return {
        "exactness": exactness(model, tested, tokenizer),
        "first_loss": losses[0],
        "loss": losses[-1],
        "train_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="the folder of recordings.zip")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--steps", type=int, help="stop each epoch after so many steps, for a quick look")
    given = parser.parse_args()
    print(json.dumps(train(given.data, given.epochs, steps=given.steps)))
