"""A hundred steps on NumPy's kernels, on native ones as they are chosen by size, and captured."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.backends import NUMPY, native
from engine.device import CPU
from tests.engine.capture.steps import Step, batches, trained
from tests.engine.capture.test_networks import OPTIMIZERS, Attentive, Sequence, classifier

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

STEPS, ROWS = 100, 32


def _perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3))


def _convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 16, 3),
    )


# network, optimizer, shape of an input, and how its values become what the network takes
NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, tuple[int, ...], Callable[[Any], Any]]] = {
    "perceptron": (_perceptron, "momentum", (20,), lambda x: x),
    "convolutions and batch norm": (_convolutional, "adam", (1, 12, 12), lambda x: x),
    "lstm": (Sequence, "adam", (7, 4), lambda x: x),
    "transformer": (Attentive, "adamw", (9,), lambda x: (x.abs() * 5).long().clamp(max=10)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_agree_at_every_step(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    network, optimizer, shape, prepared = NETWORKS[name]

    def make() -> tuple[Any, Step]:
        return classifier(network(), OPTIMIZERS[optimizer])

    given = [(prepared(x), y) for x, y in batches(STEPS, *shape, rows=ROWS)]
    assert native.BACKEND is not None
    monkeypatch.setattr(CPU, "kernels", native.BACKEND.kernels)
    eager, *_ = trained(make, given, False)
    captured, _, _, run = trained(make, given, True)
    monkeypatch.setattr(CPU, "kernels", NUMPY.kernels)
    expected, *_ = trained(make, given, False)
    assert run.report().replays >= STEPS - 5
    (program,) = run.report().variants
    assert program.native > 20, str(run.report())
    np.testing.assert_allclose(eager, expected, rtol=2e-4)
    np.testing.assert_allclose(captured, expected, rtol=2e-4)
    assert torch.isfinite(torch.tensor(captured)).all()
