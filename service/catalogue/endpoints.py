"""/v1/layers, /v1/optimizers, /v1/losses, /v1/schedulers, /v1/transforms"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from service.catalogue.operations import KINDS, printed
from service.catalogue.schemas import Catalogue
from service.problems import responses
from service.web.routes import StrictRoute

router = APIRouter(prefix="/v1", tags=["catalogue"], route_class=StrictRoute)
_WORDS = {
    "layers": "layers and functions that a model definition may name",
    "optimizers": "optimizers that a job may name",
    "losses": "losses that a job may name",
    "schedulers": "learning-rate schedulers that a job may name",
    "transforms": "transforms that a job may pass its samples through",
}


def _endpoint(kind: str) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        page = printed(kind)
        headers = {"etag": page.etag, "cache-control": "public, max-age=300"}
        if page.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(page.text, headers=headers, media_type="application/json")

    return show


for _kind in KINDS:
    router.add_api_route(
        f"/{_kind}",
        _endpoint(_kind),
        operation_id=f"list{_kind.capitalize()}",
        summary=f"List {_kind}",
        description=f"The {_WORDS[_kind]}, each with the JSON schema of its arguments. Cacheable by ETag.",
        response_model=Catalogue,
        responses={304: {"description": "`If-None-Match` named what is here."}, **responses()},
    )
