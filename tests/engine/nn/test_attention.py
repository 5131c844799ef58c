"""MultiheadAttention beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, ShapeError

N, H, L, S, E = 3, 2, 4, 5, 6
RNG = np.random.default_rng(0)
KINDS: dict[str, dict[str, Any]] = {
    "packed": {},
    "other widths": {"kdim": 5, "vdim": 3},
    "no biases": {"bias": False},
    "more keys": {"add_bias_kv": True, "add_zero_attn": True},
    "batch first": {"batch_first": True},
    "batch first with more keys": {"batch_first": True, "add_bias_kv": True},
}
MASKS: dict[str, dict[str, Any]] = {
    "none": {},
    "padding": {"key_padding_mask": np.arange(S) >= np.array([[3], [5], [2]])},
    "shared": {"attn_mask": RNG.standard_normal((L, S))},
    "for each head": {"attn_mask": RNG.random((N * H, L, S)) < 0.3},
    "both": {
        "attn_mask": np.triu(np.ones((L, S), np.bool_), 2),
        "key_padding_mask": np.arange(S) >= np.array([[3], [5], [2]]),
    },
    "both as numbers": {
        "attn_mask": RNG.standard_normal((L, S)),
        "key_padding_mask": RNG.standard_normal((N, S)),
    },
}
MASKS["for each head"]["attn_mask"][..., 0] = False


def pair(torch, **options):
    ours = nn.MultiheadAttention(E, H, **options).double()
    theirs = torch.nn.MultiheadAttention(E, H, **options).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.from_numpy(RNG.standard_normal(tuple(parameter.shape))))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def operands(torch, net, batched=True):
    arrays = [RNG.standard_normal((n, N, width)) for n, width in ((L, E), (S, net.kdim), (S, net.vdim))]
    if not batched:
        arrays = [a[:, 0] for a in arrays]
    elif net.batch_first:
        arrays = [a.swapaxes(0, 1) for a in arrays]
    ours = [engine.from_numpy(a.copy()).requires_grad_() for a in arrays]
    return ours, [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]


def assert_same(torch, nets, operands, masks, **options):
    (ours, theirs), (x, y) = nets, operands
    a, w = ours(*x, **{k: engine.from_numpy(m.copy()) for k, m in masks.items()}, **options)
    b, u = theirs(*y, **{k: torch.from_numpy(m.copy()) for k, m in masks.items()}, **options)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-11)
    assert (w is None) == (u is None)
    total, other = (a**2).sum(), (b**2).sum()
    if w is not None:
        np.testing.assert_allclose(w.detach().numpy(), u.detach().numpy(), rtol=1e-9, atol=1e-12)
        total, other = total + (w**2).sum(), other + (u**2).sum()
    total.backward()
    other.backward()
    for mine, yours in zip([*x, *ours.parameters()], [*y, *theirs.parameters()], strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), yours.grad.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("options", [{}, {"need_weights": False}, {"average_attn_weights": False}])
def test_batches_agree_with_torch(torch, kind, masks, options):
    nets = pair(torch, **KINDS[kind])
    assert_same(torch, nets, operands(torch, nets[0]), MASKS[masks], **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("need_weights", [True, False])
def test_a_single_sequence_agrees_with_torch(torch, kind, need_weights):
    nets = pair(torch, **KINDS[kind])
    masks = {"attn_mask": RNG.standard_normal((H, L, S)), "key_padding_mask": RNG.standard_normal(S)}
    assert_same(torch, nets, operands(torch, nets[0], batched=False), masks, need_weights=need_weights)


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_a_promise_of_causality_agrees_with_torch(torch, need_weights, padded):
    nets = pair(torch)
    masks = {"attn_mask": np.triu(np.ones((L, S), np.bool_), 1)}
    if padded:
        masks |= {"key_padding_mask": np.arange(S) >= np.array([[3], [5], [2]])}
    assert_same(torch, nets, operands(torch, nets[0]), masks, need_weights=need_weights, is_causal=True)


def test_in_eval_mode_torchs_shortcut_gives_the_same(torch):
    ours, theirs = pair(torch, batch_first=True)
    ours.eval()
    theirs.eval()
    x = RNG.standard_normal((N, S, E))
    padding = MASKS["padding"]["key_padding_mask"]
    with torch.no_grad(), engine.no_grad():
        a, w = ours(*[engine.from_numpy(x)] * 3, key_padding_mask=engine.from_numpy(padding))
        b, u = theirs(*[torch.from_numpy(x)] * 3, key_padding_mask=torch.from_numpy(padding))
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(w.numpy(), u.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("need_weights", [True, False])
def test_weights_are_dropped_in_training_only(need_weights):
    net = nn.MultiheadAttention(E, H, dropout=1.0)
    x = engine.randn(L, N, E)
    out, _ = net(x, x, x, need_weights=need_weights)
    assert engine.equal(out, engine.zeros(L, N, E))
    out, _ = net.eval()(x, x, x, need_weights=need_weights)
    assert not engine.equal(out, engine.zeros(L, N, E))


def test_initial_values_are_drawn_as_by_torch(torch):
    for options in ({"add_bias_kv": True}, {"kdim": 70, "vdim": 80}):
        ours, theirs = nn.MultiheadAttention(64, 4, **options), torch.nn.MultiheadAttention(64, 4, **options)
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            x, y = a.detach().numpy(), b.detach().numpy()
            assert x.std() == pytest.approx(y.std(), rel=0.35 if x.size < 1000 else 0.05), name
            if x.size > 1000:
                assert np.abs(x).max() == pytest.approx(np.abs(y).max(), rel=0.01), name


NET = nn.MultiheadAttention(E, H)
X = engine.zeros(L, N, E)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.MultiheadAttention(5, 2), ShapeError, "embed_dim 5 must be a multiple of num_heads 2"),
        (lambda: nn.MultiheadAttention(4, 2, dropout=1.5), ShapeError, "probability, not 1.5"),
        (lambda: NET(X, X[:, 0], X), ShapeError, r"not query \(4, 3, 6\), key \(4, 6\)"),
        (lambda: NET(X[..., :4], X, X), ShapeError, "4 features, embed_dim is 6"),
        (lambda: NET(X, X[:, :1], X[:, :1]), ShapeError, r"3 sequences and the key \(4, 1, 6\) 1;.*axis 1"),
        (lambda: NET(X, X, X[:2]), ShapeError, r"every key needs a value.*\(2, 3, 6\)"),
        (
            lambda: NET(X, X[..., :4], X[..., :4]),
            ShapeError,
            r"projection of key.*must be \(6, 4\), not \(6, 6\)",
        ),
        (lambda: NET(X, X, X, attn_mask=X), ShapeError, r"\(4, 4\), or.*\(6, 4, 4\), not \(4, 3, 6\)"),
        (lambda: NET(X, X, X, X[0] != 0), ShapeError, r"key_padding_mask must be \(3, 4\).*not \(3, 6\)"),
        (lambda: NET(X, X, X, X[0].long()), DTypeError, "bool or floating-point, not"),
    ],
)
def test_mistakes_are_told_with_shapes(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_is_causal_needs_no_mask(need_weights, padded):
    padding = engine.tensor([[False] * 4, [False] * 3 + [True], [False] * 4]) if padded else None
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    x = engine.randn(L, N, E)
    told = NET(x, x, x, padding, need_weights, attn_mask=mask, is_causal=True)[0]
    untold = NET(x, x, x, padding, need_weights, is_causal=True)[0]
    assert not engine.allclose(told, NET(x, x, x, padding, need_weights)[0])
    np.testing.assert_allclose(untold.detach().numpy(), told.detach().numpy(), rtol=1e-5, atol=1e-6)
