"""Losses that PyTorch's own tables don't judge: focal loss, and what is refused."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, EngineError, ShapeError
from engine.nn import functional

RNG = np.random.default_rng(8)
LOGITS, TRUTHS = RNG.standard_normal((6, 4)) * 3, RNG.integers(0, 2, (6, 4)).astype(float)
CLASSES, IMAGES = RNG.integers(0, 4, 6), RNG.standard_normal((2, 4, 3, 5))
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1])


def _judged(torch, ours, theirs, *arrays):
    """Values and the gradient of the first operand."""
    found = []
    for lib, call in ((engine, ours), (torch, theirs)):
        operands = [lib.tensor(a) for a in arrays]
        operands[0].requires_grad_()
        out = call(lib, *operands)
        (out * out).sum().backward()
        found.append((out.detach().numpy(), operands[0].grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def _binary_focal(alpha, gamma, reduction):
    """Lin et al. 2017, equation 5, literally."""

    def loss(torch, x, y):
        p_of_truth = torch.where(y == 1, torch.sigmoid(x), torch.sigmoid(-x))
        weights = y * alpha + (1 - y) * (1 - alpha) if alpha >= 0 else 1.0
        losses = -weights * (1 - p_of_truth) ** gamma * torch.log(p_of_truth)
        return losses if reduction == "none" else getattr(losses, reduction)()

    return loss


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2.0), (0.9, 0.5), (-1, 3.0), (0.5, 0.0)])
def test_sigmoid_focal_loss_is_the_papers(torch, alpha, gamma, reduction):
    _judged(
        torch,
        lambda lib, x, y: functional.sigmoid_focal_loss(x, y, alpha, gamma, reduction),
        _binary_focal(alpha, gamma, reduction),
        LOGITS,
        TRUTHS,
    )
    _judged(
        torch,
        lambda lib, x, y: nn.FocalLoss(gamma, alpha, reduction=reduction)(x, y),
        _binary_focal(alpha, gamma, reduction),
        LOGITS,
        TRUTHS,
    )


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", ["rows", "images"])
def test_focal_loss_of_classes_weighs_the_cross_entropy(torch, shape, weighted, reduction):
    x = LOGITS if shape == "rows" else IMAGES
    y = CLASSES if shape == "rows" else RNG.integers(0, 4, (2, 3, 5))

    def theirs(lib, x, y):
        losses = lib.nn.functional.cross_entropy(x, y, reduction="none")
        losses = (1 - lib.exp(-losses)) ** 1.5 * losses
        if weighted:
            losses = losses * lib.tensor(WEIGHT)[y]
        return losses if reduction == "none" else getattr(losses, reduction)()

    def ours(lib, x, y):
        weight = engine.tensor(WEIGHT) if weighted else None
        return nn.FocalLoss(1.5, weight=weight, reduction=reduction)(x, y)

    _judged(torch, ours, theirs, x, y)


def test_without_focus_it_is_the_cross_entropy():
    x, y = engine.tensor(LOGITS), engine.tensor(CLASSES)
    assert nn.FocalLoss(0.0)(x, y).item() == pytest.approx(nn.CrossEntropyLoss()(x, y).item(), rel=1e-12)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_elements_can_be_weighed(torch, name, reduction):
    weight = RNG.uniform(0, 2, LOGITS.shape)

    def call(lib, x, y):
        function = getattr(lib.nn.functional, name)
        return function(x, y, reduction=reduction, weight=lib.tensor(weight))

    _judged(torch, call, call, LOGITS, TRUTHS)


def test_certain_probabilities_have_torchs_gradients(torch):
    """A sigmoid in float32 reaches 1, and a gradient of NaN would end the training."""

    def of(library):
        p = library.tensor([0.0, 1.0, 0.0, 1.0, 0.5], requires_grad=True)
        library.nn.BCELoss()(p, library.tensor([0.0, 1.0, 1.0, 0.0, 1.0])).backward()
        return p.grad.numpy()

    np.testing.assert_allclose(of(engine), of(torch), rtol=1e-6)


NN: Any = nn  # for what mypy wouldn't let pass
ROWS, COLUMN, LABELS = engine.zeros(4, 3), engine.zeros(4, 1), engine.zeros(4, dtype=engine.int64)


@pytest.mark.parametrize(
    "name", ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss"]
)
def test_shapes_that_pytorch_broadcasts_with_a_warning_are_refused(name):
    with pytest.raises(ShapeError, match=r"\(4, 3\) and target \(4, 1\) must have the same shape"):
        getattr(nn, name)()(ROWS, COLUMN)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.CrossEntropyLoss(engine.ones(2))(ROWS, LABELS), ShapeError, "one element for each of 3"),
        (lambda: nn.NLLLoss(engine.ones(3).double())(ROWS, LABELS), DTypeError, "the weight is .*float64"),
        (lambda: nn.CrossEntropyLoss(ignore_index=1)(ROWS, ROWS), EngineError, "no class 1 to ignore"),
        (lambda: NN.CrossEntropyLoss(label_smoothing=2)(ROWS, LABELS), EngineError, "label_smoothing"),
        (lambda: nn.BCELoss()(ROWS - 1, ROWS), EngineError, "input has elements outside"),
        (lambda: nn.BCELoss()(ROWS, ROWS + 1.5), EngineError, "target has elements outside"),
        (lambda: nn.HuberLoss(delta=0), EngineError, "delta must be a number above 0"),
        (lambda: nn.SmoothL1Loss(beta=-1)(ROWS, ROWS), EngineError, "beta must be at least 0"),
        (lambda: NN.MultiMarginLoss(p=3)(ROWS, LABELS), EngineError, "p must be 1 or 2, not 3"),
        (lambda: nn.MultiMarginLoss()(ROWS, ROWS), DTypeError, "class targets must be int64"),
        (
            lambda: nn.MultiMarginLoss()(ROWS, LABELS[:2]),
            ShapeError,
            "one target class is needed for each row",
        ),
        (lambda: nn.MultiLabelMarginLoss()(ROWS, LABELS), ShapeError, "fill the target up with -1"),
        (lambda: nn.TripletMarginLoss(margin=0)(ROWS, ROWS, ROWS), EngineError, "margin must be above 0"),
        (lambda: nn.TripletMarginLoss()(ROWS, ROWS, ROWS[0]), ShapeError, "same number of axes"),
        (lambda: nn.CosineEmbeddingLoss()(ROWS, ROWS, ROWS), ShapeError, r"target \[N\]"),
        (lambda: nn.GaussianNLLLoss()(ROWS, ROWS, -ROWS - 1), EngineError, "elements below 0"),
        (lambda: nn.GaussianNLLLoss()(ROWS, ROWS, engine.ones(2)), ShapeError, "lack its last axis"),
        (lambda: nn.FocalLoss(alpha=2)(ROWS, ROWS), EngineError, "alpha must be in"),
    ],
)
def test_what_fits_nothing_is_told(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_gradient_is_the_same_where_the_scores_lie_column_by_column():
    found = []
    for scores in (engine.tensor(LOGITS), engine.tensor(LOGITS.T.copy()).T):
        scores = scores.detach().requires_grad_()
        functional.cross_entropy(scores, engine.tensor(CLASSES)).backward()
        found.append(scores.grad.numpy())
    np.testing.assert_array_equal(*found)
