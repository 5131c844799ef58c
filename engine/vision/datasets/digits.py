"""The 8 x 8 digits that come with scikit-learn (Alpaydin and Kaynak, UCI optical recognition of digits)."""

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CheckpointError
from engine.vision.datasets.images import ImageDataset

_EVERY = 5  # every fifth of the 1,797 images is for testing


def _file() -> Path:
    """scikit-learn's data file; found without importing scikit-learn, which takes a second."""
    spec = importlib.util.find_spec("sklearn")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    raise CheckpointError(
        "the digits come with scikit-learn, which isn't installed: pip install scikit-learn"
    )


class Digits(ImageDataset):
    """8 x 8 handwritten digits: every fifth, 360, to test on, and the other 1,437 to train on.

    The file is in the order of its writers, so that a cut at its end would test on hands never seen.
    Pixels are scaled from scikit-learn's 0..16 to 0..255, so that transforms for photographs fit.

    data: uint8 [N, 8, 8]; targets: int64 [N]
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        with gzip.open(_file(), "rt") as rows:
            table = np.loadtxt(rows, delimiter=",", dtype=np.int64)
        kept = (np.arange(len(table)) % _EVERY != 0) == train
        pixels = np.rint(table[kept, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
        super().__init__(pixels, np.ascontiguousarray(table[kept, -1]), transform, target_transform)
        self.train = train
