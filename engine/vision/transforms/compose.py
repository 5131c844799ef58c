"""Several transforms as one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.data.transform import (
    RandomTransform,
    Transform,
    Uniforms,
    is_random,
    split_draws,
    whole_batch,
)
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy
from engine.vision.transforms.flips import check_p

__all__ = ["Compose", "Lambda", "RandomApply", "RandomChoice"]

Step = Callable[[Any], Any]


def _draws(transforms: Sequence[Step]) -> list[int]:
    return [t.draws if isinstance(t, RandomTransform) else 0 for t in transforms]


def _varied(transforms: Sequence[Step], samples: Any, u: Uniforms) -> Any:
    for transform, own in zip(transforms, split_draws(u, _draws(transforms)), strict=True):
        if is_random(transform):
            samples = transform.varied(samples, own)  # type: ignore[attr-defined]  # what is random has it
        else:
            samples = transform.batch(samples)  # type: ignore[attr-defined]  # the callers have seen to it
    return samples


def _still(transforms: Sequence[Step], samples: Any) -> Any:
    for transform in transforms:
        step: Any = transform
        samples = step.still(samples) if is_random(transform) else step.batch(samples)
    return samples


class Compose(RandomTransform):
    """The transforms one after the other.

    A transform is a function of one sample. One that also has a method `batch`, giving for stacked samples
    what stacking its results would give, is applied to whole batches.
    """

    def __init__(self, transforms: Sequence[Step]) -> None:
        if not transforms:
            raise ShapeError("Compose needs at least one transform")
        self.transforms = list(transforms)
        knows_batches = all(whole_batch(t) for t in self.transforms)
        self.draws = sum(_draws(self.transforms)) if knows_batches else 0
        if not knows_batches:
            self.batch = None  # type: ignore[method-assign,assignment]  # read by whole_batch

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def batch(self, samples: Any) -> Any:
        for transform in self.transforms:
            samples = transform.batch(samples)  # type: ignore[attr-defined]  # all have it: see __init__
        return samples

    def varied(self, samples: Any, u: Uniforms) -> Any:
        return _varied(self.transforms, samples, u)

    def still(self, samples: Any) -> Any:
        return _still(self.transforms, samples)

    def __repr__(self) -> str:
        return "Compose(\n" + "".join(f"    {t!r}\n" for t in self.transforms) + ")"


def _all_whole(transforms: Sequence[Step], name: str) -> list[Step]:
    if not transforms or not all(whole_batch(t) for t in transforms):
        raise ShapeError(f"{name} needs transforms that know whole batches (a method `batch`), at least one")
    return list(transforms)


def _replaced(samples: Any, chosen: Any, change: Step, name: str) -> Any:
    """Samples with those of chosen, [N], changed; what `change` gives must be of their kind."""
    if not chosen.any():
        return samples
    rows: Any = np.flatnonzero(chosen)
    rows = from_numpy(rows) if isinstance(samples, Tensor) else rows
    new = change(samples[rows])
    if len(rows) == len(samples):
        return new
    if type(new) is not type(samples) or new.shape[1:] != samples.shape[1:] or new.dtype != samples.dtype:
        raise ShapeError(
            f"{name}: what is transformed must stay of one kind with the rest, {samples.dtype} of shape "
            f"{tuple(samples.shape[1:])}, and became {new.dtype} of shape {tuple(new.shape[1:])}"
        )
    out = samples.clone() if isinstance(samples, Tensor) else samples.copy()
    out[rows] = new
    return out


class RandomApply(RandomTransform):
    """All transforms on each sample with probability p, or none. When measuring, none.

    p: probability
    """

    def __init__(self, transforms: Sequence[Step], p: float = 0.5) -> None:
        check_p(p, "RandomApply")
        self.transforms = _all_whole(transforms, "RandomApply")
        self.p = p
        self.draws = 1 + sum(_draws(self.transforms))

    def varied(self, samples: Any, u: Uniforms) -> Any:
        chosen = u[:, 0] < self.p
        return _replaced(samples, chosen, lambda x: _varied(self.transforms, x, u[chosen, 1:]), "RandomApply")


class RandomChoice(RandomTransform):
    """One of the transforms on each sample. When measuring, none.

    p: how likely each is, equally by default; scaled to add up to 1
    """

    def __init__(self, transforms: Sequence[Step], p: Sequence[float] | None = None) -> None:
        self.transforms = _all_whole(transforms, "RandomChoice")
        self.p = [1.0] * len(self.transforms) if p is None else list(p)
        if len(self.p) != len(self.transforms) or min(self.p) < 0 or sum(self.p) <= 0:
            raise ShapeError(f"RandomChoice: {len(self.transforms)} transforms need as many p, not {self.p}")
        self._counts = _draws(self.transforms)
        self.draws = 1 + sum(self._counts)

    def varied(self, samples: Any, u: Uniforms) -> Any:
        ends = np.cumsum(self.p) / sum(self.p)
        which = np.minimum(np.searchsorted(ends, u[:, 0], side="right"), len(ends) - 1)
        own = split_draws(u[:, 1:], self._counts)
        for number, transform in enumerate(self.transforms):
            chosen = which == number
            samples = _replaced(samples, chosen, _bound(transform, own[number][chosen]), "RandomChoice")
        return samples


def _bound(transform: Step, u: Uniforms) -> Step:
    return lambda x: _varied([transform], x, u)


class Lambda(Transform):
    """A function as a transform. It is given one sample, or in a batch all at once, [N, ...]."""

    def __init__(self, lambd: Step) -> None:
        if not callable(lambd):
            raise ShapeError(f"Lambda takes a function, not {lambd!r}")
        self.lambd = lambd

    def __call__(self, sample: Any) -> Any:
        return self.lambd(sample)

    def batch(self, samples: Any) -> Any:
        return self.lambd(samples)

    def __repr__(self) -> str:
        return "Lambda()"
