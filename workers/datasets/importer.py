"""`python -m workers.datasets.importer NAME FOLDER`: read a built-in dataset with the engine, write it out.

Writes `<split>.safetensors` (tensors x and y) and `dataset.json` into FOLDER. When the dataset can't be had
the reason is the only line on stdout, and the status 1.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from engine.errors import CheckpointError
from engine.spec import DatasetSchema
from engine.vision import datasets
from service.settings import Settings
from workers.datasets.mirrors import DownloadFailed, download_mnist

Split = tuple[NDArray[Any], NDArray[Any]]
PREVIEW_SAMPLES = 5


class Unavailable(Exception):
    """The dataset can't be had here; the message says why and what to do."""


def read_mnist(settings: Settings) -> tuple[dict[str, Split], str]:
    """MNIST from the data folder, else from an earlier download, else downloaded."""
    downloads = settings.datasets_dir / "mnist"
    given = settings.data_dir
    tried = "KILN_DATA_DIR is not set"
    for place in [downloads] if given is None else [given, given / "mnist", downloads]:
        try:
            return _read_mnist(place), f"read from {place}"
        except CheckpointError as error:
            if place == given:
                tried = f"KILN_DATA_DIR does not help ({error})"
    if not settings.download:
        raise Unavailable(f"{tried}, and downloads are switched off (KILN_DOWNLOAD)")
    try:
        download_mnist(downloads)
    except DownloadFailed as failure:
        raise Unavailable(f"{tried}, and {failure}") from failure
    return _read_mnist(downloads), "downloaded"


def read_digits(settings: Settings) -> tuple[dict[str, Split], str]:
    """The digits that scikit-learn carries, where it is installed."""
    try:
        splits = {name: datasets.Digits(train=name == "train") for name in ("train", "test")}
    except CheckpointError as missing:
        raise Unavailable(str(missing)) from missing
    return {name: (split.data, split.targets) for name, split in splits.items()}, "from scikit-learn"


def _read_mnist(folder: Path) -> dict[str, Split]:
    splits = {name: datasets.MNIST(folder, train=name == "train") for name in ("train", "test")}
    return {name: (split.data, split.targets) for name, split in splits.items()}


READERS = {"mnist": read_mnist, "digits": read_digits}


def describe(splits: dict[str, Split], message: str) -> dict[str, Any]:
    """What the dataset's row will hold."""
    x, y = splits["train"]
    classes = 1 + max(int(targets.max()) for _, targets in splits.values())
    schema = DatasetSchema(
        input_shape=tuple(x.shape[1:]),
        input_dtype=str(x.dtype),
        target_shape=tuple(y.shape[1:]),
        target_dtype=str(y.dtype),
        classes=classes,
        splits={name: len(targets) for name, (_, targets) in splits.items()},
    )
    counts = {name: np.bincount(targets, minlength=classes).tolist() for name, (_, targets) in splits.items()}
    samples = [{"input": x[i].tolist(), "target": y[i].tolist()} for i in range(min(PREVIEW_SAMPLES, len(x)))]
    preview = {"class_counts": counts, "samples": samples}
    return {"schema": schema.to_dict(), "preview": preview, "message": message}


def main(arguments: Iterable[str]) -> int:
    name, folder = arguments
    logging.basicConfig(level=logging.WARNING)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        splits, message = READERS[name](Settings())
    except Unavailable as reason:
        sys.stdout.write(f"{reason}\n")
        return 1
    for split, (x, y) in splits.items():
        save_file(
            {"x": np.ascontiguousarray(x), "y": y.astype(np.int64)}, Path(folder) / f"{split}.safetensors"
        )
    (Path(folder) / "dataset.json").write_text(json.dumps(describe(splits, message)))
    return 0


def _die_with_parent() -> None:
    """The worker holds our stdin open and writes nothing to it: its end means that the worker is gone."""
    while os.read(0, 1024):  # not sys.stdin: a thread inside a buffered reader aborts the interpreter's end
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
