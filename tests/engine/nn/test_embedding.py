"""Embedding and EmbeddingBag against PyTorch's."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, EngineError, IndexError_, ShapeError
from tests.engine.nn.pairs import close

WEIGHT = np.random.default_rng(5).standard_normal((7, 4)).astype(np.float32)
INDICES = np.array([[1, 6, 1], [0, 3, 2]])
BAG = np.array([1, 6, 1, 0, 3, 2, 2])


def _both(torch, call):
    """The result and the weight's gradient in both libraries."""
    found = []
    for lib in (engine, torch):
        weight = lib.tensor(WEIGHT, requires_grad=True)
        out = call(lib, weight)
        cotangent = np.random.default_rng(6).standard_normal(tuple(out.shape)).astype(np.float32)
        out.backward(lib.tensor(cotangent))
        found.append((out, weight.grad, weight))
    for what, ours, theirs in zip(("output", "gradient", "weight"), *found, strict=True):
        close(ours, theirs, 1e-5, what)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 1},
        {"padding_idx": -1},
        {"scale_grad_by_freq": True},
        {"padding_idx": 6, "scale_grad_by_freq": True},
    ],
)
@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_embedding_agrees_with_torch(torch, options, dtype):
    indices = INDICES.astype(dtype)
    _both(torch, lambda lib, w: lib.nn.functional.embedding(lib.tensor(indices), w, **options))


@pytest.mark.parametrize("norm_type", [2.0, 1.0])
def test_max_norm_scales_the_rows_that_are_picked(torch, norm_type):
    def call(lib, w):
        # the table that is scaled isn't the one whose gradient is asked for
        return lib.nn.functional.embedding(lib.tensor(INDICES), w.detach(), None, 1.0, norm_type) * w[0]

    _both(torch, call)
    layer = nn.Embedding(7, 4, max_norm=1.0)
    before = layer.weight.detach().clone()
    assert layer(engine.tensor([1, 2])).norm(dim=1).max().item() <= 1 + 1e-5
    assert engine.equal(layer.weight[3:], before[3:])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize(
    ("indices", "offsets", "last"),
    [
        (INDICES, None, False),
        (BAG, [0, 3, 3, 6], False),
        (BAG, [0, 3, 7], True),
        (BAG, [0], False),
        (BAG, [0, 7], False),
    ],
)
def test_bags_agree_with_torch(torch, mode, padding_idx, indices, offsets, last):
    def call(lib, w):
        return lib.nn.functional.embedding_bag(
            lib.tensor(indices),
            w,
            None if offsets is None else lib.tensor(offsets),
            mode=mode,
            padding_idx=padding_idx,
            include_last_offset=last,
        )

    _both(torch, call)


def test_weights_of_samples_are_factors_with_a_gradient(torch):
    factors = np.random.default_rng(7).standard_normal(7).astype(np.float32)
    grads = []
    for lib in (engine, torch):
        given = lib.tensor(factors, requires_grad=True)
        out = lib.nn.functional.embedding_bag(
            lib.tensor(BAG), lib.tensor(WEIGHT), lib.tensor([0, 4]), mode="sum", per_sample_weights=given
        )
        (out * out).sum().backward()
        grads.append((out, given.grad))
    for a, b in zip(*grads, strict=True):
        close(a, b, 1e-5, "bag")


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
def test_layers_start_and_load_as_torchs_do(torch, name):
    ours, theirs = (getattr(lib.nn, name)(400, 50, padding_idx=3) for lib in (engine, torch))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.weight.mean().item() == pytest.approx(0, abs=0.02)
    assert ours.weight.std().item() == pytest.approx(1, abs=0.02)
    assert not ours.weight[3].any()
    ours.load_state_dict(theirs.state_dict())
    args = np.array([[3, 5], [399, 0]])
    close(ours(engine.tensor(args)), theirs(torch.tensor(args)), 1e-6, name)


@pytest.mark.parametrize("layer", [nn.Embedding, nn.EmbeddingBag])
def test_a_given_table_is_shared_and_frozen(layer):
    table = engine.tensor(WEIGHT)
    frozen = layer.from_pretrained(table)
    assert not frozen.weight.requires_grad
    assert layer.from_pretrained(table, freeze=False).weight.requires_grad
    table[0] = 5.0
    assert (frozen.weight[0] == 5).all()


def test_the_gradient_of_a_row_is_added_up_in_the_order_of_its_picks():
    # large and small terms: another order would round differently
    terms = (10.0 ** np.random.default_rng(0).uniform(-4, 4, 300)).astype(np.float32)
    weight = engine.zeros(2, 1, requires_grad=True)
    nn.functional.embedding(engine.ones(300, dtype=engine.int64), weight).backward(
        engine.tensor(terms)[:, None]
    )
    expected = np.float32(0)
    for term in terms:
        expected += term
    assert weight.grad[1].item() == expected


def test_tables_refuse_what_does_not_fit():
    layer = nn.Embedding(3, 2)
    for index in (3, -1):
        with pytest.raises(IndexError_, match=rf"index {index} is out of range; with 3 rows"):
            layer(engine.tensor([0, index]))
    with pytest.raises(DTypeError, match="must be int64 or int32"):
        layer(engine.zeros(2))
    with pytest.raises(EngineError, match="no sparse tensors"):
        nn.Embedding(3, 2, sparse=True)
    with pytest.raises(IndexError_, match="padding_idx 3"):
        nn.Embedding(3, 2, padding_idx=3)
    with pytest.raises(ShapeError, match="offsets"):
        nn.EmbeddingBag(3, 2)(engine.tensor([0, 1]))
    with pytest.raises(IndexError_, match="ascend from 0"):
        nn.EmbeddingBag(3, 2)(engine.tensor([0, 1]), engine.tensor([1]))
    with pytest.raises(IndexError_, match="the last offset must be 2"):
        nn.EmbeddingBag(3, 2, include_last_offset=True)(engine.tensor([0, 1]), engine.tensor([0, 1]))
    with pytest.raises(EngineError, match="mode 'sum' only"):
        nn.EmbeddingBag(3, 2)(engine.tensor([[0, 1]]), per_sample_weights=engine.ones(1, 2))
