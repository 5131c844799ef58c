"""What can be done with models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.spec import ModelReport, check_model
from service.errors import ModelNotFound, document_at
from service.models import queries
from service.models.schemas import Model, ModelFilter
from service.store import models, tables
from service.web.edge import Answer
from service.web.schemas import JsonObject, ResourceList
from service.web.times import rfc3339

UNNAMED = "unnamed"  # what a definition without a name is filed under
_ID = re.compile(r"mdl_[0-9a-z]{1,36}")


@dataclass(frozen=True)
class CheckedModel:
    """A definition that the engine has accepted."""

    name: str
    sha256: str
    report: ModelReport

    @property
    def definition(self) -> JsonObject:
        """Canonical."""
        return dict(self.report.definition)

    @property
    def cost(self) -> JsonObject:
        """Shapes, parameters and FLOPs, as the API shows them."""
        return {key: value for key, value in self.report.to_dict().items() if key != "definition"}


def check(definition: Mapping[str, Any], at: str = "") -> CheckedModel:
    """Have the engine judge the definition that stands at the pointer `at` of the request.

    Raises InvalidDefinition.
    """
    with document_at(at):
        report = check_model(definition)
    name = report.definition.get("name") or UNNAMED
    return CheckedModel(name, report.sha256, report)


def add(session: Session, checked: CheckedModel) -> Answer:
    """Store a definition: 201 with the new model, or 200 with the one that has this content already."""
    row, new = models.add(session, checked.name, checked.sha256, checked.definition, checked.cost)
    model = show(row)
    return Answer(model, 201 if new else 200, {"location": f"/v1/models/{model.id}"})


def get(session: Session, model_id: str) -> Model:
    return show(find(session, model_id))


def find(session: Session, model_id: str) -> tables.Model:
    """Raises ModelNotFound."""
    row = models.get(session, model_id) if _ID.fullmatch(model_id) else None
    if row is None:
        raise ModelNotFound()
    return row


def remove(session: Session, model_id: str) -> None:
    """Raises ModelNotFound."""
    find(session, model_id)
    models.remove(session, model_id)


def page(session: Session, wanted: ModelFilter) -> ResourceList[Model]:
    rows = queries.page(session, wanted.after, wanted.limit + 1, wanted.name)
    return ResourceList[Model].of(rows, wanted.limit, show, lambda row: row.id)


def show(row: tables.Model) -> Model:
    return Model(
        id=row.id,
        name=row.name,
        version=row.version,
        sha256=row.sha256,
        definition=row.definition,
        created_at=rfc3339(row.created_at),
        **row.report,
    )
