"""Language and currency, as this browser wants them."""

from __future__ import annotations

from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from paywall.pages.forms import go, own_path, posted
from paywall.pages.i18n import LANGUAGES
from paywall.pages.site import CURRENCY_COOKIE, LANGUAGE_COOKIE, AnyRequest, Site

LIFE_S = 365 * 24 * 3600


@post("/preferences", opt={"public": True}, status_code=303)
async def choose(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Remember the choice in this browser and go back to where it was made."""
    form = await posted(request)
    cookies = []
    if form.get("language") in LANGUAGES:
        cookies.append(_cookie(site, LANGUAGE_COOKIE, form["language"]))
    if form.get("currency") in (await site.facts()).currencies:
        cookies.append(_cookie(site, CURRENCY_COOKIE, form["currency"]))
    return go(own_path(form.get("next", ""), "/"), *cookies)


def _cookie(site: Site, name: str, value: str) -> Cookie:
    secure = site.parts.settings.secure
    return Cookie(
        key=name, value=value, max_age=LIFE_S, path="/", secure=secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
