"""The API's own description, for programs and for people."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.serialization import encode_json

from paywall.http.assets import asset_url
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


# Swagger UI needs no inline script and no eval. It draws its icons as data: images, which the
# general policy allows, and it puts style attributes on elements through the DOM, which a policy
# does not govern. So /docs keeps the policy of every other page.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API explorer</title>
<link rel="icon" href="{icon}">
<link rel="stylesheet" href="{style}">
<script type="module" src="{script}"></script>
</head>
<body>
<main id="explorer"></main>
<noscript>The explorer needs JavaScript. The description itself is at
<a href="/openapi.json">/openapi.json</a>.</noscript>
</body>
</html>
"""


@get(
    "/docs",
    opt={"public": True},
    include_in_schema=False,
    media_type="text/html",
    sync_to_thread=False,
)
def explorer() -> str:
    """Read the API and try it, in a page; everything in it is served by us."""
    return _PAGE.format(
        icon=asset_url("icon.svg"), style=asset_url("docs.css"), script=asset_url("docs.js")
    )


ROUTES = [description, explorer]
