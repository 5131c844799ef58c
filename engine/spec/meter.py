"""Measuring work and memory without doing the one or taking the other: the meta backend with a running tally.

A tensor on a metered device has a shape and a dtype and no values. Every result is counted while it lives,
so running a real training step there gives the peak memory of that step, with what the tape keeps and when
it lets go, whatever its size. Work is counted at the kernels, so the backward pass and the optimizer count
as they are.

FLOPs are two for each multiply-accumulate of a product (matmul, conv and the like). Element-wise work isn't
counted: memory bounds it, and it would make no model's estimate differ by much.

What a kernel needs for itself while it works is said in SCRATCH, as measured of the reference backend; others
need little. Not seen: the allocator's rounding, and the interpreter's own memory.
"""

import math
from collections.abc import Callable
from typing import Any

from engine.backends import META, Backend, KernelTable, MetaArray
from engine.device import Device
from engine.ops import OPS

# temporaries that a kernel holds beside its results, each of the size of its largest operand or result
_ONE = """
    avg_pool_grad batch_norm dropout group_norm gru_grad layer_norm log_softmax lstm_grad random_uniform
    resample_grad rnn_grad sgd_momentum_step sgd_step sigmoid softmax tanh_grad
"""
_THREE = """
    adam_step amsgrad_step attention_grad batch_norm_grad group_norm_grad layer_norm_grad rms_norm_grad
"""
SCRATCH = {
    **dict.fromkeys(_ONE.split(), 1),
    **dict.fromkeys(("bernoulli", "ctc", "ctc_grad", "logsigmoid", "resample"), 2),
    **dict.fromkeys(_THREE.split(), 3),
    "attention": 6,
    "gelu": 4,
    "gelu_grad": 5,
}


class TooManyCalls(Exception):
    """More kernels were called than the tally allows."""


class Tally:
    """What was done on one metered device.

    flops: so far; live_bytes: held now; peak_bytes: the most held at once
    calls: of kernels; past most_calls one raises TooManyCalls
    """

    def __init__(self, most_calls: float = math.inf) -> None:
        self.calls = 0
        self.most_calls = most_calls
        self.flops = 0
        self.live_bytes = 0
        self.peak_bytes = 0

    def take(self, size_bytes: int) -> None:
        self.live_bytes += size_bytes
        self.peak_bytes = max(self.peak_bytes, self.live_bytes)


class MeteredArray(MetaArray):
    """A MetaArray whose bytes count until nobody holds it. A view has none, and keeps its base alive."""

    __slots__ = ("base", "size_bytes", "tally")

    base: "MeteredArray | None"  # type: ignore[assignment]  # the class above has no views

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, tally: Tally, base: "MeteredArray | None" = None
    ) -> None:
        super().__init__(shape, dtype)
        self.tally = tally
        self.base = base
        self.size_bytes = 0 if base is not None else self.size * self.dtype.itemsize
        tally.take(self.size_bytes)

    def __del__(self) -> None:
        self.tally.live_bytes -= self.size_bytes


class MeteredDevice(Device):
    """Equal to no other, so that nothing that is kept by device is shared between two measurements."""

    __slots__ = ()

    array_type: type
    as_array: Callable[[Any], Any]
    kernels: KernelTable

    def __new__(cls, tally: Tally) -> "MeteredDevice":
        self = object.__new__(cls)  # Device(name) would give the one that all share
        self.type = "meta"
        self.index = None
        self.backend = Backend(
            "meta",
            [],
            array_type=MeteredArray,
            as_array=lambda array: _metered(array, tally),
            from_numpy=lambda array: _metered(array, tally),
            to_numpy=META.to_numpy,
        )
        self.backend.kernels = self.kernels = MeteredKernels(tally)
        self.array_type = self.backend.array_type
        self.as_array = self.backend.as_array
        return self

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class MeteredKernels(KernelTable):
    """The meta kernels, each wrapped when first asked for."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("meta")
        self.tally = tally

    def __missing__(self, op: str) -> Callable[..., Any]:
        kernel = META.kernels[op]
        tally, work, scratch = self.tally, WORK.get(op), SCRATCH.get(op, 0)
        is_view = op in OPS and OPS[op].view

        def metered(*args: Any) -> Any:
            tally.calls += 1
            if tally.calls > tally.most_calls:
                raise TooManyCalls
            result = kernel(*args)
            if work is not None:
                tally.flops += work(result, *args)
            given: Any = None
            if isinstance(result, MetaArray):
                given = MeteredArray(result.shape, result.dtype, tally, args[0] if is_view else None)
            elif result is not None:
                given = [MeteredArray(each.shape, each.dtype, tally) for each in result]
            if scratch:
                size_bytes = scratch * _largest([*args, *(given if isinstance(given, list) else [given])])
                tally.take(size_bytes)
                tally.live_bytes -= size_bytes
            return given

        self[op] = metered
        return metered


def _largest(arrays: list[Any]) -> int:
    sizes: list[int] = [each.size * each.dtype.itemsize for each in arrays if isinstance(each, MetaArray)]
    return max(sizes)


def _metered(array: Any, tally: Tally) -> MeteredArray:
    return array if isinstance(array, MeteredArray) else MeteredArray(array.shape, array.dtype, tally)


def _product(result: MetaArray, a: MetaArray, *_: Any) -> int:
    return 2 * math.prod(result.shape) * a.shape[-1]


def _recurrent(passes: dict[int, int]) -> Callable[..., int]:
    """Every row meets the recurrent weight at each of these positions so many times."""

    def work(_: Any, rows: MetaArray, *others: Any) -> int:
        weights = [(others[at - 1], times) for at, times in passes.items()]
        return 2 * rows.shape[0] * sum(w.size * times for w, times in weights if isinstance(w, MetaArray))

    return work


def _attention(_: Any, q: MetaArray, k: MetaArray, v: MetaArray, *__: Any) -> int:
    return 2 * math.prod(q.shape[:-1]) * k.shape[-2] * (q.shape[-1] + v.shape[-1])


def _attention_grad(_: Any, __: MetaArray, q: MetaArray, k: MetaArray, v: MetaArray, *___: Any) -> int:
    # the scores again and the gradients of q and k; the gradients of the weights and of v
    return 2 * math.prod(q.shape[:-1]) * k.shape[-2] * (3 * q.shape[-1] + 2 * v.shape[-1])


def _per_filter(weight: MetaArray) -> int:
    return 2 * math.prod(weight.shape[1:])


def _conv(result: MetaArray, _: MetaArray, weight: MetaArray, *__: Any) -> int:
    return math.prod(result.shape) * _per_filter(weight)


def _conv_input_grad(_: Any, g: MetaArray, weight: MetaArray, *__: Any) -> int:
    return math.prod(g.shape) * _per_filter(weight)


def _conv_weight_grad(result: MetaArray, _: MetaArray, g: MetaArray, *__: Any) -> int:
    return math.prod(g.shape) * _per_filter(result)


# FLOPs of one call: from its result and its arguments
WORK: dict[str, Callable[..., int]] = {
    "matmul": _product,
    "linear": _product,
    "linear_no_bias": _product,
    "conv": _conv,
    "conv_no_bias": _conv,
    "conv_input_grad": _conv_input_grad,
    "conv_weight_grad": _conv_weight_grad,
    "rnn": _recurrent({2: 1}),
    "rnn_grad": _recurrent({3: 2}),
    "gru": _recurrent({2: 1}),
    "gru_grad": _recurrent({4: 2}),
    "lstm": _recurrent({3: 1, 4: 1}),
    "lstm_grad": _recurrent({7: 2, 8: 2}),
    "attention": _attention,
    "attention_grad": _attention_grad,
}
