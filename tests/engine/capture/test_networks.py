"""Captured trainings give the bits of eager ones."""

from typing import Any

import pytest

import engine as torch
from engine import nn
from tests.engine.capture.steps import assert_same, batches

OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1),
    "momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3),
    "adam": lambda p: torch.optim.Adam(p, 0.01),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01),
    "nadam": lambda p: torch.optim.NAdam(p, 0.01),
}


def classifier(model: nn.Module, optimizer: Any) -> Any:
    """A model and its training step with cross entropy."""
    opt, loss_of = optimizer(model.parameters()), nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, step


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_perceptron_learns_the_same(name: str) -> None:
    def make() -> Any:
        return classifier(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)), OPTIMIZERS[name])

    assert_same(make, batches(20, 5), 16)


def test_a_convolutional_network_with_batch_norm_and_dropout_learns_the_same() -> None:
    def make() -> Any:
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Linear(4 * 4 * 4, 3),
        )
        return classifier(model, OPTIMIZERS["adam"])

    assert_same(make, batches(20, 1, 8, 8), 16)


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        out, _ = self.lstm(x)
        return self.head(out[:, -1])


def test_an_lstm_learns_the_same() -> None:
    assert_same(lambda: classifier(Sequence(), OPTIMIZERS["adam"]), batches(20, 5, 4), 16)


class Attentive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.encoder(self.embedding(x), mask=mask).mean(1))


def test_a_transformer_with_clipped_gradients_learns_the_same() -> None:
    def make() -> Any:
        model = Attentive()
        opt = torch.optim.AdamW(model.parameters(), 0.01)

        def step(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()
            return loss.detach()

        return model, step

    given = [((x.abs() * 5).long().clamp(max=10), y) for x, y in batches(20, 7)]
    step = assert_same(make, given, 16)
    (program,) = step.report().variants
    assert program.dropped > 0
    assert program.kept_bytes > 0
