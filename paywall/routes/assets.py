"""Scripts, styles and fonts that the web build made, for pages."""

from __future__ import annotations

import mimetypes

from litestar import get
from litestar.params import FromPath
from litestar.response import File

from infra.kernel.errors import NotFound
from paywall.http.assets import URL, asset_file


@get(
    f"{URL}/{{name:str}}",
    opt={"public": True, "rate": "off", "quiet": True},
    include_in_schema=False,
    sync_to_thread=True,
)
def serve(name: FromPath[str]) -> File:
    """A built file. Its name changes with its content, so browsers may keep it for ever."""
    file = asset_file(name)
    if file is None:
        raise NotFound("file")
    return File(
        path=file,
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        content_disposition_type="inline",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


ROUTES = [serve]
