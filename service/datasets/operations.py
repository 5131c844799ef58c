"""What can be done with datasets."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.datasets import queries
from service.datasets.schemas import Dataset, DatasetPage
from service.errors import DatasetNotFound
from service.store import datasets, tables
from service.web.schemas import ResourceList
from service.web.times import rfc3339


def get(session: Session, name: str) -> Dataset:
    """Raises DatasetNotFound."""
    row = datasets.get(session, name) if "\x00" not in name else None
    if row is None:
        raise DatasetNotFound()
    return _show(row, whole=True)


def page(session: Session, wanted: DatasetPage) -> ResourceList[Dataset]:
    rows = queries.page(session, wanted.after, wanted.limit + 1)
    return ResourceList[Dataset].of(
        rows, wanted.limit, lambda row: _show(row, whole=False), lambda row: row.name
    )


def _show(row: tables.Dataset, whole: bool) -> Dataset:
    return Dataset.model_validate(
        {
            "id": row.name,
            "name": row.name,
            "title": row.title,
            "source": row.source,
            "state": row.state,
            "message": row.message,
            "schema": row.schema,
            "splits": row.splits,
            "preview": row.preview if whole else None,
            "created_at": rfc3339(row.created_at),
            "updated_at": rfc3339(row.updated_at),
        }
    )
