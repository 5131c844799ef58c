"""What is trained for measurements: one description for both frameworks, which don't differ in a letter.

Each gives a function that trains one step of a batch that stays the same.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], None]


def _images(framework: Any) -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    images = framework.tensor(generator.random((64, 1, 28, 28), np.float32))
    return images, framework.tensor(generator.integers(0, 10, 64))


def _texts(framework: Any, batch: int, length: int, characters: int) -> tuple[Any, Any]:
    text = np.random.default_rng(0).integers(0, characters, (batch, length + 1))
    return framework.tensor(text[:, :-1].copy()), framework.tensor(text[:, 1:].copy())


def _stepper(network: Any, optimizer: Any, criterion: Any, inputs: Any, targets: Any) -> Step:
    def step() -> None:
        loss = criterion(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _mlp(framework: Any) -> Any:
    nn = framework.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def mlp64(framework: Any) -> Step:
    """784-128-10, batch 64, SGD."""
    network = _mlp(framework)
    optimizer = framework.optim.SGD(network.parameters(), lr=0.01)
    return _stepper(network, optimizer, framework.nn.CrossEntropyLoss(), *_images(framework))


def mlp64_adam(framework: Any) -> Step:
    """784-128-10, batch 64, Adam."""
    network = _mlp(framework)
    optimizer = framework.optim.Adam(network.parameters(), lr=0.001)
    return _stepper(network, optimizer, framework.nn.CrossEntropyLoss(), *_images(framework))


def cnn64(framework: Any) -> Step:
    """Convolutions 1-32-64 of 3x3, pool, 9216-128-10, batch 64, SGD."""
    nn = framework.nn
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    optimizer = framework.optim.SGD(network.parameters(), lr=0.01)
    return _stepper(network, optimizer, nn.CrossEntropyLoss(), *_images(framework))


def lstm(framework: Any) -> Step:
    """Embedding 64, LSTM 128, batch 32 of 64 characters, AdamW."""
    nn = framework.nn

    class Model(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(65, 64)
            self.lstm = nn.LSTM(64, 128, batch_first=True)
            self.head = nn.Linear(128, 65)

        def forward(self, text: Any) -> Any:
            return self.head(self.lstm(self.embedding(text))[0]).flatten(0, 1)

    network = Model()
    text, target = _texts(framework, 32, 64, 65)
    optimizer = framework.optim.AdamW(network.parameters(), lr=0.001)
    return _stepper(network, optimizer, nn.CrossEntropyLoss(), text, target.flatten())


def gpt(framework: Any) -> Step:
    """Four transformer layers of width 128 with 4 heads, batch 16 of 64 characters, AdamW."""
    nn = framework.nn

    class Model(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self) -> None:
            super().__init__()
            self.characters = nn.Embedding(65, 128)
            self.places = nn.Embedding(64, 128)
            layer = nn.TransformerEncoderLayer(
                128, 4, 512, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            self.body = nn.TransformerEncoder(layer, 4, nn.LayerNorm(128), enable_nested_tensor=False)
            self.head = nn.Linear(128, 65, bias=False)
            mask = nn.Transformer.generate_square_subsequent_mask(64)
            self.register_buffer("mask", mask, persistent=False)

        def forward(self, text: Any) -> Any:
            hidden = self.characters(text) + self.places.weight
            return self.head(self.body(hidden, mask=self.mask, is_causal=True)).flatten(0, 1)

    network = Model()
    text, target = _texts(framework, 16, 64, 65)
    optimizer = framework.optim.AdamW(network.parameters(), lr=0.001)
    return _stepper(network, optimizer, nn.CrossEntropyLoss(), text, target.flatten())


# with how many steps are timed together
WORKLOADS: dict[str, tuple[Callable[[Any], Step], int]] = {
    "mlp64": (mlp64, 300),
    "mlp64_adam": (mlp64_adam, 200),
    "cnn64": (cnn64, 4),
    "lstm": (lstm, 8),
    "gpt": (gpt, 4),
}
