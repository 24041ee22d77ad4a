"""/static: built files, kept by browsers for ever by the hash in their names."""

from __future__ import annotations

from litestar import Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import NotFound
from paywall.pages.site import AnyRequest, Site


@route(
    "/static/dist/{name:str}",
    http_method=["GET", "HEAD"],
    opt={"public": True, "rate": "off", "quiet": True},
    sync_to_thread=False,
)
def serve(name: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One file, packed where the browser takes that."""
    asset = site.assets.get(name)
    if asset is None:
        raise NotFound("file")
    headers = {"Cache-Control": asset.cache}
    body = asset.body
    if asset.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = asset.packed
    return Response(body, media_type=asset.kind, headers=headers)
