"""Trading time for memory: what the gradient needs of a part of a network is computed again when it needs it.

As PyTorch's `torch.utils.checkpoint`, whose non-reentrant way this is: the graph keeps numbered places
instead of tensors, and the first of them that is asked for runs the function a second time (Chen et al.
2016).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from engine.autograd.graph import saved_tensors_hooks
from engine.autograd.mode import MODE, enable_grad
from engine.errors import EngineError
from engine.nn.containers import Sequential
from engine.tensor import Tensor
from engine.tensor.casting import casting_as
from engine.tensor.random import get_rng_state, set_rng_state

__all__ = ["checkpoint", "checkpoint_sequential"]

Contexts = tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]


def _no_contexts() -> Contexts:
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = _no_contexts,
    determinism_check: Literal["default", "none"] = "default",
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose intermediate tensors are forgotten and computed again for the
    gradient.

    use_reentrant: both of PyTorch's ways are this one here, which works wherever either of them does
    context_fn: gives the context managers of the first run and of the second
    determinism_check: "default" compares the shapes and dtypes of the two runs
    preserve_rng_state: give the second run the random numbers of the first
    """
    if determinism_check not in ("default", "none"):
        raise EngineError(
            f"checkpoint: determinism_check must be 'default' or 'none', not {determinism_check!r}"
        )
    first, second = context_fn()
    state = get_rng_state() if preserve_rng_state else None
    run = _Run(lambda: function(*args, **kwargs), second, state, determinism_check == "default")
    with saved_tensors_hooks(run.pack, run.unpack), first:
        return function(*args, **kwargs)


class _Run:
    """One checkpointed call.

    described: shape and dtype of each tensor that the first run gave up, in order
    again: the same tensors of the second run, each until it was asked for
    """

    def __init__(
        self,
        call: Callable[[], Any],
        context: contextlib.AbstractContextManager[Any],
        rng_state: Tensor | None,
        compared: bool,
    ) -> None:
        self.call = call
        self.context = context
        self.rng_state = rng_state
        self.compared = compared
        self.casting = MODE.casting
        self.described: list[tuple[tuple[int, ...], Any]] = []
        self.again: dict[int, Tensor] = {}

    def pack(self, x: Tensor) -> int:
        self.described.append((tuple(x.shape), x.dtype))
        return len(self.described) - 1

    def unpack(self, place: int) -> Tensor:
        if place not in self.again:
            self.recompute()
        # a second walk over a retained graph computes once more
        return self.again.pop(place)

    def recompute(self) -> None:
        found: list[Tensor] = []

        def keep(x: Tensor) -> Tensor:
            found.append(x)
            return x

        before = get_rng_state()
        if self.rng_state is not None:
            set_rng_state(self.rng_state)
        try:
            with (
                enable_grad(),
                saved_tensors_hooks(keep, lambda x: x),
                casting_as(self.casting),
                self.context,
            ):
                self.call()
        finally:
            if self.rng_state is not None:
                set_rng_state(before)
        if len(found) != len(self.described):
            raise EngineError(
                f"checkpoint: the function kept {len(self.described)} tensors in its first run and "
                f"{len(found)} in "
                "its second; it must do the same both times"
            )
        described = [(tuple(x.shape), x.dtype) for x in found]
        for k, (one, two) in enumerate(zip(self.described, described, strict=True)):
            if self.compared and one != two:
                raise EngineError(
                    f"checkpoint: kept tensor {k} was {one[1]} of shape {one[0]} in the first run and "
                    f"{two[1]} of shape "
                    f"{two[0]} in the second; the function must do the same both times"
                )
        self.again = dict(enumerate(found))


def checkpoint_sequential(
    functions: Sequential | Sequence[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """The functions one after the other in `segments` parts, of which all but the last are checkpointed."""
    steps: list[Callable[..., Any]]
    steps = list(functions.children()) if isinstance(functions, Sequential) else list(functions)
    if not 1 <= segments <= max(len(steps), 1):
        raise EngineError(f"checkpoint_sequential: {len(steps)} functions can't form {segments} segments")
    size = len(steps) // segments

    def run(part: list[Callable[..., Any]]) -> Callable[[Any], Any]:
        def through(x: Any) -> Any:
            for step in part:
                x = step(x)
            return x

        return through

    for k in range(segments - 1):
        part = run(steps[k * size : (k + 1) * size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return run(steps[(segments - 1) * size :])(input)
