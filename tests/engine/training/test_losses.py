"""Training with losses that compare sequences, pairs and triples."""

import numpy as np
import pytest

import engine
from engine.errors import ShapeError
from engine.training import Trainer

STEPS, CLASSES, LONGEST = 12, 5, 4
JOB = {
    "optimizer": {"type": "Adam", "lr": 0.02},
    "epochs": 8,
    "batch_size": 16,
    "evaluate": {"split": "test"},
}


def trained(loss, model, train, test):
    """The trainer, and the losses of the test split before and after."""
    job = {**JOB, "loss": loss}
    trainer = Trainer.from_job(job, model, {"train": train, "test": test})
    first = Trainer.from_job(
        {**job, "optimizer": {"type": "SGD", "lr": 0}, "epochs": 1}, model, {"train": train, "test": test}
    )
    return trainer, first.fit().metrics["test_loss"], trainer.fit().metrics["test_loss"]


def lines(count, seed):
    """Signals [N, T, C] in which classes light up one after the other, and those classes, then blanks."""
    random = np.random.default_rng(seed)
    targets = np.zeros((count, LONGEST), np.int64)
    signals = random.normal(0, 0.1, (count, STEPS, CLASSES)).astype(np.float32)
    for signal, target in zip(signals, targets, strict=True):
        length = random.integers(1, LONGEST + 1)
        target[:length] = random.integers(1, CLASSES, length)
        for place, label in enumerate(target[:length]):
            signal[3 * place : 3 * place + 2, label] += 1
    return signals, targets


READER = {
    "input": {"shape": [STEPS, CLASSES]},
    "layers": [
        {"type": "GRU", "hidden_size": 24, "batch_first": True},
        {"type": "Linear", "out_features": CLASSES},
        {"type": "LogSoftmax", "dim": -1},
    ],
}


def decoded(path):
    """The labels along the best path, [T] of classes, without repetitions and blanks."""
    return [int(k) for k, before in zip(path, [0, *path[:-1]], strict=True) if k and k != before]


def test_sequences_without_alignment_are_learned():
    test = lines(32, 1)
    trainer, before, after = trained({"type": "CTCLoss"}, READER, lines(160, 0), test)
    assert after < before / 2
    with engine.no_grad():
        paths = trainer.model.eval()(engine.from_numpy(test[0])).argmax(-1).numpy()
    read = [decoded(path) == [k for k in target if k] for path, target in zip(paths, test[1], strict=True)]
    assert np.mean(read) > 0.8


@pytest.mark.parametrize(("blank", "padding"), [(0, 0), (0, -1), (4, 4), (4, -100)])
def test_the_lengths_of_targets_follow_from_their_padding(blank, padding):
    signals, targets = lines(16, 0)
    labels = targets if blank == 0 else targets - 1
    padded = np.where(targets == 0, padding, labels)
    loss = {"type": "CTCLoss", "blank": blank}
    splits = {"train": (signals, padded)}
    trainer = Trainer.from_job({**JOB, "loss": loss, "evaluate": None, "epochs": 1}, READER, splits)
    with engine.no_grad():
        output = trainer.model(engine.from_numpy(signals))
        found = trainer.parts.loss(output, engine.from_numpy(padded))
    expected = engine.nn.functional.ctc_loss(
        output.transpose(0, 1),
        engine.from_numpy(np.maximum(labels, 0)),
        engine.tensor([STEPS] * 16),
        engine.from_numpy((targets > 0).sum(1)),
        blank,
    )
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_target_that_is_too_long_for_its_input_is_told():
    signals = np.zeros((2, 3, CLASSES), np.float32)
    model = {**READER, "input": {"shape": [3, CLASSES]}}
    fitting, long = np.array([[1, 2, 3], [1, 1, 0]]), np.array([[1, 2, 3], [1, 1, 2]])
    for targets, loss in ((fitting, {}), (long, {"zero_infinity": True})):
        job = {**JOB, "loss": {"type": "CTCLoss", **loss}, "evaluate": None, "batch_size": 2}
        assert Trainer.from_job(job, model, {"train": (signals, targets)}).fit().status == "finished"
    job = {**job, "loss": {"type": "CTCLoss"}}
    with pytest.raises(
        ShapeError, match=r"a target of 3 classes takes 4 steps .* the input has 3; .* zero_inf"
    ):
        Trainer.from_job(job, model, {"train": (signals, long)}).fit()


def tuples(count, members, seed):
    """Noisy points [N, members, 4] of one of two kinds: all of one (1), or the last of the other (-1)."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 2, (count, 1)).repeat(members, 1)
    alike = random.integers(0, 2, count) if members == 2 else np.zeros(count, int)
    kinds[:, -1] ^= 1 - alike
    points = random.normal(0, 0.3, (count, members, 4)) + (2.0 * kinds - 1)[..., None] * [1, 0, 0, 0]
    return points.astype(np.float32), 2 * alike - 1


def siamese(members, *outputs):
    """One encoder for all members of a sample [members, 4]."""
    return {
        "input": {"shape": [members, 4]},
        "nodes": [
            {"name": "encoder", "type": "Linear", "inputs": ["input"], "out_features": 3},
            {"name": "each", "type": "unbind", "inputs": ["encoder"], "dim": 1},
        ],
        "output": list(outputs),
    }


TRIPLE = siamese(3, "each.0", "each.1", "each.2")
DISTANCE = {"type": "pairwise_distance", "p": 1}


@pytest.mark.parametrize(
    ("loss", "members"),
    [
        ({"type": "CosineEmbeddingLoss", "margin": 0.5}, 2),
        ({"type": "TripletMarginLoss"}, 3),
        ({"type": "TripletMarginWithDistanceLoss", "distance_function": DISTANCE}, 3),
    ],
)
def test_an_encoder_learns_from_pairs_and_triples(loss, members):
    model = siamese(members, *(f"each.{k}" for k in range(members)))
    _, before, after = trained(loss, model, tuples(128, members, 0), tuples(64, members, 1))
    assert after < 0.5 * before


def test_targets_are_not_used_where_the_model_gives_all_that_is_compared():
    points, targets = tuples(64, 3, 0)
    test = tuples(32, 3, 1)
    loss = {"type": "TripletMarginLoss"}
    first = trained(loss, TRIPLE, (points, targets), test)[2]
    assert trained(loss, TRIPLE, (points, np.zeros_like(targets)), test)[2] == first


def test_scores_are_ranked():
    random = np.random.default_rng(0)
    pairs = random.normal(size=(192, 2, 4)).astype(np.float32)
    order = np.sign(pairs[:, 0, 0] - pairs[:, 1, 0]).astype(np.float32)[:, None]
    model = siamese(2, "each.0", "each.1")
    model["nodes"][0]["out_features"] = 1
    splits = (pairs[:128], order[:128]), (pairs[128:], order[128:])
    _, before, after = trained({"type": "MarginRankingLoss", "margin": 0.1}, model, *splits)
    assert after < 0.5 * before


def test_a_mean_and_its_variance_are_learned():
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 1)).astype(np.float32)
    y = (2 * x + np.where(x > 0, 1.0, 0.1) * random.normal(size=x.shape)).astype(np.float32)
    model = {
        "input": {"shape": [1]},
        "nodes": [
            {"name": "mean", "type": "Linear", "inputs": ["input"], "out_features": 1},
            {"name": "width", "type": "Linear", "inputs": ["input"], "out_features": 1},
            {"name": "variance", "type": "exp", "inputs": ["width"]},
        ],
        "output": ["mean", "variance"],
    }
    trainer, before, after = trained(
        {"type": "GaussianNLLLoss"}, model, (x[:192], y[:192]), (x[192:], y[192:])
    )
    assert after < before
    _, (low, high) = trainer.model(engine.tensor([[-1.0], [1.0]]))
    assert high.item() > 2 * low.item()


AUTOENCODER = [
    {"name": "code", "type": "Linear", "inputs": ["input"], "out_features": 1},
    {"name": "decoded", "type": "Linear", "inputs": ["code"], "out_features": 4},
]
DIFFERENCE = {"name": "loss", "type": "MSELoss", "inputs": ["decoded", "input"], "reduction": "none"}


def test_a_model_may_give_its_own_loss_or_all_that_a_loss_compares():
    points = tuples(64, 2, 0)[0][:, 0]
    train, test = (points[:48], np.zeros(48, np.int64)), (points[48:], np.zeros(16, np.int64))
    both = {"input": {"shape": [4]}, "nodes": AUTOENCODER, "output": ["decoded", "input"]}
    alone = {"input": {"shape": [4]}, "nodes": [*AUTOENCODER, DIFFERENCE]}
    _, before, after = trained({"type": "MSELoss"}, both, train, test)
    assert after < 0.7 * before
    assert trained({"type": "mean"}, alone, train, test)[1:] == (
        pytest.approx(before, rel=1e-6),
        pytest.approx(after, rel=1e-5),
    )
