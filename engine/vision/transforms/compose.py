"""One transform after the other."""

from collections.abc import Callable, Sequence
from typing import Any


def whole_batch(transform: Any) -> Callable[[Any], Any] | None:
    """The function that transforms a batch at once, or None where the transform knows only samples."""
    batch = getattr(transform, "batch", None)
    return batch if callable(batch) else None


class Compose:
    """The transforms one after the other.

    A transform is a function of one sample. One that also has a method `batch`, giving for stacked samples
    what stacking its results would give, is applied to whole batches.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)
        if all(whole_batch(t) for t in self.transforms):
            self.batch = self._batch

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def _batch(self, images: Any) -> Any:
        for transform in self.transforms:
            images = transform.batch(images)  # type: ignore[attr-defined]  # all have it: see __init__
        return images

    def __repr__(self) -> str:
        return "Compose(\n" + "".join(f"    {t!r}\n" for t in self.transforms) + ")"
