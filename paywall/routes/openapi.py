"""The API's own description, for programs and for people."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.serialization import encode_json

from paywall.http.openapi import document
from paywall.http.parts import Parts


@get("/openapi.json", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def description(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[bytes]:
    """OpenAPI 3.1. Made at the first request and kept: routes don't change while we run."""
    state = request.app.state
    if "openapi_json" not in state:
        made = document(request.app, version=version("paywall"), secure=parts.settings.secure)
        state.openapi_json = encode_json(made)
    return Response(
        state.openapi_json,
        media_type="application/json",
        headers={"Cache-Control": "public, max-age=300"},
    )
