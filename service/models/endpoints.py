"""/v1/models"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from service.errors import (
    InvalidDefinition,
    InvalidRequest,
    KeyReused,
    ModelNotFound,
    RequestInFlight,
)
from service.models import operations
from service.models.schemas import EXAMPLE_DEFINITION, Definition, Model, ModelFilter
from service.problems import BODY_ERRORS, responses
from service.web.context import InStore
from service.web.edge import AtEdge
from service.web.routes import StrictRoute
from service.web.schemas import ResourceList

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)
ModelId = Annotated[str, Path(description="The model's id.", examples=["mdl_01m3kd8v9a2s4w6y8h0jk2mn"])]


@router.post(
    "",
    operation_id="createModel",
    summary="Store a model definition",
    status_code=201,
    response_model=Model,
    responses={
        200: {"description": "A model with this content was there already.", "model": Model},
        **responses(*BODY_ERRORS, InvalidRequest, InvalidDefinition, KeyReused, RequestInFlight),
    },
)
def create_model(
    definition: Annotated[Definition, Body(openapi_examples={"layers": {"value": EXAMPLE_DEFINITION}})],
    edge: AtEdge,
) -> Response:
    """Check a definition layer by layer and store it. The same content is the same model, whoever sends it;
    another content under the same name is the next version of that name."""
    return edge.post(lambda session: operations.check(definition), operations.add)


@router.get(
    "",
    operation_id="listModels",
    summary="List models",
    response_model=ResourceList[Model],
    responses=responses(InvalidRequest),
)
def list_models(wanted: Annotated[ModelFilter, Query()], store: InStore) -> ResourceList[Model]:
    """The stored models, newest first."""
    with store.read() as session:
        return operations.page(session, wanted)


@router.get(
    "/{model_id}",
    operation_id="getModel",
    summary="Show a model",
    response_model=Model,
    responses=responses(ModelNotFound),
)
def get_model(model_id: ModelId, store: InStore) -> Model:
    """One model with its shapes, parameters and cost."""
    with store.read() as session:
        return operations.get(session, model_id)


@router.delete(
    "/{model_id}",
    operation_id="deleteModel",
    summary="Delete a model",
    status_code=204,
    responses=responses(ModelNotFound),
)
def delete_model(model_id: ModelId, store: InStore) -> Response:
    """Forget a model. Jobs that used it keep their own copy of the definition."""
    with store.write() as session:
        operations.remove(session, model_id)
    return Response(status_code=204)
