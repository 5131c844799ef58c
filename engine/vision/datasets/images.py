"""Images with a class each, held in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.dataset import Dataset, Indices
from engine.data.transform import whole_batch
from engine.errors import ShapeError
from engine.tensor.creation import from_numpy


class ImageDataset(Dataset):
    """Samples (image, class); the transform turns an image into what the network takes.

    data: uint8 [N, H, W] or [N, H, W, C]; targets: int64 [N]
    """

    def __init__(
        self,
        data: npt.NDArray[Any],
        targets: npt.NDArray[np.int64],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if len(data) != len(targets):
            raise ShapeError(
                f"there are {len(data)} images and {len(targets)} classes; give one class per image"
            )
        self.data = data
        self.targets = targets
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.data[index], int(self.targets[index])
        return (
            image if self.transform is None else self.transform(image),
            target if self.target_transform is None else self.target_transform(target),
        )

    def fetch(self, indices: Indices) -> tuple[Any, Any] | None:
        """The batch at once, where the transform can; see engine.data.Batched."""
        if self.target_transform is not None:
            return None
        images: Any = self.data[indices]
        if self.transform is None:
            return from_numpy(images), from_numpy(self.targets[indices])
        transform = whole_batch(self.transform)
        return None if transform is None else (transform(images), from_numpy(self.targets[indices]))
