"""CTC against PyTorch, and against all alignments written out."""

from itertools import groupby, product

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, IndexError_, NotDifferentiable, ShapeError
from engine.nn.functional import ctc_loss

RNG = np.random.default_rng(4)
STEPS, SAMPLES, CLASSES, LONGEST = 12, 4, 5, 4
TARGETS = RNG.integers(1, CLASSES, (SAMPLES, LONGEST))
ONES = np.ones_like(TARGETS)
# targets, lengths of inputs and targets, blank
BATCHES = {
    "varied": (TARGETS, [12, 10, 7, 3], [3, 2, 0, 1], 0),
    "last class is blank": (TARGETS - 1, [12, 10, 7, 4], [4, 2, 0, 1], 4),
    "repeated classes": (ONES, [12, 7, 7, 3], [4, 4, 0, 2], 0),
    "too long for their inputs": (ONES, [12, 6, 2, 2], [4, 4, 0, 2], 0),
    "no steps": (TARGETS, [12, 0, 0, 3], [3, 2, 0, 1], 0),
}


def _judged(lib, batch, form, dtype, **options):
    """Losses, the gradient of the scores before log_softmax, and of the log-probabilities."""
    targets, inputs, sizes, blank = BATCHES[batch]
    if form == "concatenated":
        targets = np.concatenate([row[:n] for row, n in zip(targets, sizes, strict=True)])
    if form == "padded":
        inputs, sizes = lib.tensor(inputs), lib.tensor(sizes)
    scores = np.random.default_rng(1).standard_normal((STEPS, SAMPLES, CLASSES)).astype(dtype)
    x = lib.tensor(scores, requires_grad=True)
    log_probs = x.log_softmax(2)
    log_probs.retain_grad()
    loss = lib.nn.CTCLoss(blank=blank, **options)(log_probs, lib.tensor(targets), inputs, sizes)
    (loss * loss).sum().backward()
    return loss.detach().numpy(), x.grad.numpy(), log_probs.grad.numpy()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("form", ["padded", "concatenated"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_losses_and_gradients_are_those_of_torch(torch, batch, form, zero_infinity):
    for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-5)):
        for reduction in ("none", "mean", "sum"):
            options = {"reduction": reduction, "zero_infinity": zero_infinity}
            ours, theirs = (_judged(lib, batch, form, dtype, **options) for lib in (engine, torch))
            for a, b in zip(ours, theirs, strict=True):
                scale = np.abs(b[np.isfinite(b)]).max(initial=1.0)
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("target", [[], [1], [1, 1], [2, 1, 2]])
def test_the_loss_sums_all_alignments(target):
    log_probs = engine.tensor(RNG.standard_normal((5, 1, 3))).log_softmax(2)
    rows = log_probs[:, 0].numpy()
    found = 0.0
    for path in product(range(3), repeat=5):
        if [c for c, _ in groupby(path) if c != 0] == target:
            found += np.exp(sum(rows[t, c] for t, c in enumerate(path)))
    targets = engine.tensor(target, dtype=engine.int64)
    loss = ctc_loss(log_probs, targets, [5], [len(target)], reduction="sum")
    assert loss.item() == pytest.approx(-np.log(found))


def test_one_sample_needs_no_batch_axis(torch):
    scores, target = RNG.standard_normal((6, 4)), np.array([1, 3])
    found = []
    for lib in (engine, torch):
        log_probs = lib.tensor(scores).log_softmax(1)
        lengths = lib.tensor(6), lib.tensor(2)
        found.append(lib.nn.functional.ctc_loss(log_probs, lib.tensor(target), *lengths, reduction="none"))
    assert found[0].shape == found[1].shape == ()
    assert found[0].item() == pytest.approx(found[1].item(), rel=1e-12)


def test_the_gradient_has_no_gradient_as_in_torch():
    log_probs = engine.tensor(RNG.standard_normal((6, 1, 4)), requires_grad=True)
    loss = ctc_loss(log_probs.log_softmax(2), engine.tensor([[1, 2]]), [6], [2])
    with pytest.raises(NotDifferentiable, match="ctc_grad"):
        engine.autograd.grad(loss, log_probs, create_graph=True)


def test_what_does_not_fit_is_told():
    log_probs = engine.zeros(6, 2, 4)
    targets = engine.ones(2, 3, dtype=engine.int64)
    loss = nn.CTCLoss()
    for call, error, words in (
        (lambda: loss(log_probs, targets, [6, 7], [3, 3]), ShapeError, "input_lengths has 7; .* at most 6"),
        (lambda: loss(log_probs, targets, [6, 6], [3, 4]), ShapeError, "target_lengths has 4; .* at most 3"),
        (lambda: loss(log_probs, targets, [6], [3, 3]), ShapeError, "one length for each of 2"),
        (lambda: loss(log_probs, targets[0], [6, 6], [3, 3]), ShapeError, "sum up to 6, and there are 3"),
        (lambda: loss(log_probs, targets * 4, [6, 6], [3, 3]), IndexError_, "hold class 4; with 4 classes"),
        (lambda: loss(log_probs, targets * 1.0, [6, 6], [3, 3]), DTypeError, "targets must be integers"),
        (lambda: nn.CTCLoss(blank=4)(log_probs, targets, [6, 6], [3, 3]), IndexError_, "blank is 4"),
    ):
        with pytest.raises(error, match=words):
            call()
