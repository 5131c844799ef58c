"""Images, and sound seen as one."""

from typing import Any

import numpy as np

from benchmarks.workloads.description import Batch, Workload


def cnn(framework: Any) -> Any:
    """Convolutions 1-32-64 of 3x3, pool, 9216-128-10, batch 64"""
    nn = framework.nn
    return nn.Sequential(
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


def resnet(framework: Any) -> Any:
    """ResNet-8 with batch norm: 16-32-64 channels on 3x32x32, batch 32, SGD with momentum"""
    nn = framework.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self, channels: int, out: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(channels, out, 3, stride, 1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(),
                nn.Conv2d(out, out, 3, 1, 1, bias=False),
                nn.BatchNorm2d(out),
            )
            shortcut = [nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
            self.shortcut = nn.Sequential(*(shortcut if stride > 1 else []))

        def forward(self, x: Any) -> Any:
            return framework.relu(self.body(x) + self.shortcut(x))

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def mobilenet(framework: Any) -> Any:
    """Three inverted residuals (expand by 4, depthwise 3x3) of 16-32 channels on 3x32x32, batch 32, AdamW"""
    nn = framework.nn

    def block(channels: int, out: int, stride: int) -> list[Any]:
        inner = 4 * channels
        return [
            nn.Conv2d(channels, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(),
            nn.Conv2d(inner, out, 1, bias=False),
            nn.BatchNorm2d(out),
        ]

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        *block(16, 16, 1),
        *block(16, 32, 2),
        *block(32, 32, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def spoken_digits(framework: Any) -> Any:
    """Convolutions 1-16-32-64 of 3x3 with batch norm and pools on 64x44 mel energies, batch 32, Adam"""
    nn = framework.nn
    layers: list[Any] = []
    for channels, out in ((1, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(channels, out, 3, padding=1),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def _drawn(batch: int, *shape: int) -> Any:
    def draw(generator: np.random.Generator) -> Batch:
        return generator.random((batch, *shape), np.float32), generator.integers(0, 10, batch)

    return draw


WORKLOADS = [
    Workload("cnn64", cnn, _drawn(64, 1, 28, 28), images=True),
    Workload("resnet", resnet, _drawn(32, 3, 32, 32), "SGD", {"lr": 0.01, "momentum": 0.9}, images=True),
    Workload("mobilenet", mobilenet, _drawn(32, 3, 32, 32), "AdamW", {"lr": 0.001}, images=True),
    Workload("spoken_digits", spoken_digits, _drawn(32, 1, 64, 44), "Adam", {"lr": 0.001}, images=True),
]
