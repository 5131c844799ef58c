"""/v1/datasets"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.datasets import operations
from service.datasets.schemas import Dataset, DatasetPage
from service.errors import DatasetNotFound, InvalidRequest
from service.problems import responses
from service.web.context import InStore
from service.web.routes import StrictRoute
from service.web.schemas import ResourceList

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=StrictRoute)


@router.get(
    "",
    operation_id="listDatasets",
    summary="List datasets",
    response_model=ResourceList[Dataset],
    responses=responses(InvalidRequest),
)
def list_datasets(wanted: Annotated[DatasetPage, Query()], store: InStore) -> ResourceList[Dataset]:
    """Every dataset by name, without previews."""
    with store.read() as session:
        return operations.page(session, wanted)


@router.get(
    "/{name}",
    operation_id="getDataset",
    summary="Show a dataset",
    response_model=Dataset,
    responses=responses(DatasetNotFound),
)
def get_dataset(
    name: Annotated[str, Path(description="The dataset's name.", examples=["mnist"])], store: InStore
) -> Dataset:
    """One dataset: whether it is ready, the shape of its samples, how many there are, and a few of them."""
    with store.read() as session:
        return operations.get(session, name)
