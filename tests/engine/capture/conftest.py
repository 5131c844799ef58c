"""Eager steps compute small operands natively too here, as replays do: both can be compared bit by bit."""

import pytest

from engine.backends import native
from engine.device import CPU


@pytest.fixture(autouse=True)
def whole_kernels(monkeypatch):
    if native.EVERY is not None:
        monkeypatch.setattr(CPU, "kernels", native.EVERY.kernels)
