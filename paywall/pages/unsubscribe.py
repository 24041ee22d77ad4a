"""Out of a venue's news: a page with a button, and the one POST that mail programs send."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from paywall.mailings.unsubscribe import Leaving
from paywall.pages.forms import posted
from paywall.pages.site import AnyRequest, Site


@get("/unsubscribe/{token:str}", opt={"public": True})
async def ask(
    token: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What a mail's link leads to: a button. Opening the page changes nothing."""
    leaving = await site.parts.unsubscribes.who(token)
    return await _page(request, site, leaving, token, done="")


@post("/unsubscribe/{token:str}", opt={"public": True, "cross_site": True}, status_code=200)
async def stop(
    token: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The button, or a mail program's one click (RFC 8058): no log-in, no cookie, at once.

    It rests on the signed address alone, so that other sites may send it.
    """
    typed = await posted(request)
    everywhere = typed.get("everywhere") == "yes"
    leaving = await site.parts.unsubscribes.stop(token, everywhere=everywhere)
    return await _page(request, site, leaving, token, done="everywhere" if everywhere else "here")


async def _page(
    request: AnyRequest, site: Site, leaving: Leaving, token: str, *, done: str
) -> Response[bytes]:
    return await site.page(
        request,
        "unsubscribe.html",
        venue=leaving.venue,
        headers={"Referrer-Policy": "no-referrer"},
        email=leaving.email,
        token=token,
        done=done,
    )
