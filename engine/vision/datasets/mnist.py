"""MNIST from its four idx files (LeCun, Cortes and Burges)."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import CheckpointError
from engine.vision.datasets.images import ImageDataset

_TYPES: dict[int, Any] = {0x08: np.uint8, 0x09: np.int8, 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> npt.NDArray[Any]:
    """The array in an idx file, plain or gzipped; raises CheckpointError if it isn't one."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise CheckpointError(f"{path} can't be read: {error}") from None
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _TYPES or len(raw) < 4 + 4 * raw[3]:
        raise CheckpointError(f"{path} is no idx file: it begins with {raw[:4].hex() or 'nothing'}")
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    dtype = np.dtype(_TYPES[raw[2]])
    start, size = 4 + 4 * raw[3], int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if len(raw) != start + size:
        raise CheckpointError(
            f"{path} should hold {size} bytes of data for shape {shape}, and has {len(raw) - start}"
        )
    array = np.frombuffer(raw, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


class MNIST(ImageDataset):
    """28 x 28 handwritten digits: 60,000 to train on, 10,000 to test on.

    root: the folder that holds the idx files, or torchvision's MNIST/raw/ beneath it; gzipped or not
    train: which of the two splits
    transform, target_transform: applied to each image (uint8 [28, 28]) and class (int)
    download: the engine knows no network, so the files must be there either way

    data: uint8 [N, 28, 28]; targets: int64 [N]
    """

    classes = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        kind = "train" if train else "t10k"
        name = type(self).__name__
        data = read_idx(_find(Path(root), name, f"{kind}-images-idx3-ubyte", download))
        targets = read_idx(_find(Path(root), name, f"{kind}-labels-idx1-ubyte", download))
        if data.ndim != 3 or targets.ndim != 1:
            raise CheckpointError(
                f"the files in {root} aren't {name}'s: shapes {data.shape} and {targets.shape}"
            )
        super().__init__(data, targets.astype(np.int64), transform, target_transform)
        self.root = Path(root)
        self.train = train


class FashionMNIST(MNIST):
    """28 x 28 pictures of clothes (Xiao et al.): 60,000 to train on, 10,000 to test on; in MNIST's files.

    root: the folder that holds the idx files, or torchvision's FashionMNIST/raw/ beneath it; gzipped or not
    The other arguments and the attributes are MNIST's.
    """

    classes = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )


def _find(root: Path, dataset: str, name: str, download: bool) -> Path:
    folders = (root, root / dataset / "raw", root / "raw")
    for folder in folders:
        # torchvision unpacks beside the archive; some mirrors write a dot before idx
        for each in (name, f"{name}.gz", name.replace("-idx", ".idx"), f"{name.replace('-idx', '.idx')}.gz"):
            if (folder / each).is_file():
                return folder / each
    hint = "; the engine doesn't download, so put the four files there" if download else ""
    raise CheckpointError(f"no {name} or {name}.gz in {', '.join(str(f) for f in folders)}{hint}")
