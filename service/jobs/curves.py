"""A job's curves as JSON text, built column by column: a poll may carry tens of thousands of points."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
from sqlalchemy.orm import Session

from service.errors import Fault, InvalidRequest
from service.jobs.operations import find
from service.jobs.schemas import CurveQuery
from service.store import curves

MAX_RAW_POINTS = 200_000  # about 25 MB of JSON


def metrics(session: Session, job_id: str, wanted: CurveQuery) -> str:
    """The answer to a metrics poll (schemas.Metrics).

    Raises JobNotFound, and InvalidRequest for too many raw points.
    """
    find(session, job_id)
    keys = curves.keys(session, job_id)
    read = [
        curves.read(session, job_id, key, wanted.step_from, wanted.step_to, wanted.points)
        for key in keys
        if wanted.key in (None, key)
    ]
    if wanted.points is None and sum(len(curve.column) for curve in read) > MAX_RAW_POINTS:
        raise InvalidRequest(errors=[_too_many(sum(curve.total_points for curve in read))])
    head = {
        "object": "metrics",
        "job_id": job_id,
        "key": wanted.key,
        "keys": keys,
        "total_points": sum(curve.total_points for curve in read),
    }
    points = ",".join(point for curve in read for point in _points(curve))
    return f'{json.dumps(head)[:-1]}, "data": [{points}]}}'


def _points(curve: curves.Curve) -> Iterator[str]:
    column = curve.column
    key = json.dumps(column.key)
    stamps = np.datetime_as_string(column.timestamps_ms.astype("datetime64[ms]"), unit="ms").tolist()
    for step, value, stamp, epoch, attempt in zip(
        column.steps.tolist(),
        column.values.tolist(),
        stamps,
        column.epochs.tolist(),
        curve.attempts.tolist(),
        strict=True,
    ):
        number = repr(value) if math.isfinite(value) else "null"
        yield (
            f'{{"key":{key},"step":{step},"value":{number},"timestamp":"{stamp}Z","epoch":{epoch},"attempt":{attempt}}}'
        )


def _too_many(total: int) -> Fault:
    detail = (
        f"the range holds {total:,} points and {MAX_RAW_POINTS:,} can be had raw; "
        "give points=500, or narrow it with key, step_from and step_to"
    )
    return Fault("", detail, parameter="points", place="query")
