"""The Free Spoken Digit Dataset (Jackson et al.): 3,000 recordings of ten digits by six speakers, 8 kHz."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio.wav import load
from engine.data.dataset import Dataset
from engine.errors import CheckpointError
from engine.tensor import Tensor

_NAME = re.compile(r"(?:^|/)(\d)_([a-z]+)_(\d+)\.wav$")
_FOR_TESTING = 5  # the recordings 0 to 4 of each digit and speaker


class FSDD(Dataset):
    """Samples (waveform float32 [T], digit). T differs: pad_waveforms makes batches.

    root: the folder that holds recordings.zip, or the wav files in it or in recordings/
    train: recordings 5 and up of each digit and speaker; otherwise, by the dataset's convention, 0 to 4
    transform, target_transform: applied to each waveform (float32 [T]) and digit (int)

    waveforms: a list of float32 [T]; targets: int64 [N]; speakers: a list of names
    """

    sample_rate = 8000
    classes = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.root = Path(root)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self.waveforms: list[Tensor] = []
        self.speakers: list[str] = []
        digits = []
        for name, raw in _recordings(self.root, train):
            waveform, rate = load(io.BytesIO(raw))
            if rate != self.sample_rate:
                raise CheckpointError(f"{name} in {root} is sampled at {rate} Hz; FSDD's are at 8000 Hz")
            digit, speaker, _ = _parts(name)
            self.waveforms.append(waveform[0])
            self.speakers.append(speaker)
            digits.append(digit)
        self.targets = np.array(digits, np.int64)

    def __len__(self) -> int:
        return len(self.waveforms)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        waveform, target = self.waveforms[index], int(self.targets[index])
        return (
            waveform if self.transform is None else self.transform(waveform),
            target if self.target_transform is None else self.target_transform(target),
        )


def _parts(name: str) -> tuple[int, str, int]:
    match = _NAME.search(name)
    if match is None:
        raise CheckpointError(f"{name} isn't named as FSDD's recordings are: 3_theo_12.wav")
    return int(match[1]), match[2], int(match[3])


def _recordings(root: Path, train: bool) -> list[tuple[str, bytes]]:
    """Name and content of one split's wav files, in the order of digit, speaker and number."""
    archive = root / "recordings.zip"
    if archive.is_file():
        try:
            with zipfile.ZipFile(archive) as packed:
                kept = [name for name in packed.namelist() if _is_of(name, train)]
                found = [(name, packed.read(name)) for name in kept]
        except (OSError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{archive} can't be read: {error}") from None
    else:
        files = [*root.glob("*.wav"), *(root / "recordings").glob("*.wav")]
        found = [(path.name, path.read_bytes()) for path in files if _is_of(path.name, train)]
    if not found:
        raise CheckpointError(
            f"there is no recordings.zip in {root}, nor are there wav files named as FSDD's"
        )
    return sorted(found, key=lambda item: _parts(item[0]))


def _is_of(name: str, train: bool) -> bool:
    match = _NAME.search(name)
    return match is not None and (int(match[3]) >= _FOR_TESTING) == train
