"""What the demo trains: the same two-layer network on MNIST, or on the digits that scikit-learn carries."""

from typing import Any

JsonObject = dict[str, Any]


def task(dataset: str) -> JsonObject:
    """The job that is sent for this dataset."""
    return {"mnist": MNIST, "digits": DIGITS}[dataset]


def _simplenet(side: int, hidden: int) -> JsonObject:
    """Pixels, one hidden layer, ten classes. in_features is left to be inferred."""
    return {
        "name": "simplenet",
        "input": {"shape": [1, side, side], "dtype": "float32"},
        "layers": [
            {"type": "Flatten"},
            {"name": "fc1", "type": "Linear", "in_features": side * side, "out_features": hidden},
            {"type": "ReLU"},
            {"name": "fc2", "type": "Linear", "in_features": hidden, "out_features": 10},
        ],
    }


_COMMON: JsonObject = {
    "transforms": [{"type": "ToTensor"}],
    "loss": {"type": "CrossEntropyLoss"},
    "shuffle": True,
    "seed": 0,
    "metrics": ["accuracy"],
    "evaluate": {"split": "test", "every": "epoch"},
    "device": "auto",
}

MNIST: JsonObject = {
    **_COMMON,
    "name": "demo-mnist",
    "model": _simplenet(28, 128),
    "dataset": {"name": "mnist"},
    "optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9},
    "epochs": 10,
    "batch_size": 64,
}

# 1,437 images: small batches and a high rate make up for the few steps of an epoch.
DIGITS: JsonObject = {
    **_COMMON,
    "name": "demo-digits",
    "model": _simplenet(8, 128),
    "dataset": {"name": "digits"},
    "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9},
    "epochs": 20,
    "batch_size": 32,
}
