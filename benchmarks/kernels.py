"""Kernels beside PyTorch's: small and large operands, forwards, and gradients apart from their forwards."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import calls
from benchmarks.sides import Trainer
from benchmarks.turns import Figures

TURN_S = 0.08
WARM_UP = "add small"
Call = Callable[[], Any]
Operate = Callable[..., Any]  # of the framework and tensors


@dataclass(frozen=True)
class Case:
    """make: from a framework, ours or PyTorch, to the call that is timed."""

    family: str
    make: Callable[[Any], Call]


def _forward(operate: Operate, *shapes: tuple[int, ...]) -> Callable[[Any], Call]:
    def make(framework: Any) -> Call:
        return partial(operate, framework, *(framework.rand(*shape) for shape in shapes))

    return make


def _gradients(operate: Operate, *shapes: tuple[int, ...]) -> Callable[[Any], Call]:
    """Of all operands, from a tape that is kept: the forward isn't timed."""

    def make(framework: Any) -> Call:
        operands = [framework.rand(*shape, requires_grad=True) for shape in shapes]
        out = operate(framework, *operands)
        g = framework.rand(*out.shape) if out.shape else framework.tensor(1.0)
        return partial(framework.autograd.grad, out, operands, g, retain_graph=True)

    return make


def _both(family: str, name: str, operate: Operate, *shapes: tuple[int, ...]) -> Iterator[tuple[str, Case]]:
    yield name, Case(family, _forward(operate, *shapes))
    yield f"{name}, gradients", Case(family, _gradients(operate, *shapes))


def _cross_entropy(framework: Any, logits: Any) -> Any:
    targets = framework.arange(logits.shape[0]) % logits.shape[1]
    return framework.nn.functional.cross_entropy(logits, targets)


def _embedding(framework: Any, table: Any) -> Any:
    rows = (framework.arange(2048) * 7919) % table.shape[0]
    return framework.nn.functional.embedding(rows, table)


def _layer_norm(framework: Any, x: Any, weight: Any, bias: Any) -> Any:
    return framework.nn.functional.layer_norm(x, (x.shape[-1],), weight, bias)


def _batch_norm(framework: Any, x: Any, weight: Any, bias: Any) -> Any:
    return framework.nn.functional.batch_norm(x, None, None, weight, bias, training=True)


def _recurrent(layer: str, gradients: bool) -> Callable[[Any], Call]:
    def make(framework: Any) -> Call:
        network = getattr(framework.nn, layer)(64, 128, batch_first=True)
        x = framework.rand(32, 64, 64, requires_grad=True)
        if not gradients:
            return partial(network, x)
        out = network(x)[0]
        operands = [x, *network.parameters()]
        return partial(framework.autograd.grad, out, operands, framework.rand(*out.shape), retain_graph=True)

    return make


def _update(optimizer: str, size: int, **arguments: Any) -> Callable[[Any], Call]:
    def make(framework: Any) -> Call:
        weight = framework.nn.Parameter(framework.rand(size))
        weight.grad = framework.rand(size)
        made = getattr(framework.optim, optimizer)([weight], lr=1e-6, **arguments)
        step: Call = made.step
        return step

    return make


def _all() -> Iterator[tuple[str, Case]]:
    elementwise: dict[str, Operate] = {
        "add": lambda fw, a, b: a + b,
        "tanh": lambda fw, a, b: a.tanh(),
        "exp": lambda fw, a, b: a.exp(),
        "gelu": lambda fw, a, b: fw.nn.functional.gelu(a),
        "where": lambda fw, a, b: fw.where(a > b, a, b),
    }
    sizes = {"small": (64, 128), "large": (1024, 1024)}
    for size, shape in sizes.items():
        for name, operate in elementwise.items():
            yield f"{name} {size}", Case("element-wise", _forward(operate, shape, shape))
        yield f"sum {size}", Case("reductions", _forward(lambda fw, a: a.sum(), shape))
        yield f"sum of columns {size}", Case("reductions", _forward(lambda fw, a: a.sum(0), shape))
        yield from _both("softmax", f"softmax {size}", lambda fw, a: a.softmax(-1), shape)
        yield from _both("softmax", f"cross entropy {size}", _cross_entropy, shape)
        width = (shape[1],)
        yield from _both("norms", f"layer norm {size}", _layer_norm, shape, width, width)
    for n in (64, 256, 1024):
        yield f"matmul {n}", Case("matmul", _forward(lambda fw, a, b: a @ b, (n, n), (n, n)))
    yield "matmul 64x784 by 784x128", Case("matmul", _forward(lambda fw, a, b: a @ b, (64, 784), (784, 128)))
    yield "matmul 64 of 64x32", Case("matmul", _forward(lambda fw, a, b: a @ b, (64, 64, 32), (64, 32, 64)))
    conv, conv1d = _conv("conv2d"), _conv("conv1d")
    yield from _both("conv", "conv small", conv, (8, 1, 28, 28), (32, 1, 3, 3))
    yield from _both("conv", "conv large", conv, (32, 32, 26, 26), (64, 32, 3, 3))
    yield from _both("conv", "conv 1x1", conv, (32, 64, 16, 16), (64, 64, 1, 1))
    depthwise = _conv("conv2d", groups=64, padding=1)
    yield from _both("conv", "conv depthwise", depthwise, (32, 64, 16, 16), (64, 1, 3, 3))
    yield from _both("conv", "conv of sound", conv1d, (32, 1, 4000), (32, 1, 80))
    for size, images in (("small", (8, 16, 14, 14)), ("large", (32, 64, 24, 24))):
        yield from _both("pools", f"max pool {size}", _pool("max_pool2d"), images)
        yield from _both("pools", f"average pool {size}", _pool("avg_pool2d"), images)
        channels = (images[1],)
        yield from _both("norms", f"batch norm {size}", _batch_norm, images, channels, channels)
    for size, heads in (("small", (2, 4, 16, 32)), ("large", (16, 4, 64, 32))):
        yield from _both("attention", f"attention {size}", _attention, heads, heads, heads)
    for layer in ("LSTM", "GRU"):
        yield layer.lower(), Case("recurrent", _recurrent(layer, gradients=False))
        yield f"{layer.lower()}, gradients", Case("recurrent", _recurrent(layer, gradients=True))
    for size, count in (("small", 10_000), ("large", 1_000_000)):
        yield f"SGD with momentum {size}", Case("optimizers", _update("SGD", count, momentum=0.9))
        yield f"Adam {size}", Case("optimizers", _update("Adam", count))
        yield f"AdamW {size}", Case("optimizers", _update("AdamW", count))
    yield from _both("embedding", "embedding", _embedding, (10_000, 64))


def _conv(name: str, **arguments: int) -> Operate:
    return lambda framework, x, weight: getattr(framework.nn.functional, name)(x, weight, **arguments)


def _pool(name: str) -> Operate:
    return lambda framework, x: getattr(framework.nn.functional, name)(x, 2)


def _attention(framework: Any, q: Any, k: Any, v: Any) -> Any:
    return framework.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


CASES: dict[str, Case] = dict(_all())


def prepare(side: str, case: str) -> Trainer:
    call = CASES[case].make(calls.framework(side))

    def repeat(times: int) -> float:
        for _ in range(times):
            call()
        return 0.0  # a call has no loss

    return repeat


def measure(options: argparse.Namespace) -> Figures:
    """Microseconds a call beside PyTorch's, and the ratios by family."""
    cases = {name: CASES[name].family for name in options.only or CASES}
    return calls.measure("kernels", cases, options.rounds, TURN_S)


tables = calls.tables
