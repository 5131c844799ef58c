"""The metered device against real work and real memory."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.backends import NUMPY
from engine.device import CPU, Device
from engine.errors import DeviceError
from engine.spec import DatasetSchema, check_job, check_model
from engine.spec.meter import MeteredDevice, Tally
from engine.tensor import creation
from engine.training import Trainer, steps
from tests.engine.training.written import AsWritten


@pytest.fixture
def tally():
    return Tally()


@pytest.fixture
def device(tally):
    return MeteredDevice(tally)


def test_what_is_let_go_no_longer_counts(tally, device):
    x = creation.zeros(1000, device=device)
    assert tally.live_bytes == 4000
    y = x + x
    assert tally.live_bytes == 8000
    del x, y
    assert (tally.live_bytes, tally.peak_bytes) == (0, 8000)


def test_a_view_has_no_memory_of_its_own_and_keeps_its_base(tally, device):
    view = creation.zeros(10, 10, device=device).flatten()
    assert tally.live_bytes == 400
    del view
    assert tally.live_bytes == 0


def test_products_count_two_flops_for_each_multiply_accumulate(tally, device):
    a, b = creation.zeros(5, 3, 7, device=device), creation.zeros(7, 2, device=device)
    assert engine.matmul(a, b).shape == (5, 3, 2)
    assert tally.flops == 2 * 5 * 3 * 7 * 2
    (a + 1).relu().sum()
    assert tally.flops == 2 * 5 * 3 * 7 * 2


def test_a_convolution_counts_its_filters_at_each_place_and_so_do_both_gradients(tally, device):
    x, weight = (creation.zeros(*shape, device=device) for shape in [(5, 4, 9, 8), (6, 2, 3, 3)])
    x.requires_grad_()
    weight.requires_grad_()
    out = nn.functional.conv2d(x, weight, stride=2, groups=2)
    assert out.shape == (5, 6, 4, 3)
    once = 2 * (5 * 6 * 4 * 3) * (2 * 3 * 3)
    assert tally.flops == once
    out.sum().backward()
    assert tally.flops == 3 * once
    tally.flops = 0
    assert nn.functional.conv_transpose2d(out, weight, stride=2, groups=2).shape == (5, 4, 9, 7)
    assert tally.flops == once


def test_recurrent_layers_count_both_of_their_products(tally, device):
    steps, batch, size, hidden, projected = 5, 3, 4, 6, 2
    rows = steps * batch
    net = engine.nn.LSTM(size, hidden, proj_size=projected, device=device)
    out, _ = net(creation.zeros(steps, batch, size, device=device))
    weights = 4 * hidden * (size + projected) + projected * hidden
    assert tally.flops == 2 * rows * weights
    before = tally.flops
    out.sum().backward()
    # of the input there is no gradient
    assert tally.flops - before == 2 * rows * (
        4 * hidden * size + 2 * 4 * hidden * projected + 2 * projected * hidden
    )


def test_attention_counts_scores_and_sums(tally, device):
    q, k, v = (creation.zeros(2, n, width, device=device) for n, width in ((5, 4), (7, 4), (7, 3)))
    out = engine.nn.functional.scaled_dot_product_attention(q.requires_grad_(), k, v)
    assert tally.flops == 2 * 2 * 5 * 7 * (4 + 3)
    before = tally.flops
    out.sum().backward()
    # the scores again, three gradients, and that of the weights
    assert tally.flops - before == 2 * 2 * 5 * 7 * (3 * 4 + 2 * 3)


def test_two_measurements_share_nothing(tally, device):
    other = MeteredDevice(Tally())
    assert device != other
    assert device != Device("meta")
    with pytest.raises(DeviceError):
        creation.zeros(2, device=device) + creation.zeros(2, device=other)


@pytest.fixture
def numpy_kernels(monkeypatch):
    """The estimate is of NumPy's kernels, in a step as it is written: a native core takes less, and the runs
    that are recorded take more, as they keep all that they compute until their end."""
    monkeypatch.setattr(CPU, "kernels", NUMPY.kernels)
    monkeypatch.setattr(steps, "capture", AsWritten)


@pytest.mark.parametrize(
    ("hidden", "batch", "optimizer"),
    [(128, 2048, "Adam"), (512, 64, "Adam"), (512, 64, "SGD"), (256, 2048, "SGD")],
)
@pytest.mark.usefixtures("numpy_kernels")
def test_the_peak_of_a_step_is_near_what_numpy_really_takes(hidden, batch, optimizer):
    wide = {"type": "Linear", "out_features": hidden}
    layers = [{"type": "Flatten"}, wide, {"type": "ReLU"}, {"type": "Dropout"}, wide, {"type": "Tanh"}]
    estimate, real = _peaks(layers, batch, optimizer)
    assert 0.7 * real < estimate < 1.3 * real


FILTERS = {"type": "Conv2d", "out_channels": 16, "kernel_size": 3, "padding": "same"}
ROWS = {"type": "squeeze", "dim": 1}
LAST = {"type": "select", "dim": 1, "index": -1}
WORD = {"type": "TransformerEncoderLayer", "nhead": 4, "dim_feedforward": 128, "batch_first": True}
LAYERS: dict[str, list[dict[str, Any]]] = {
    "convolutions": [FILTERS, {"type": "ReLU"}, {"type": "MaxPool2d", "kernel_size": 2}] * 2,
    "batch norm": [FILTERS, {"type": "BatchNorm2d"}, {"type": "ReLU"}, {"type": "Dropout2d"}],
    "lstm": [ROWS, {"type": "LSTM", "hidden_size": 64, "num_layers": 2, "batch_first": True}, LAST],
    "gru": [ROWS, {"type": "GRU", "hidden_size": 64, "batch_first": True}, LAST],
    "attention": [ROWS, {"type": "Linear", "out_features": 64}, WORD, WORD],
    "layer norm": [{"type": "Linear", "out_features": 64}, {"type": "GELU"}, {"type": "LayerNorm"}],
}


@pytest.mark.usefixtures("numpy_kernels")
@pytest.mark.parametrize("what", LAYERS)
def test_the_peak_of_a_step_is_near_what_its_kernels_really_take(what):
    estimate, real = _peaks([*LAYERS[what], {"type": "Flatten"}], 64, "Adam")
    assert 0.7 * real < estimate < 1.3 * real


@pytest.mark.usefixtures("numpy_kernels")
def test_the_peak_of_a_step_on_sequences_is_near_what_it_really_takes():
    estimate, real = _peaks([ROWS], 256, "Adam", "CTCLoss", (12,))
    assert 0.7 * real < estimate < 1.3 * real


def _peaks(layers, batch, optimizer, loss="CrossEntropyLoss", target=()):
    """The most bytes that a step of training holds: estimated, and measured."""
    definition = {
        "input": {"shape": [1, 28, 28]},
        "layers": [*layers, {"type": "Linear", "out_features": 10}],
    }
    job = {
        "loss": {"type": loss},
        "optimizer": {"type": optimizer},
        "epochs": 2,
        "batch_size": batch,
    }
    x, y = np.zeros((batch, 1, 28, 28), np.float32), np.zeros((batch, *target), np.int64)
    dataset = DatasetSchema((1, 28, 28), "float32", target, "int64", 10, {"train": batch})
    estimate = check_job(job, check_model(definition), dataset).peak_memory_bytes
    Trainer.from_job(job, definition, {"train": (x, y)}).fit()  # what is made once per process, is made
    tracemalloc.start()
    try:
        trainer = Trainer.from_job(job, definition, {"train": (x.copy(), y.copy())})
        tracemalloc.reset_peak()
        trainer.fit()
        _, real = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return estimate, real


def test_what_was_computed_before_does_not_show_in_a_measurement():
    def peak_bytes():
        tally = Tally()
        x = engine.ones(3, device=MeteredDevice(tally))
        for number in range(2, 12):
            x = x * number
        return tally.peak_bytes

    first = peak_bytes()
    for number in range(1100):  # more constants than the engine keeps
        engine.tensor(1.0) * (number + 0.5)
        assert peak_bytes() == first
