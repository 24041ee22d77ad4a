"""/dev/components: every component in every state, with sample data. Developers only."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import NotFound
from paywall.pages.samples import poster_files, specimens
from paywall.pages.site import AnyRequest, Site


@get("/dev/components", opt={"public": True})
async def components(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The pattern book that tests photograph."""
    await site.require_dev(request)
    return await site.page(request, "components.html", sample=specimens())


@get("/dev/posters/{name:str}", opt={"public": True})
async def sample_poster(
    name: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """A poster of the sample data."""
    await site.require_dev(request)
    svg = poster_files().get(f"posters/{name}")
    if svg is None:
        raise NotFound("poster")
    return Response(svg.encode(), media_type="image/svg+xml")
