"""Rows of the random ops, whose keys are read as the call is made."""

from engine.backends.native.rows import FLOAT32, FLOAT64, INT64, MOST_AXES, Array, Native, Row, Shape
from engine.dtypes import DType


def _key(key: Array) -> bool:
    return key.dtype is INT64 and key.shape == (3,)


def random_uniform(key: Array, shape: Shape, dtype: DType) -> Native | None:
    if dtype.numpy not in (FLOAT32, FLOAT64) or not _key(key):
        return None
    return Native("random_uniform", (key,), ((tuple(shape), dtype.numpy),))


def random_normal(key: Array, shape: Shape, dtype: DType) -> Native | None:
    if dtype.numpy is not FLOAT32 or not _key(key):
        return None
    return Native("random_normal", (key,), ((tuple(shape), FLOAT32),))


def bernoulli(p: Array, key: Array) -> Native | None:
    if p.dtype is not FLOAT32 or p.ndim > MOST_AXES or not _key(key):
        return None
    return Native("bernoulli", (p, key), ((p.shape, FLOAT32),))


def dropout(x: Array, key: Array, p: float) -> Native | None:
    if x.dtype is not FLOAT32 or x.ndim > MOST_AXES or not _key(key):
        return None
    return Native("dropout", (x, key), ((x.shape, FLOAT32),), (), (p,))


ROWS: dict[str, Row] = {
    "random_uniform": random_uniform,
    "random_normal": random_normal,
    "bernoulli": bernoulli,
    "dropout": dropout,
}
