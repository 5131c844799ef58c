"""Text and raw sound."""

from typing import Any

import numpy as np

from benchmarks.workloads.description import Batch, Workload

CHARACTERS = 65


def lstm(framework: Any) -> Any:
    """Embedding 64, LSTM 128, batch 32 of 64 characters, AdamW"""
    return _recurrent(framework, framework.nn.LSTM)


def gru(framework: Any) -> Any:
    """Embedding 64, GRU 128, batch 32 of 64 characters, AdamW"""
    return _recurrent(framework, framework.nn.GRU)


def _recurrent(framework: Any, layer: Any) -> Any:
    nn = framework.nn

    class Model(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(CHARACTERS, 64)
            self.body = layer(64, 128, batch_first=True)
            self.head = nn.Linear(128, CHARACTERS)

        def forward(self, text: Any) -> Any:
            return self.head(self.body(self.embedding(text))[0]).flatten(0, 1)

    return Model()


def gpt(framework: Any) -> Any:
    """Four transformer layers of width 128 with 4 heads, batch 16 of 64 characters, AdamW"""
    nn = framework.nn

    class Model(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self) -> None:
            super().__init__()
            self.characters = nn.Embedding(CHARACTERS, 128)
            self.places = nn.Embedding(64, 128)
            layer = nn.TransformerEncoderLayer(
                128, 4, 512, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            self.body = nn.TransformerEncoder(layer, 4, nn.LayerNorm(128), enable_nested_tensor=False)
            self.head = nn.Linear(128, CHARACTERS, bias=False)
            mask = nn.Transformer.generate_square_subsequent_mask(64)
            self.register_buffer("mask", mask, persistent=False)

        def forward(self, text: Any) -> Any:
            hidden = self.characters(text) + self.places.weight
            return self.head(self.body(hidden, mask=self.mask, is_causal=True)).flatten(0, 1)

    return Model()


def raw_audio(framework: Any) -> Any:
    """1-d convolutions 1-32-64-64 with batch norm on 4,000 samples of sound, batch 32, Adam"""
    nn = framework.nn
    return nn.Sequential(
        nn.Conv1d(1, 32, 80, stride=4),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Conv1d(32, 64, 3),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.MaxPool1d(4),
        nn.Conv1d(64, 64, 3),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def _text(batch: int, length: int) -> Any:
    def draw(generator: np.random.Generator) -> Batch:
        text = generator.integers(0, CHARACTERS, (batch, length + 1))
        return text[:, :-1].copy(), text[:, 1:].flatten()

    return draw


def _sound(generator: np.random.Generator) -> Batch:
    return generator.standard_normal((32, 1, 4000), np.float32), generator.integers(0, 10, 32)


WORKLOADS = [
    Workload("lstm", lstm, _text(32, 64), "AdamW", {"lr": 0.001}),
    Workload("gru", gru, _text(32, 64), "AdamW", {"lr": 0.001}),
    Workload("gpt", gpt, _text(16, 64), "AdamW", {"lr": 0.001}),
    Workload("raw_audio", raw_audio, _sound, "Adam", {"lr": 0.001}),
]
