"""Attention beside PyTorch's, and what is said where parts don't fit."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, ShapeError
from engine.nn import functional as F

N, H, L, S, E = 2, 4, 3, 5, 6
RNG = np.random.default_rng(0)


def leaves(torch, *shapes):
    arrays = [RNG.standard_normal(shape) for shape in shapes]
    ours = [engine.from_numpy(a.copy()).requires_grad_() for a in arrays]
    return ours, [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]


def assert_same(torch, shapes, mask=None, **options):
    """Results and gradients of query, key, value and of a mask of numbers agree."""
    ours, theirs = leaves(torch, *shapes)
    masks = (None, None) if mask is None else (engine.from_numpy(mask.copy()), torch.from_numpy(mask.copy()))
    if mask is not None and mask.dtype.kind == "f":
        for each, mine in zip(masks, (ours, theirs), strict=True):
            mine.append(each.requires_grad_())
    a = F.scaled_dot_product_attention(ours[0], ours[1], ours[2], masks[0], **options)
    b = torch.nn.functional.scaled_dot_product_attention(*theirs[:3], attn_mask=masks[1], **options)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)
    weights = RNG.standard_normal(tuple(b.shape))
    (a * engine.from_numpy(weights)).sum().backward()
    (b * torch.from_numpy(weights)).sum().backward()
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-9, atol=1e-11)


HEADS = ((N, H, L, E), (N, H, S, E), (N, H, S, 7))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "shapes",
    [HEADS, ((L, E), (S, E), (S, E)), ((H, L, E), (N, H, S, E), (N, H, S, E)), ((N, 1, L, E), *HEADS[1:])],
)
def test_attention_agrees_with_torch(torch, shapes, causal):
    assert_same(torch, shapes, is_causal=causal)
    assert_same(torch, shapes, is_causal=causal, scale=0.3)


@pytest.mark.parametrize("shape", [(L, S), (N, 1, L, S), (N, H, L, S), (N, 1, 1, S), (1, S), (1, 1, L, 1)])
def test_masks_of_both_kinds_agree_with_torch(torch, shape):
    allowed = RNG.random(shape) < 0.6
    allowed[..., -1] = True
    assert_same(torch, HEADS, allowed)
    assert_same(torch, HEADS, RNG.standard_normal(shape))
    # with minus infinity among the numbers, as most float masks are
    assert_same(torch, HEADS, np.where(allowed, 0.0, -np.inf))


@pytest.mark.parametrize("shapes", [((0, L, E), (0, S, E), (0, S, E)), ((N, 0, E), (N, S, E), (N, S, E))])
def test_nothing_to_attend_from_is_no_mistake(torch, shapes):
    assert_same(torch, shapes)


def test_nothing_to_attend_to_gives_zeros():
    q, k = engine.zeros(N, L, E).requires_grad_(), engine.zeros(N, 0, E)
    out = F.scaled_dot_product_attention(q, k, k)
    assert engine.equal(out, engine.zeros(N, L, E))
    out.sum().backward()
    assert engine.equal(q.grad, engine.zeros(N, L, E))


def test_grouped_queries_agree_with_torch(torch):
    assert_same(torch, ((N, H, L, E), (N, 2, S, E), (N, 2, S, E)), enable_gqa=True)
    assert_same(torch, ((N, H, L, E), (N, 1, S, E), (N, 1, S, E)), enable_gqa=True, is_causal=True)


def test_a_query_that_sees_nothing_gives_zeros_and_no_gradient(torch):
    allowed = np.ones((L, S), np.bool_)
    allowed[1] = False
    assert_same(torch, HEADS, allowed)
    q, k, v = leaves(torch, *HEADS)[0]
    out = F.scaled_dot_product_attention(q, k, v, engine.from_numpy(allowed))
    assert not out[:, :, 1].detach().numpy().any()
    (first,) = engine.autograd.grad((out**2).sum(), [q], create_graph=True)
    assert not first[:, :, 1].detach().numpy().any()
    assert np.isfinite(first.detach().numpy()).all()


def test_dropped_weights_have_the_promised_mean_and_share():
    engine.manual_seed(3)
    q = k = engine.zeros(8, 100, 4)
    v = engine.eye(100).expand(8, 100, 100)
    weights = F.scaled_dot_product_attention(q, k, v, dropout_p=0.25).numpy()
    assert sorted(set(np.round(weights.reshape(-1), 6))) == [0.0, np.float32(0.013333)]
    assert (weights == 0).mean() == pytest.approx(0.25, abs=0.01)


def test_the_same_seed_drops_the_same_as_dropout_of_the_whole_matrix():
    x = engine.randn(5, 256, 4)
    scores = (x @ x.mT) * 0.5
    engine.manual_seed(11)
    expected = F.dropout(scores.softmax(-1), 0.3) @ x
    engine.manual_seed(11)
    assert engine.allclose(F.scaled_dot_product_attention(x, x, x, dropout_p=0.3), expected, atol=1e-5)


def test_no_random_number_is_used_up_where_nothing_is_dropped():
    before = engine.get_rng_state().tolist()
    x = engine.zeros(2, 3)
    F.scaled_dot_product_attention(x, x, x)
    assert engine.get_rng_state().tolist() == before


@pytest.mark.parametrize("need_weights", [True, False])
def test_static_keys_and_values_take_the_place_of_the_projected_ones(torch, need_weights):
    shapes = [(L, N, 4), (S, N, 4), (S, N, 4), (12, 4), (12,), (4, 4), (4,), (N * 2, 7, 2), (N * 2, 7, 2)]
    ours, theirs = leaves(torch, *shapes)
    found = []
    for where, (q, k, v, w, b, out_w, out_b, static_k, static_v) in ((engine, ours), (torch, theirs)):
        forward = where.nn.functional.multi_head_attention_forward
        out, weights = forward(
            *(q, k, v, 4, 2, w, b, None, None, True, 0.0, out_w, out_b),
            need_weights=need_weights,
            static_k=static_k,
            static_v=static_v,
        )
        (out**2).sum().backward()
        found.append([out.detach(), static_k.grad, static_v.grad, q.grad, w.grad])
        assert (weights is not None) == need_weights
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-11)


def test_a_missing_projection_is_told():
    x = engine.zeros(3, 2, 4)
    with pytest.raises(ShapeError, match="needs in_proj_weight, or with use_separate_proj_weight"):
        F.multi_head_attention_forward(x, x, x, 4, 2, None, None, None, None, False, 0.0, x[0], None)


X = engine.zeros(2, 3, 4)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.scaled_dot_product_attention(X[0, 0], X, X), ShapeError, r"two axes, and they are \(4,\)"),
        (lambda: F.scaled_dot_product_attention(X, X, X.double()), DTypeError, "float32, float32, float64"),
        (
            lambda: F.scaled_dot_product_attention(X, X[:, :, :2], X),
            ShapeError,
            r"\(2, 3, 4\) and key \(2, 3, 2\)",
        ),
        (lambda: F.scaled_dot_product_attention(X, X, X[:, :2]), ShapeError, "3 keys and 2 values"),
        (
            lambda: F.scaled_dot_product_attention(X, X, X, X[0]),
            ShapeError,
            r"attn_mask \(3, 4\).*\(2, 3, 3\)",
        ),
        (
            lambda: F.scaled_dot_product_attention(X[0], X[0], X[0], X[:, :, :3]),
            ShapeError,
            r"attn_mask \(2, 3, 3\).*\(3, 3\)",
        ),
        (lambda: F.scaled_dot_product_attention(X, X, X, X[:1], is_causal=True), ShapeError, "together"),
        (lambda: F.scaled_dot_product_attention(X, X, X, X.long()), DTypeError, "must be bool"),
        (lambda: F.scaled_dot_product_attention(X, X, X, dropout_p=2), ShapeError, "probability, not 2"),
        (lambda: F.scaled_dot_product_attention(X, X[:0], X[:0], enable_gqa=True), ShapeError, "multiple"),
    ],
)
def test_mistakes_are_told_with_shapes(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("causal", [False, True])
def test_heads_that_are_columns_of_a_projection_stay_so(torch, causal):
    """What is made of q, k and v that lie as [N, L, H, E] lies so, too: no copy joins the heads again."""
    ours, theirs = leaves(torch, (N, L, H, E))
    q, p = ours[0].transpose(1, 2), theirs[0].transpose(1, 2)
    a = F.scaled_dot_product_attention(q, q * 2, q, is_causal=causal)
    b = torch.nn.functional.scaled_dot_product_attention(p, p * 2, p, is_causal=causal)
    assert a.shape == (N, H, L, E)
    assert a.transpose(1, 2).is_contiguous()
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10)
    (a**2).sum().backward()
    (b**2).sum().backward()
    np.testing.assert_allclose(ours[0].grad.numpy(), theirs[0].grad.numpy(), rtol=1e-9)
    (x,) = leaves(torch, (N, L, H, E))[0]

    def attended(x):
        x = x.transpose(1, 2)
        return F.scaled_dot_product_attention(x, x, x, is_causal=causal)

    engine.autograd.gradgradcheck(attended, (x,))


@pytest.mark.parametrize("same", ["query, key and value", "key and value", "query and key"])
@pytest.mark.parametrize("batched", [True, False])
def test_what_is_the_same_is_projected_together(same, batched):
    module = engine.nn.MultiheadAttention(E, 2, batch_first=True).double()
    x = engine.from_numpy(RNG.standard_normal((N, L, E) if batched else (L, E)))
    y = x if same.startswith("query, key") else engine.from_numpy(RNG.standard_normal(x.shape))
    together = (y, x, x) if same == "key and value" else (x, x, y)
    module(*together, need_weights=False)[0].square().sum().backward()
    grads = [p.grad.numpy().copy() for p in module.parameters()]
    module.zero_grad()
    module(*[each.clone() for each in together], need_weights=False)[0].square().sum().backward()
    for one, p in zip(grads, module.parameters(), strict=True):
        np.testing.assert_allclose(one, p.grad.numpy(), rtol=1e-10, atol=1e-12)
