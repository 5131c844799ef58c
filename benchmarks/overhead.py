"""What ops cost, beside PyTorch: single calls on tensors of a few elements, by family."""

import argparse
from timeit import Timer
from typing import Any

import numpy as np

from benchmarks import calls
from benchmarks.sides import Trainer
from benchmarks.turns import Figures

FAMILIES = {
    "binary": ["a + b", "a * b", "a - b", "a / b", "torch.maximum(a, b)", "m + v", "torch.add(a, b)"],
    "scalar": ["a + 1.0", "a * 2", "1 - a", "a / 3", "a ** 2", "2.0 * m"],
    "unary": [
        "a.exp()",
        "torch.sqrt(a)",
        "-a",
        "a.abs()",
        "F.relu(a)",
        "a.sigmoid()",
        "a.tanh()",
        "a.clamp(0, 1)",
    ],
    "comparison": ["a > b", "a == b", "a < 0", "a >= 0.5", "k == 3"],
    "view": [
        "m.reshape(10, 64)",
        "m.view(-1)",
        "m.transpose(0, 1)",
        "m.T",
        "m.unsqueeze(0)",
        "u.squeeze(0)",
        "c.permute(2, 0, 1)",
        "u.expand(4, 64, 10)",
        "m.detach()",
        "m.flatten()",
        "m.chunk(2)",
        "m.narrow(0, 1, 3)",
    ],
    "question": [
        "m.shape",
        "m.dtype",
        "m.size(0)",
        "m.dim()",
        "m.numel()",
        "len(m)",
        "m.device",
        "m.is_contiguous()",
    ],
    "slice": ["m[0]", "m[1:5]", "m[:, 1]", "m[None]", "m[..., 0]", "a[-1]", "m[2, 3]"],
    "index": [
        "m[rows]",
        "m[mask]",
        "a.gather(0, k)",
        "m.index_select(0, rows)",
        "torch.where(a > b, a, b)",
        "m.masked_fill(mask, 0.0)",
    ],
    "reduction": [
        "a.sum()",
        "m.sum(1)",
        "m.mean()",
        "m.mean(0)",
        "m.max()",
        "m.max(1)",
        "m.argmax(1)",
        "m.var(0)",
    ],
    "product": [
        "m @ w",
        "torch.mm(m, w)",
        "F.linear(m, w, v)",
        "v @ v",
        "torch.matmul(c, w)",
        "torch.bmm(c, d)",
    ],
    "joining": [
        "torch.cat([a, b])",
        "torch.cat((m, m), 1)",
        "torch.stack([a, b])",
        "m.split(16)",
        "m.unbind(1)",
    ],
    "in place": ["a.add_(b)", "a.mul_(1.0)", "z.zero_()", "z.copy_(a)", "z.fill_(2.0)", "z[0] = 1.0"],
    "creation": [
        "torch.zeros(8)",
        "torch.ones(2, 3)",
        "torch.tensor([1.0, 2.0])",
        "torch.tensor(1.0)",
        "torch.arange(8)",
        "torch.zeros_like(m)",
        "torch.empty(8)",
        "torch.randn(8)",
        "m.clone()",
    ],
    "number": ["s.item()", "float(s)", "a.tolist()", "bool(s)", "a.numpy()"],
    "conversion": ["a.float()", "a.double()", "a.to(torch.float64)", "k.float()", "a.long()"],
    "softmax and losses": [
        "torch.softmax(m, 1)",
        "F.log_softmax(m, 1)",
        "F.cross_entropy(m, y)",
        "F.mse_loss(m, m)",
        "F.nll_loss(m, y)",
        "F.binary_cross_entropy_with_logits(a, b)",
    ],
    "layer": [
        "linear(m)",
        "relu(m)",
        "network(m)",
        "flatten(c)",
        "norm(m)",
        "embedding(k)",
        "criterion(m, y)",
    ],
    "recorded": ["r + r", "r * a", "r + 1.0", "r.exp()", "r.sum()", "q.reshape(10, 64)", "q @ w", "r[1:3]"],
    "forward and backward": ["chain()", "loss()"],
    "optimizer": ["sgd.step()", "momentum.step()", "adam.step()", "adamw.step()"],
}


TURN_S = 0.02
WARM_UP = "a + b"


def prepare(side: str, case: str) -> Trainer:
    torch = calls.framework(side)
    # such calls need no second thread, and a framework that wakes one waits for it where others keep it busy
    torch.set_num_threads(1)
    timer = Timer(case, globals=_names(torch))
    return lambda times: timer.timeit(times)


def measure(options: argparse.Namespace) -> Figures:
    """Microseconds a call beside PyTorch's, and the ratios by family; --only names families."""
    chosen = options.only or FAMILIES
    cases = {expression: family for family in chosen for expression in FAMILIES[family]}
    return calls.measure("overhead", cases, options.rounds, TURN_S)


tables = calls.tables


def _names(torch: Any) -> dict[str, Any]:
    """What the expressions are made of, in either framework."""
    nn = torch.nn
    torch.manual_seed(0)
    generator = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return torch.tensor(generator.standard_normal(shape).astype(np.float32))

    def optimizer(name: str, **settings: Any) -> Any:
        parameters = [nn.Parameter(normal(10, 10)) for _ in range(4)]
        for parameter in parameters:
            parameter.grad = normal(10, 10)
        return getattr(torch.optim, name)(parameters, **settings)

    a, m, w = normal(8).abs(), normal(64, 10), normal(10, 10)
    r, q = normal(8).requires_grad_(), normal(64, 10).requires_grad_()
    y = torch.tensor(generator.integers(0, 10, 64))
    linear, relu, criterion = nn.Linear(10, 10), nn.ReLU(), nn.CrossEntropyLoss()
    network = nn.Sequential(linear, relu, nn.Linear(10, 10))

    def chain() -> None:
        x = r
        for _ in range(10):
            x = (x * a).tanh()
        x.sum().backward()
        r.grad = None

    def loss() -> None:
        criterion(network(m), y).backward()
        network.zero_grad()

    return {
        "torch": torch,
        "F": nn.functional,
        "a": a,
        "b": normal(8),
        "m": m,
        "v": normal(10),
        "w": w,
        "y": y,
        "u": normal(1, 64, 10),
        "c": normal(2, 8, 10),
        "d": normal(2, 10, 3),
        "z": normal(8),
        "r": r,
        "q": q,
        "k": torch.tensor(generator.integers(0, 8, 8)),
        "rows": torch.tensor([1, 3, 5]),
        "mask": m > 0,
        "s": torch.tensor(1.5),
        "linear": linear,
        "relu": relu,
        "network": network,
        "criterion": criterion,
        "flatten": nn.Flatten(),
        "norm": nn.LayerNorm(10),
        "embedding": nn.Embedding(8, 4),
        "chain": chain,
        "loss": loss,
        "sgd": optimizer("SGD", lr=0.01),
        "momentum": optimizer("SGD", lr=0.01, momentum=0.9),
        "adam": optimizer("Adam", lr=0.001),
        "adamw": optimizer("AdamW", lr=0.001),
    }
