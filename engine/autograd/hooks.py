"""Functions that users hang on tensors and nodes, and the handles that take them away again."""

import weakref
from collections.abc import Callable, MutableMapping
from itertools import count
from types import TracebackType
from typing import Any

Hook = Callable[..., Any]

_numbers = count()


class RemovableHandle:
    """What registering a hook returns: `remove()`, or the end of a `with` block, takes the hook away."""

    def __init__(
        self,
        hooks: MutableMapping[int, Any],
        hook: Any,
        *others: MutableMapping[int, Any],
        first: bool = False,
    ) -> None:
        """others: tables in which the same number says something about the hook."""
        self.id = next(_numbers)
        self._tables = (hooks, *others)
        hooks[self.id] = hook
        if first:
            later = {number: each for number, each in hooks.items() if number != self.id}
            for number in later:
                del hooks[number]
            hooks.update(later)

    def remove(self) -> None:
        for table in self._tables:
            table.pop(self.id, None)

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class NodeHooks:
    """What hangs on a node.

    tensor: (slot of the result, function of its gradient), in the order of registration
    retained: result tensors whose .grad is to be kept, weakly
    before: functions of the gradients of the results; after: of (those of the operands, those of the results)
    made_at: where the node was recorded, under detect_anomaly
    """

    __slots__ = ("after", "before", "made_at", "metadata", "retained", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, tuple[int, Hook]] = {}
        self.retained: list[weakref.ref[Any]] = []
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
        self.made_at: list[str] | None = None
        self.metadata: dict[Any, Any] = {}


class LeafHooks:
    """What hangs on a leaf: functions of its gradient, and functions of itself once .grad has it.

    ever_made: whether any leaf has had hooks, so that walks needn't look where none has
    """

    __slots__ = ("after", "before")
    ever_made = False

    def __init__(self) -> None:
        LeafHooks.ever_made = True
        self.before: dict[int, Hook] = {}
        self.after: dict[int, Hook] = {}
