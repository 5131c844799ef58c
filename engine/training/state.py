"""Everything that a run needs to go on: one safetensors file with its metadata as JSON inside. Nothing is pickled."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from engine.errors import CheckpointError

FORMAT = "tensorkiln.training/1"

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class TrainingState:
    """A run between two steps.

    weights: the module's state dict
    optimizer: the optimizer's tensors, keyed "{parameter index}.{name}"
    progress: JSON-safe: step, epoch (from 0), position (steps done in the epoch), running sums, the optimizer's
        and scheduler's numbers, the generator's state, the last summary
    job_sha256: of the job and model, so that a state isn't restored into another run
    """

    weights: Arrays
    optimizer: Arrays
    progress: dict[str, Any]
    job_sha256: str
    random: Arrays = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Steps done since the run began."""
        return int(self.progress["step"])

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1."""
        return int(self.progress["epoch"]) + 1

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole or not at all."""
        arrays = {
            f"{group}/{key}": value
            for group in ("weights", "optimizer", "random")
            for key, value in getattr(self, group).items()
        }
        head = {"format": FORMAT, "job_sha256": self.job_sha256, "progress": json.dumps(self.progress)}
        write_safetensors(arrays, path, head)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TrainingState":
        """Raises CheckpointError if the file isn't a training state."""
        groups: dict[str, dict[str, NDArray[Any]]] = {"weights": {}, "optimizer": {}, "random": {}}
        try:
            with safe_open(os.fspath(path), framework="numpy") as file:
                head = file.metadata() or {}
                if head.get("format") != FORMAT:
                    raise CheckpointError(f"{path} holds {head.get('format', 'no format')}, not {FORMAT}")
                for key in file.keys():  # noqa: SIM118 - safe_open is no mapping
                    group, _, name = key.partition("/")
                    groups[group][name] = file.get_tensor(key)
                progress = json.loads(head["progress"])
                return cls(**groups, progress=progress, job_sha256=head["job_sha256"])
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise CheckpointError(f"{path} can't be read as a training state: {error}") from error


def write_safetensors(arrays: Arrays, path: str | os.PathLike[str], metadata: dict[str, str]) -> None:
    """Write to a temporary name beside `path`, flush to disk, then rename."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        save_file({key: np.asarray(value, order="C") for key, value in arrays.items()}, temporary, metadata)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
