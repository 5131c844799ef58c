"""Forward passes for JAX: from weights by PyTorch's names, and a batch, to logits."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Weights = dict[str, Any]


def _linear(w: Weights, name: str, x: Any) -> Any:
    bias = w.get(f"{name}.bias")
    product = x @ w[f"{name}.weight"].T
    return product if bias is None else product + bias


def _norm(w: Weights, name: str, x: Any) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def mlp(w: Weights, images: Any) -> Any:
    hidden = jax.nn.relu(_linear(w, "1", images.reshape(len(images), -1)))
    return _linear(w, "3", hidden)


def tiny(w: Weights, rows: Any) -> Any:
    return _linear(w, "0", rows)


def wide_mlp(w: Weights, rows: Any) -> Any:
    hidden = jax.nn.relu(_linear(w, "2", jax.nn.relu(_linear(w, "0", rows))))
    return _linear(w, "4", hidden)


def cnn(w: Weights, images: Any) -> Any:
    def conv(name: str, x: Any) -> Any:
        layout = ("NHWC", "OIHW", "NHWC")  # channels last is what XLA's convolutions on CPUs take
        product = jax.lax.conv_general_dilated(
            x, w[f"{name}.weight"], (1, 1), "VALID", dimension_numbers=layout
        )
        return jax.nn.relu(product + w[f"{name}.bias"])

    x = conv("2", conv("0", images.transpose(0, 2, 3, 1)))
    n, h, _, c = x.shape
    x = x.reshape(n, h // 2, 2, h // 2, 2, c).max((2, 4)).transpose(0, 3, 1, 2).reshape(n, -1)
    return _linear(w, "8", jax.nn.relu(_linear(w, "6", x)))


def lstm(w: Weights, text: Any) -> Any:
    x = w["embedding.weight"][text].transpose(1, 0, 2)  # [T, B, D]
    biases = w["body.bias_ih_l0"] + w["body.bias_hh_l0"]
    gates = x @ w["body.weight_ih_l0"].T + biases
    zeros = jnp.zeros((x.shape[1], 128))

    def cell(carried: Any, given: Any) -> Any:
        hidden, memory = carried
        i, f, g, o = jnp.split(given + hidden @ w["body.weight_hh_l0"].T, 4, 1)
        memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = jax.nn.sigmoid(o) * jnp.tanh(memory)
        return (hidden, memory), hidden

    _, hidden = jax.lax.scan(cell, (zeros, zeros), gates)
    return _linear(w, "head", hidden.transpose(1, 0, 2).reshape(-1, 128))


def gru(w: Weights, text: Any) -> Any:
    x = w["embedding.weight"][text].transpose(1, 0, 2)  # [T, B, D]
    gates = x @ w["body.weight_ih_l0"].T + w["body.bias_ih_l0"]

    def cell(hidden: Any, given: Any) -> Any:
        recurrent = hidden @ w["body.weight_hh_l0"].T + w["body.bias_hh_l0"]
        reset, update, new = jnp.split(given, 3, 1)
        own_reset, own_update, own_new = jnp.split(recurrent, 3, 1)
        update = jax.nn.sigmoid(update + own_update)
        new = jnp.tanh(new + jax.nn.sigmoid(reset + own_reset) * own_new)
        hidden = (1 - update) * new + update * hidden
        return hidden, hidden

    _, hidden = jax.lax.scan(cell, jnp.zeros((x.shape[1], 128)), gates)
    return _linear(w, "head", hidden.transpose(1, 0, 2).reshape(-1, 128))


def gpt(w: Weights, text: Any) -> Any:
    batch, length = text.shape
    x = w["characters.weight"][text] + w["places.weight"]
    hidden = jnp.tril(jnp.ones((length, length), bool))
    for layer in range(4):
        name = f"body.layers.{layer}"
        normed = _norm(w, f"{name}.norm1", x)
        joint = normed @ w[f"{name}.self_attn.in_proj_weight"].T + w[f"{name}.self_attn.in_proj_bias"]
        q, k, v = joint.reshape(batch, length, 3, 4, 32).transpose(2, 0, 3, 1, 4)  # [3, B, heads, T, 32]
        scores = jnp.where(hidden, q @ k.swapaxes(-1, -2) / 32**0.5, -jnp.inf)
        mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(batch, length, 128)
        x = x + _linear(w, f"{name}.self_attn.out_proj", mixed)
        inner = jax.nn.gelu(_linear(w, f"{name}.linear1", _norm(w, f"{name}.norm2", x)), approximate=False)
        x = x + _linear(w, f"{name}.linear2", inner)
    return _linear(w, "head", _norm(w, "body.norm", x)).reshape(-1, 65)


NETWORKS: dict[str, Callable[..., Any]] = {
    "tiny": tiny,
    "mlp64": mlp,
    "mlp64_adam": mlp,
    "wide_mlp": wide_mlp,
    "cnn64": cnn,
    "lstm": lstm,
    "gru": gru,
    "gpt": gpt,
}
