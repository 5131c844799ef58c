"""What autocast does to ops: products compute in half precision, losses and their like in float32.

The lists are PyTorch's for the CPU (aten/src/ATen/autocast_mode.cpp). What is in neither computes in what it
is given, and tensors of several dtypes meet in the widest; kernels round once, so that a softmax or a norm of
half precision loses nothing inside. float64 stays float64.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from engine.autograd import tape
from engine.autograd.mode import MODE
from engine.autograd.tape import Variable
from engine.dtypes import NARROW, DType, float32, float64
from engine.errors import DTypeError
from engine.ops import Op
from engine.tensor.promotion import cast
from engine.tensor.refusals import STUMBLES, stumbled

P = ParamSpec("P")
R = TypeVar("R")

# ops that compute in autocast's dtype; a GRU, which blends its state with float32, does not
_PRODUCTS = "matmul linear linear_no_bias conv conv_no_bias attention rnn lstm"
IN_HALF = frozenset(_PRODUCTS.split())
# ops that compute in float32; functions that are composed of several are marked with `in_single`
_DELICATE = "mse l1 nll cross_entropy ctc prod inv solve cholesky pinv"
IN_SINGLE = frozenset(_DELICATE.split())


class Casting:
    """What one thread casts to, and the casts of leaves that are kept for the next use.

    dtype: of products; None while autocast is disabled
    kept: id of a leaf -> (leaf, version of its values, whether recorded, its cast); None where none are kept
    """

    __slots__ = ("dtype", "kept")

    def __init__(self, dtype: DType | None, kept: dict[int, tuple[Any, int, bool, Any]] | None) -> None:
        self.dtype = dtype
        self.kept = kept

    def lowered(self, x: Any) -> Any:
        """x in autocast's dtype, where it is of single or half precision."""
        now = x._data.dtype
        if self.dtype is None or (now != float32.numpy and now not in NARROW):
            return x
        if self.kept is None or not x._requires or x._node is not None or now != float32.numpy:
            return cast(x, self.dtype)
        version = 0 if x._version is None else x._version.values
        known = self.kept.get(id(x))
        if known is None or known[1:3] != (version, MODE.enabled):
            known = self.kept[id(x)] = (x, version, MODE.enabled, cast(x, self.dtype))
        return known[3]


def widened(x: Any) -> Any:
    """A tensor of half precision in float32; anything else itself."""
    tensor: Any = x
    return cast(tensor, float32) if isinstance(x, Variable) and x._data.dtype in NARROW else x


def _prepared(op: Op, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands that an op takes instead of these, under the calling thread's autocast."""
    casting = MODE.casting
    if casting is None or casting.dtype is None:
        return inputs
    if op.name in IN_HALF:
        lowered = tuple([casting.lowered(x) for x in inputs])
        dtypes = {x._data.dtype for x in lowered}
        if float64.numpy in dtypes and dtypes & NARROW:
            raise DTypeError(
                f"{op.name}: autocast leaves float64 alone, so its operands differ; convert them"
            )
        return lowered
    if op.name in IN_SINGLE:
        return tuple([widened(x) for x in inputs])
    return inputs


_blocks = 0
_lock = threading.Lock()


def _count(change: int) -> None:
    """One more or one less block, of any thread, under which ops have to be looked at."""
    global _blocks
    with _lock:
        _blocks += change
        tape.prepare_operands(_prepared if _blocks else None)


class casting:
    """Within the block, the calling thread casts to `dtype`; not at all, where that is None.

    keep: keep the casts of leaves that require grad until the outermost block ends
    """

    def __init__(self, dtype: DType | None, keep: bool = True) -> None:
        self.dtype = dtype
        self.keep = keep
        self._before: list[Casting | None] = []

    def __enter__(self) -> None:
        before = MODE.casting
        kept = before.kept if before is not None and before.kept is not None else {}
        self._before.append(before)
        self.begin(Casting(self.dtype, kept if self.keep else None))

    def begin(self, now: Casting | None) -> None:
        MODE.casting = now
        _count(1)

    def __exit__(self, *failure: object) -> None:
        MODE.casting = self._before.pop()
        _count(-1)


class casting_as(casting):
    """Within the block, cast as MODE.casting said elsewhere, for what is computed a second time."""

    def __init__(self, known: Casting | None) -> None:
        super().__init__(None if known is None else known.dtype)
        self.known = known

    def __enter__(self) -> None:
        self._before.append(MODE.casting)
        self.begin(self.known)


def under_autocast() -> bool:
    """Whether the calling thread's products are cast, so that their operands' dtypes needn't agree."""
    return MODE.casting is not None and MODE.casting.dtype is not None


def _called(function: Callable[..., R], change: Callable[[Any], Any], args: Any, kwargs: Any) -> R:
    """The function of changed tensors, inside of which nothing is cast."""

    def changed(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(changed(x) for x in value) if type(value) in (list, tuple) else value
        return change(value) if isinstance(value, Variable) else value

    new = [changed(x) for x in args]
    named = {name: changed(x) for name, x in kwargs.items()}
    with casting(None):
        return function(*new, **named)


def in_single(function: Callable[P, R]) -> Callable[P, R]:
    """Under autocast, let a function take tensors of half precision in float32, and cast nothing inside."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return _called(function, widened, args, kwargs) if under_autocast() else function(*args, **kwargs)
        except STUMBLES as error:
            stumbled(function, args, kwargs, error)
            raise

    return wrapped


def in_half(function: Callable[P, R]) -> Callable[P, R]:
    """Under autocast, let a function take its tensors in autocast's dtype."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if not under_autocast():
                return function(*args, **kwargs)
            return _called(function, MODE.casting.lowered, args, kwargs)
        except STUMBLES as error:
            stumbled(function, args, kwargs, error)
            raise

    return wrapped


def as_given(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function compute in what it is given, though it is made of ops that autocast casts."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            if not under_autocast():
                return function(*args, **kwargs)
            return _called(function, lambda x: x, args, kwargs)
        except STUMBLES as error:
            stumbled(function, args, kwargs, error)
            raise

    return wrapped
