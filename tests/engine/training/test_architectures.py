"""Networks trained beside PyTorch: the same initial weights and batches, a hundred steps, equal losses."""

from pathlib import Path

import numpy as np
import pytest

import engine
from engine.vision.datasets import Digits

STEPS, BATCH = 100, 32
LENGTH, WIDTH = 24, 32  # of a piece of text, and of the transformer


def digits():
    """Real images [1, 8, 8] in [0, 1] and their classes, in batches."""
    train = Digits(train=True)
    order = np.random.default_rng(0).permutation(len(train.data))
    for step in range(STEPS):
        rows = order[np.arange(step * BATCH, (step + 1) * BATCH) % len(order)]
        yield (train.data[rows][:, None] / 255).astype(np.float32), train.targets[rows].astype(np.int64)


def text():
    """Pieces of the licence's text as numbers of characters, and the characters that follow."""
    written = (Path(__file__).parents[3] / "LICENSE").read_text()
    characters = {c: k for k, c in enumerate(sorted(set(written)))}
    numbers = np.array([characters[c] for c in written], np.int64)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        starts = rng.integers(0, len(numbers) - LENGTH - 1, BATCH // 2)
        rows = starts[:, None] + np.arange(LENGTH + 1)
        yield numbers[rows[:, :-1]], numbers[rows[:, 1:]]


def mlp(t):
    return t.nn.Sequential(
        t.nn.Flatten(),
        t.nn.Linear(64, 48),
        t.nn.ReLU(),
        t.nn.Linear(48, 32),
        t.nn.Tanh(),
        t.nn.Linear(32, 10),
    )


def cnn(t):
    return t.nn.Sequential(
        t.nn.Conv2d(1, 8, 3, padding=1, bias=False),
        t.nn.BatchNorm2d(8),
        t.nn.ReLU(),
        t.nn.MaxPool2d(2),
        t.nn.Conv2d(8, 16, 3, padding=1),
        t.nn.BatchNorm2d(16),
        t.nn.ReLU(),
        t.nn.AdaptiveAvgPool2d(2),
        t.nn.Flatten(),
        t.nn.Linear(64, 10),
    )


def lstm(t):
    """Reads an image row by row, both ways, only as far as its own number of rows."""

    class Reader(t.nn.Module):  # type: ignore[misc, name-defined]  # of either side
        def __init__(self):
            super().__init__()
            self.lstm = t.nn.LSTM(8, 16, num_layers=2, bidirectional=True, batch_first=True)
            self.out = t.nn.Linear(32, 10)

        def forward(self, x):
            lengths = t.arange(len(x)) % 4 + 5
            packed = t.nn.utils.rnn.pack_padded_sequence(
                x.squeeze(1), lengths, batch_first=True, enforce_sorted=False
            )
            _, (h, _) = self.lstm(packed)
            return self.out(t.cat([h[-2], h[-1]], 1))

    return Reader()


def transformer(t):
    """Predicts the next character from those before."""

    class Writer(t.nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self):
            super().__init__()
            self.token = t.nn.Embedding(128, WIDTH)
            self.place = t.nn.Embedding(LENGTH, WIDTH)
            layer = t.nn.TransformerEncoderLayer(
                WIDTH, 4, 2 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True
            )
            self.body = t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(WIDTH), enable_nested_tensor=False)
            self.out = t.nn.Linear(WIDTH, 128)

        def forward(self, x):
            mask = t.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
            x = self.token(x) + self.place(t.arange(x.shape[1]))
            return self.out(self.body(x, mask=mask, is_causal=True)).flatten(0, 1)

    return Writer()


NETWORKS = {
    "MLP": (mlp, digits, lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9)),
    "CNN with batch norm": (
        cnn,
        digits,
        lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4),
    ),
    "LSTM": (lstm, digits, lambda t, p: t.optim.Adam(p, lr=3e-3)),
    "transformer": (transformer, text, lambda t, p: t.optim.AdamW(p, lr=3e-3)),
}


def losses(t, net, batches, optimizer):
    found = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(net(t.from_numpy(x)), t.from_numpy(y.reshape(-1)))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("kind", NETWORKS)
def test_losses_are_those_of_torch_for_a_hundred_steps(torch, kind):
    make, batches, optimizer = NETWORKS[kind]
    engine.manual_seed(0)
    ours, theirs = make(engine), make(torch)
    start = {key: torch.from_numpy(w.numpy().copy()) for key, w in ours.state_dict().items()}
    theirs.load_state_dict(start, strict=True)
    found = losses(engine, ours, batches(), optimizer(engine, ours.parameters()))
    expected = losses(torch, theirs, batches(), optimizer(torch, theirs.parameters()))
    assert expected[-1] < 0.8 * expected[0]
    np.testing.assert_allclose(found, expected, rtol=2e-4)
