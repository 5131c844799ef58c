"""The transformer and its layers beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import EngineError, ShapeError

D, H, FF, N, L, S = 8, 2, 12, 3, 4, 5
RNG = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "norm first": {"norm_first": True, "activation": "gelu"},
    "no biases": {"bias": False, "layer_norm_eps": 1e-3},
    "batch first": {"batch_first": True},
}
every_kind = pytest.mark.parametrize("kind", KINDS)
PADDING = np.arange(S) >= np.array([[3], [5], [2]])
CAUSAL = np.triu(np.ones((L, L), np.bool_), 1)


def pair(torch, make):
    """A module of ours and PyTorch's, in float64, with the same random weights."""
    ours, theirs = make(nn).double(), make(torch.nn).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.from_numpy(RNG.standard_normal(tuple(parameter.shape)) * 0.4))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    return ours, theirs


def drawn(torch, batch_first, *lengths):
    arrays = [RNG.standard_normal((N, n, D) if batch_first else (n, N, D)) for n in lengths]
    ours = [engine.from_numpy(a.copy()).requires_grad_() for a in arrays]
    return ours, [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]


def assert_same(torch, nets, operands, masks, **options):
    (ours, theirs), (x, y) = nets, operands
    a = ours(*x, **{k: engine.from_numpy(m.copy()) for k, m in masks.items()}, **options)
    b = theirs(*y, **{k: torch.from_numpy(m.copy()) for k, m in masks.items()}, **options)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-8, atol=1e-10)
    (a**2).sum().backward()
    (b**2).sum().backward()
    for mine, yours in zip([*x, *ours.parameters()], [*y, *theirs.parameters()], strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), yours.grad.numpy(), rtol=1e-7, atol=1e-9)


@every_kind
@pytest.mark.parametrize("masks", [{}, {"src_key_padding_mask": PADDING}])
def test_the_encoder_agrees_with_torch(torch, kind, masks):
    def make(where):
        layer = where.TransformerEncoderLayer(D, H, FF, 0.0, **KINDS[kind])
        return where.TransformerEncoder(layer, 2, where.LayerNorm(D))

    assert_same(torch, pair(torch, make), drawn(torch, kind == "batch first", S), masks)


@every_kind
def test_the_decoder_agrees_with_torch(torch, kind):
    def make(where):
        return where.TransformerDecoder(where.TransformerDecoderLayer(D, H, FF, 0.0, **KINDS[kind]), 2)

    nets = pair(torch, make)
    masks = {"tgt_mask": CAUSAL, "memory_key_padding_mask": PADDING}
    for options in ({}, {"tgt_is_causal": True}):
        assert_same(torch, nets, drawn(torch, kind == "batch first", L, S), masks, **options)


@every_kind
def test_the_whole_agrees_with_torch(torch, kind):
    nets = pair(torch, lambda where: where.Transformer(D, H, 1, 2, FF, 0.0, **KINDS[kind]))
    masks = {"src_key_padding_mask": PADDING, "memory_key_padding_mask": PADDING, "tgt_mask": CAUSAL}
    assert_same(torch, nets, drawn(torch, kind == "batch first", S, L), masks)


def test_single_sequences_agree_with_torch(torch):
    ours, theirs = pair(torch, lambda where: where.Transformer(D, H, 1, 1, FF, 0.0))
    (src, tgt), (other, target) = drawn(torch, False, S, L)
    found, expected = ours(src[:, 0], tgt[:, 0]), theirs(other[:, 0], target[:, 0])
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", ["plain", "batch first"])
@pytest.mark.parametrize("padding", [PADDING, PADDING[:, ::-1].copy()])
@pytest.mark.parametrize("options", [{}, {"enable_nested_tensor": False}])
def test_padding_in_eval_mode_is_as_torchs_shortcut_leaves_it(torch, kind, padding, options):
    def make(where):
        layer = where.TransformerEncoderLayer(D, H, FF, **KINDS[kind])
        return where.TransformerEncoder(layer, 2, where.LayerNorm(D), **options)

    ours, theirs = pair(torch, make)
    (x,), (y,) = drawn(torch, kind == "batch first", S)
    with torch.no_grad(), engine.no_grad():
        a = ours.eval()(x, src_key_padding_mask=engine.from_numpy(padding))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "_nested_tensor_from_mask", quiet(torch._nested_tensor_from_mask))
            b = theirs.eval()(y, src_key_padding_mask=torch.from_numpy(padding))
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-10)


def quiet(function):
    """PyTorch warns that its nested tensors are a prototype, even where it uses them itself."""
    import warnings

    def call(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)

    return call


def test_layers_of_a_stack_start_alike_and_learn_apart():
    layer = nn.TransformerEncoderLayer(D, H, FF)
    stack = nn.TransformerEncoder(layer, 2)
    first, second = stack.layers
    assert engine.equal(first.linear1.weight, second.linear1.weight)
    assert first.linear1.weight is not second.linear1.weight
    assert first.linear1.weight is not layer.linear1.weight


def test_dropout_drops_in_training_only():
    layer = nn.TransformerEncoderLayer(D, H, FF, dropout=1.0, norm_first=True)
    x = engine.randn(L, N, D)
    assert engine.equal(layer(x), x)
    assert not engine.equal(layer.eval()(x), x)


def test_an_activation_may_be_a_function_or_a_module(torch):
    for activation in (nn.functional.silu, nn.SiLU()):
        layer = nn.TransformerEncoderLayer(D, H, FF, 0.0, activation)
        other = torch.nn.TransformerEncoderLayer(D, H, FF, 0.0, torch.nn.functional.silu)
        other.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in layer.state_dict().items()})
        x = RNG.standard_normal((L, N, D)).astype(np.float32)
        expected = other(torch.from_numpy(x)).detach().numpy()
        np.testing.assert_allclose(layer(engine.from_numpy(x)).detach().numpy(), expected, atol=1e-5)


def test_parts_can_be_replaced():
    net = nn.Transformer(D, H, custom_encoder=nn.Identity(), num_decoder_layers=1, dim_feedforward=FF)
    assert isinstance(net.encoder, nn.Identity)


def test_every_matrix_of_the_whole_starts_by_xavier():
    net = nn.Transformer(64, 4, 1, 1, 128)
    for name, parameter in net.named_parameters():
        if parameter.ndim > 1:
            bound = (6 / sum(parameter.shape)) ** 0.5
            assert 0.98 * bound < float(parameter.detach().abs().max()) <= bound, name


def test_the_causal_mask_is_torchs(torch):
    ours = nn.Transformer.generate_square_subsequent_mask(4)
    assert ours.tolist() == torch.nn.Transformer.generate_square_subsequent_mask(4).tolist()


NET = nn.Transformer(D, H, 1, 1, FF)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: nn.TransformerEncoderLayer(D, H, activation="sin"),  # type: ignore[arg-type]  # the mistake
            EngineError,
            "'gelu' or a function, not 'sin'",
        ),
        (lambda: nn.TransformerEncoderLayer(D, 3), ShapeError, "multiple of num_heads 3"),
        (lambda: NET(engine.zeros(4, 2, D), engine.zeros(4, 3, D)), ShapeError, "as many sequences, axis 1"),
        (lambda: NET(engine.zeros(4, 2, 7), engine.zeros(4, 2, D)), ShapeError, "d_model = 8 features"),
    ],
)
def test_mistakes_are_told_with_shapes(call, error, words):
    with pytest.raises(error, match=words):
        call()
