"""What a failed job tells its user: the one place that maps exceptions to a job's `error`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.errors import CheckpointError, EngineError, NonFinite, SpecError


@dataclass(frozen=True)
class Failure:
    """A job's `error`: `category` tells whether the user or we have something to mend."""

    code: str
    message: str
    param: str | None
    category: Literal["user", "server"]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def describe(error: BaseException, memory_mb: int) -> Failure:
    """The failure that this exception of a runner's means."""
    if isinstance(error, NonFinite):
        return Failure("non_finite_loss", str(error), "/optimizer/lr", "user")
    if isinstance(error, SpecError):
        first = error.problems[0]
        return Failure("invalid_job", first.detail, first.pointer, "user")
    if isinstance(error, MemoryError):
        limit = f" of {memory_mb} MB" if memory_mb else ""
        message = f"the job needs more memory than its limit{limit}: lower batch_size or the model's size"
        return Failure("out_of_memory", message, "/batch_size", "user")
    if isinstance(error, CheckpointError):
        return Failure("checkpoint_unreadable", str(error), None, "server")
    if isinstance(error, EngineError):
        return Failure("engine_error", str(error), None, "user")
    return Failure(
        "internal_error", "the training stopped on an error of ours; the worker's log has it", None, "server"
    )
