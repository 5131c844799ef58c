"""Pages for people: `/`, `/v1` and `/docs`, whose scripts come from this server, so they work offline."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

ASSETS = Path(fastapi_offline.__file__).parent / "static"
ASSETS_URL = "/docs/assets"


def install(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Tensorkiln API",
            swagger_js_url=f"{ASSETS_URL}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_URL}/swagger-ui.css",
            swagger_favicon_url="data:,",
            swagger_ui_parameters={
                "tryItOutEnabled": True,
                "displayRequestDuration": True,
                "validatorUrl": None,
            },
        )

    @app.get("/v1", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/docs")
        return JSONResponse(
            {
                "name": app.title,
                "version": app.version,
                "docs": "/docs",
                "openapi": "/openapi.json",
                "resources": sorted(path for path in app.openapi()["paths"] if "{" not in path),
            }
        )

    app.mount(ASSETS_URL, StaticFiles(directory=ASSETS), name="assets")
