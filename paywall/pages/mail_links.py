"""A link of a marketing mail: counted, and led on to where the mail said."""

from __future__ import annotations

import contextlib

from litestar import Response, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath

from infra.kernel.away import DatabaseAway
from paywall.crm.visit_signs import is_machine
from paywall.pages.site import AnyRequest, Site
from paywall.pages.visits import refused


@route(
    "/l/{token:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt={"public": True},
    status_code=302,
)
async def follow(
    token: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Leads on in any case; only a person's own step is counted, and only once a mail."""
    clicks = site.parts.clicks
    link = clicks.opened(token)
    if request.method == "GET" and not is_machine(request.headers) and not refused(request):
        with contextlib.suppress(DatabaseAway):  # the reader goes on all the same
            await clicks.follow(link)
    headers = {
        "Location": link.url,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    return Response(b"", status_code=302, media_type="text/plain", headers=headers)
