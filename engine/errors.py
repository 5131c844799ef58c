"""What can go wrong in the engine, as one tree.

EngineError                     (also a RuntimeError, so that scripts written for PyTorch keep catching it)
├── ShapeError                  axes that don't fit together
├── DTypeError                  a dtype that the operation isn't defined for     (also a TypeError)
│   └── Mismatch                operands of which one is no tensor
├── IndexError_                 an index or a class outside its range            (also an IndexError)
├── DeviceError                 an unknown device, or tensors on different ones
├── MissingKernel               a backend that doesn't implement an op
├── NotDifferentiable           a gradient that doesn't exist, or can't be computed any more
├── NonFinite                   NaN or infinity where training can't go on
├── OutOfMemory                 more memory than there is, or than is allowed     (also a MemoryError)
├── CheckpointError             a file or state dict that doesn't fit what it is loaded into
│   └── MissingFile             a file that isn't there                           (also a FileNotFoundError)
└── SpecError                   a definition that isn't valid, with every problem found

A message says what was given, what was expected and what to do.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class EngineError(RuntimeError):
    """Anything that the engine refuses to do."""


class ShapeError(EngineError):
    """Shapes that don't fit together, or don't fit the operation."""


class DTypeError(EngineError, TypeError):
    """A dtype that the operation isn't defined for."""


class Mismatch(DTypeError):
    """What an operator says of its operands; a function says it again, naming itself and the argument."""


class IndexError_(EngineError, IndexError):
    """An index, axis or class label outside its range."""


class DeviceError(EngineError):
    """A device that doesn't exist here, or operands that live on different ones."""


class MissingKernel(EngineError):
    """The backend has no kernel for the op."""

    def __init__(self, op: str, backend: str) -> None:
        super().__init__(
            f"the {backend} backend has no kernel for the op {op!r}; move the tensors to a device whose "
            f"backend has one, or add it to engine/backends/{backend}"
        )
        self.op = op
        self.backend = backend


class NotDifferentiable(EngineError):
    """There is no gradient here: no rule, no graph, a freed graph or an overwritten value."""


class NonFinite(EngineError):
    """NaN or infinity where training can't go on."""


class OutOfMemory(EngineError, MemoryError):
    """More memory is asked for than there is, or than is allowed."""


class CheckpointError(EngineError):
    """A checkpoint or state dict that can't be read, or doesn't fit its target."""


class MissingFile(CheckpointError, FileNotFoundError):
    """A file that isn't there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint about a checked document.

    pointer: RFC 6901 JSON pointer into that document, "" for its root
    detail: what was given, and what would have been right
    """

    pointer: str
    detail: str


class SpecError(EngineError):
    """A definition isn't valid; `problems` holds everything found, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in self.problems))
