"""The embedded edge: playlists and segments, each request judged by arithmetic alone."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.di import NamedDependency

from entitlements.edge import Deny, denial_headers
from entitlements.edge import Request as EdgeRequest
from paywall.bridges.pull import OriginFailed
from paywall.http.parts import Parts

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".aac": "audio/aac",
}


@route(
    "/media/{rest:path}",
    http_method=["GET", "HEAD"],
    opt={"public": True, "media": True, "rate": "off", "quiet": True},
    include_in_schema=False,
)
async def serve(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[bytes]:
    """A media file, to whoever brings a token for it in the path or as a bearer."""
    await parts.playback.keys()
    edge = parts.playback.edge
    assert edge is not None
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    verdict = edge.check(
        EdgeRequest(
            path=raw.decode("latin-1").partition("?")[0],
            method=request.method,
            query=request.scope["query_string"].decode("latin-1"),
            authorization=request.headers.get("authorization", ""),
        ),
        parts.clock.machine(),
    )
    if isinstance(verdict, Deny):
        return Response(
            b"",
            status_code=verdict.status,
            headers={**denial_headers(), "X-Denied": verdict.code},
            media_type="text/plain",
        )
    try:
        found = await parts.media.read(verdict.path)
    except OriginFailed:
        return Response(b"", status_code=502, headers=dict(denial_headers()))
    if found is None:
        return Response(b"", status_code=404, headers=dict(denial_headers()))
    body, suffix = found
    cache = "no-cache" if suffix == ".m3u8" else "private, max-age=600"
    return Response(
        body,
        media_type=_TYPES.get(suffix, "application/octet-stream"),
        headers={"Cache-Control": cache, "Referrer-Policy": "no-referrer"},
    )
