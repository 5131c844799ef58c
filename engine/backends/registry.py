"""The seam between mathematics and machines: a backend is a table of kernels.

A kernel is a function `kernel(*arrays, *attrs)` that returns one array, or a tuple of arrays where the op
has several outputs. What an array is, the backend decides; it must have `shape` and `dtype`. Kernels
trust their operands: promotion has happened, and where a kernel fails, the meta kernel of the same name
is asked for the explanation.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from engine.errors import EngineError, MissingKernel

Kernel = Callable[..., Any]


class Array(Protocol):
    """What every backend's arrays have."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...


class KernelTable(dict[str, Kernel]):
    """Kernels by op name; a missing one fails by name."""

    def __init__(self, backend: str) -> None:
        super().__init__()
        self.backend = backend

    def __missing__(self, op: str) -> Kernel:
        raise MissingKernel(op, self.backend)

    def add(self, family: Mapping[str, Kernel]) -> None:
        twice = self.keys() & family.keys()
        if twice:
            raise EngineError(f"the {self.backend} backend defines {sorted(twice)} twice")
        self.update(family)


class WrappedTable(KernelTable):
    """The kernels of another table, each wrapped as it is looked up.

    wrap: from an op's name and its kernel to the kernel that stands in for it
    """

    def __init__(self, table: KernelTable, wrap: Callable[[str, Kernel], Kernel]) -> None:
        super().__init__(table.backend)
        self._table, self._wrap = table, wrap

    def __missing__(self, op: str) -> Kernel:
        made = self[op] = self._wrap(op, self._table[op])
        return made


class Backend:
    """A table of kernels with the way in and out of its arrays.

    array_type: the exact class of its arrays
    as_array: makes one of whatever a kernel may return (NumPy's ufuncs return scalars for 0-d results)
    from_numpy, to_numpy: conversion, without a copy where the memory can be shared
    widened: (kernel, name, arrays, attrs, mutated positions) -> results, for an op with an operand of half
        precision that is no view; None where the kernels themselves see to it
    """

    __slots__ = ("array_type", "as_array", "from_numpy", "kernels", "name", "to_numpy", "widened")

    def __init__(
        self,
        name: str,
        families: Iterable[Mapping[str, Kernel]],
        array_type: type,
        as_array: Callable[[Any], Any],
        from_numpy: Callable[[Any], Any],
        to_numpy: Callable[[Any], Any],
        widened: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.kernels = KernelTable(name)
        for family in families:
            self.kernels.add(family)
        self.array_type = array_type
        self.as_array = as_array
        self.from_numpy = from_numpy
        self.to_numpy = to_numpy
        self.widened = widened


def threads() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
