"""Pictures in folders, one folder a class."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.dataset import Dataset
from engine.errors import CheckpointError, EngineError

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def read_image(path: str | Path) -> npt.NDArray[np.uint8]:
    """The picture in a file as uint8 [H, W, 3]; Pillow reads it. Raises CheckpointError if it can't."""
    try:
        from PIL import Image
    except ImportError:
        raise EngineError("pictures are read by Pillow: pip install tensorkiln[images]") from None
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGB"), np.uint8)
    except OSError as error:  # Pillow's own error is one
        raise CheckpointError(f"{path} can't be read as a picture: {error}") from None


class ImageFolder(Dataset):
    """Samples (picture, class) of root/CLASS/..., with folders within a class's folder; read when asked for.

    root: the folder of the classes' folders, which are numbered in the order of their names
    transform, target_transform: applied to each picture (uint8 [H, W, 3], or what the loader gives) and class
    loader: from a path to a picture
    extensions: of the files that are pictures, in lower case

    classes: the folders' names; class_to_idx: their numbers; samples: (path, number) of every picture
    """

    def __init__(
        self,
        root: str | Path,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[str], Any] = read_image,
        extensions: Sequence[str] = EXTENSIONS,
    ) -> None:
        self.root = Path(root)
        self.transform = transform
        self.target_transform = target_transform
        self.loader = loader
        folders = sorted(p for p in self.root.iterdir() if p.is_dir()) if self.root.is_dir() else []
        if not folders:
            raise CheckpointError(f"there are no folders of classes in {self.root}")
        self.classes = [folder.name for folder in folders]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        self.samples = [
            (str(path), self.class_to_idx[folder.name])
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower() in extensions and path.is_file()
        ]
        self.targets = [number for _, number in self.samples]
        empty = [name for name in self.classes if self.class_to_idx[name] not in set(self.targets)]
        if empty:
            raise CheckpointError(
                f"there are no pictures ({', '.join(extensions)}) of {', '.join(empty[:5])} in {self.root}"
            )

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        picture = self.loader(path)
        return (
            picture if self.transform is None else self.transform(picture),
            target if self.target_transform is None else self.target_transform(target),
        )
