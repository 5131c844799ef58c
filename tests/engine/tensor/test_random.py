"""Random numbers: known answers, distributions, independence, and taking up a sequence where it was left."""

import math

import numpy as np
import pytest

import engine
from engine.backends.numpy import random as kernels
from engine.errors import CheckpointError, DTypeError, ShapeError


def _key(seed, stream, counter):
    return np.array([seed, stream, counter], np.uint64).view(np.int64)


@pytest.mark.parametrize(
    ("seed", "stream", "counter", "words"),
    [
        # the known answers of Random123, philox4x64-10 (kat_vectors), as far as a counter of 64 bits reaches
        (0, 0, 0, (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)),
    ],
)
def test_words_are_those_of_philox(seed, stream, counter, words):
    assert tuple(int(w) for w in kernels.words(_key(seed, stream, counter), 4)) == words


def _philox4x64(counter, key):
    """Philox4x64-10 as its paper has it, in Python's integers."""
    mask = (1 << 64) - 1
    c0, c1, c2, c3 = counter, 0, 0, 0
    k0, k1 = key
    for _ in range(10):
        a, b = c0 * 0xD2E7470EE14C6C93, c2 * 0xCA5A826395121157
        c0, c1, c2, c3 = (b >> 64) ^ c1 ^ k0, b & mask, (a >> 64) ^ c3 ^ k1, a & mask
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & mask, (k1 + 0xBB67AE8584CAA73B) & mask
    return [c0, c1, c2, c3]


@pytest.mark.parametrize(("seed", "stream", "counter"), [(1, 2, 3), (2**64 - 1, 5, 2**63), (7, 0, 2**64 - 1)])
def test_words_are_philox_of_seed_stream_and_counter(seed, stream, counter):
    expected = _philox4x64(counter, (seed, stream))
    assert [int(w) for w in kernels.words(_key(seed, stream, counter), 4)] == expected


def test_successive_blocks_are_successive_counters():
    words = kernels.words(_key(9, 4, 10), 8)
    np.testing.assert_array_equal(words[4:], kernels.words(_key(9, 4, 11), 4))


def test_conversions_are_the_documented_ones():
    key = _key(3, 1, 7)
    w = [int(x) for x in kernels.words(key, 8)]
    h = [half for word in w for half in (word & 0xFFFFFFFF, word >> 32)]
    np.testing.assert_array_equal(
        kernels.uniform(key, (8,), engine.float64), [(x >> 11) * 2.0**-53 for x in w]
    )
    np.testing.assert_array_equal(
        kernels.uniform(key, (5,), engine.float32), np.array([(x >> 8) * 2.0**-24 for x in h[:5]], np.float32)
    )
    radius = math.sqrt(-2 * math.log((h[0] + 1) * 2.0**-32))
    expected = [
        radius * math.cos(2 * math.pi * h[1] * 2.0**-32),
        radius * math.sin(2 * math.pi * h[1] * 2.0**-32),
    ]
    np.testing.assert_allclose(kernels.normal(key, (2,), engine.float32), expected, rtol=2e-7)
    for low, high in ((0, 10), (-5, 2**40), (-(2**62), 2**62)):
        found = kernels.integers(key, low, high, (8,), engine.int64)
        assert found.tolist() == [low + (x * (high - low) >> 64) for x in w]
    assert kernels.permutation(key, 8, engine.int64).tolist() == sorted(range(8), key=lambda k: w[k])
    assert kernels.dropout(np.ones(9), key, 0.25).tolist() == [(x >= 2**30) / 0.75 for x in h[:9]]


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others():
    def draw(seed):
        engine.manual_seed(seed)
        return engine.rand(4), engine.randn(3, 3), engine.randint(0, 9, (5,)), engine.randperm(6)

    for a, b in zip(draw(1), draw(1), strict=True):
        assert engine.equal(a, b)
    assert not engine.equal(draw(1)[0], draw(2)[0])


def test_successive_draws_never_overlap():
    g = engine.Generator(seed=5)
    draws = [engine.rand(n, generator=g, dtype=engine.float64) for n in (3, 4, 5, 1)]
    values = engine.cat(draws).tolist()
    assert len(set(values)) == len(values)
    assert g.counter == 1 + 1 + 2 + 1


def test_draws_that_take_turns_give_what_each_gives_alone():
    def generators():
        return [engine.Generator(seed=3, stream=stream) for stream in (0, 1)]

    alone = [[engine.rand(7, generator=g).tolist() for _ in range(3)] for g in generators()]
    two = generators()
    in_turn = [[engine.rand(7, generator=g).tolist() for g in two] for _ in range(3)]
    assert [list(column) for column in zip(*in_turn, strict=True)] == alone


def test_streams_of_one_seed_are_independent():
    a, b = (engine.rand(10_000, generator=engine.Generator(seed=3, stream=s)) for s in (0, 1))
    assert abs(np.corrcoef(a.numpy(), b.numpy())[0, 1]) < 0.04


def test_a_saved_state_continues_the_sequence():
    g = engine.Generator().manual_seed(11)
    engine.rand(7, generator=g)
    state = g.get_state()
    expected = engine.randn(5, generator=g)
    again = engine.Generator()
    again.set_state(state)
    assert engine.equal(engine.randn(5, generator=again), expected)
    assert (again.initial_seed(), repr(again)) == (11, "Generator(seed=11, stream=0, counter=2)")


def test_the_global_state_can_be_saved_too():
    engine.manual_seed(2**64 - 1)
    engine.rand(3)
    state = engine.get_rng_state()
    expected = engine.rand(3)
    engine.manual_seed(0)
    engine.set_rng_state(state)
    assert engine.equal(engine.rand(3), expected)
    with pytest.raises(CheckpointError, match="3 numbers"):
        engine.set_rng_state(engine.zeros(5))


def test_distributions_have_their_moments():
    g = engine.Generator(seed=1)
    n = 200_000
    uniform = engine.rand(n, generator=g)
    assert 0 <= uniform.min().item() <= uniform.max().item() < 1
    assert uniform.mean().item() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / n))
    normal = engine.randn(n, generator=g)
    assert normal.mean().item() == pytest.approx(0, abs=4 / math.sqrt(n))
    assert normal.var().item() == pytest.approx(1, abs=4 * math.sqrt(2 / n))
    assert (normal.double() ** 4).mean().item() == pytest.approx(3, abs=4 * math.sqrt(96 / n))
    counts = np.bincount(engine.randint(0, 7, (n,), generator=g).numpy(), minlength=7)
    assert ((counts - n / 7) ** 2 / (n / 7)).sum() < 22.5  # chi-squared with 6 degrees, p = 0.001
    coins = engine.bernoulli(engine.full((n,), 0.3), generator=g)
    assert coins.mean().item() == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / n))


def test_permutations_visit_everything_once():
    order = engine.randperm(1000)
    assert sorted(order.tolist()) == list(range(1000))
    assert order.tolist() != list(range(1000))


def test_dropout_drops_its_share_and_its_gradient_the_same_places():
    x = engine.ones(10_000, requires_grad=True)
    y = engine.nn.functional.dropout(x, 0.3)
    dropped = (y == 0).float().mean().item()
    assert dropped == pytest.approx(0.3, abs=0.02)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    assert engine.nn.functional.dropout(x, 0.3, training=False) is x
    with pytest.raises(ShapeError, match="probability"):
        engine.dropout(x, 1.5)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(DTypeError, match="floating-point"):
        engine.rand(2, dtype=engine.int64)
    with pytest.raises(ShapeError, match="no whole number in"):
        engine.randint(3, 3, (2,))
