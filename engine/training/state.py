"""Everything that a run needs to go on, as one safetensors file. Nothing is pickled."""

import os
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import CheckpointError
from engine.serialization import load, save
from engine.tensor import Tensor

FORMAT = "tensorkiln.training/1"


@dataclass
class Progress:
    """How far a run has come.

    step: steps done; epoch: epochs done; position: steps done in the epoch under way
    seen: samples trained on in that epoch; sums: over those samples, of the loss and of each metric
    summary: of the last epoch that ended
    generator: the state of the generator that dropout draws from
    """

    step: int
    epoch: int
    position: int
    seen: int
    sums: dict[str, float]
    summary: dict[str, float]
    generator: list[int]


@dataclass(frozen=True)
class TrainingState:
    """A run between two steps. It shares no memory with the run.

    weights: the module's state dict; optimizer, scheduler: theirs
    fingerprint: of what may not change between saving and going on: model, data treatment, optimizer, seed
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any] | None
    progress: Progress
    fingerprint: str

    @property
    def step(self) -> int:
        """Steps done since the run began."""
        return self.progress.step

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""
        return self.progress.epoch + 1

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all."""
        tree = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "weights": self.weights,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "progress": asdict(self.progress),
        }
        save(tree, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TrainingState":
        """Raises CheckpointError if the file isn't a training state."""
        try:
            tree = load(path)
            found = tree.get("format")
            if found != FORMAT:
                raise CheckpointError(f"{os.fspath(path)} holds {found or 'no training state'}, not {FORMAT}")
            progress = Progress(**tree["progress"])
            return cls(tree["weights"], tree["optimizer"], tree["scheduler"], progress, tree["fingerprint"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{os.fspath(path)} can't be read as a training state: {error}") from error
