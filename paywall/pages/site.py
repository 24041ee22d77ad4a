"""What every page shares: who looks, in which language and currency, and how a page is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from sqlalchemy import func, select

from infra.kernel.errors import NotFound
from infra.kernel.money import exponent
from offers.tables import Price
from paywall.accounts.principal import NOBODY, Principal
from paywall.catalogue.tables import Mode, Venue
from paywall.http.client_address import is_direct_loopback
from paywall.http.parts import Parts
from paywall.pages.environment import make_environment
from paywall.pages.i18n import CONSOLE_LANGUAGES, Catalogues, Translator, negotiate
from paywall.pages.paths import path
from paywall.pages.unread import Reading

STATIC_DIR = Path(__file__).parent.parent / "static"
LANGUAGE_COOKIE = "pw_lang"
CURRENCY_COOKIE = "pw_cur"
INSTALLATION_NAME = "Paywall"
FACTS_LIFE_S = 5.0
HTML = "text/html"

AnyRequest = Request[Any, Any, Any]


class Facts(msgspec.Struct, frozen=True):
    """What pages show of the installation as a whole; a few seconds old at most."""

    currencies: tuple[str, ...] = ("EUR",)
    any_live: bool = False


class Visit(msgspec.Struct, frozen=True):
    """One reader of one page."""

    principal: Principal
    locale: Translator
    currency: str
    """What the reader chose; empty: whatever the venue's own is."""
    here: str


class Site:
    """Renders pages. One per process; what it keeps is a cache of rows."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.catalogues = Catalogues(exponent=exponent)
        self.environment = make_environment(STATIC_DIR, self.catalogues)
        self.reading = Reading(self.catalogues, self.environment)
        self._spoken = frozenset(one.code for one in self.catalogues.languages())
        self._negotiate = lru_cache(maxsize=2000)(_language)
        self._facts = Facts()
        self._read_at: float | None = None

    async def facts(self) -> Facts:
        """Currencies with a price, the most used first, and whether any venue takes real money."""
        now = self.parts.clock.monotonic()
        if self._read_at is None or now - self._read_at > FACTS_LIFE_S:
            used = select(Price.currency).group_by(Price.currency).order_by(func.count().desc())
            live = select(Venue.id).where(Venue.mode == Mode.LIVE).limit(1)
            async with self.parts.db.read() as tx:
                currencies = tuple(await tx.scalars(used))
                any_live = await tx.scalar(live) is not None
            self._facts = Facts(currencies or ("EUR",), any_live)
            self._read_at = now
        return self._facts

    def language(self, request: AnyRequest, preferred: str = "", *, console: bool = False) -> str:
        return self._negotiate(
            self._spoken & CONSOLE_LANGUAGES if console else self._spoken,
            preferred,
            request.cookies.get(LANGUAGE_COOKIE, "")[:20],
            request.headers.get("accept-language", "")[:300],
        )

    def known_language(self, code: str) -> str:
        """The language itself where we carry it, else the source's."""
        return self._negotiate(self._spoken, code, "", "")

    def visit(self, request: AnyRequest, *, console: bool = False) -> Visit:
        """Who looks; the browser's own choice of a language stands before the account's."""
        principal = request.scope["state"].get("principal", NOBODY)
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")[:20]
        code = self.language(request, chosen or principal.locale, console=console)
        query = request.scope["query_string"].decode("latin-1")
        return Visit(
            principal=principal,
            locale=self.catalogues.translator(code),
            currency=currency_of(request),
            here=request.scope["path"] + (f"?{query}" if query else ""),
        )

    def html(
        self,
        visit: Visit,
        template: str,
        facts: Facts,
        venue: Venue | None,
        values: Mapping[str, Any],
    ) -> str:
        """The rendered page: the shell of base.html around the template."""
        testing = venue.mode is Mode.TEST if venue is not None else not facts.any_live
        shown = visit.currency if visit.currency in facts.currencies else ""
        account = visit.principal if visit.principal.is_person else None
        shell = {
            "locale": visit.locale,
            "mode": "test" if testing else "live",
            "here": visit.here,
            "installation": {"name": INSTALLATION_NAME},
            "currency": shown or (venue.currency if venue is not None else facts.currencies[0]),
            "currencies": sorted({*facts.currencies, *([venue.currency] if venue else [])}),
            "account": None if account is None else {"name": "", "email": account.email},
            "venue": None if venue is None else venue_shell(venue),
            "notices": [],
            "panel": True,
            "visit_page": "",
            "visit_event": "",
        }
        return self.environment.get_template(template).render({**shell, **values})

    async def page(
        self,
        request: AnyRequest,
        template: str,
        *,
        venue: Venue | None = None,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        headers: Mapping[str, str] | None = None,
        visit: Visit | None = None,
        **values: Any,
    ) -> Response[bytes]:
        """The answer with a page made for this reader alone; nothing on its way keeps it.

        `visit` is given where the address itself says in which language.
        """
        text = self.html(visit or self.visit(request), template, await self.facts(), venue, values)
        return Response(
            text.encode(),
            status_code=status,
            media_type=HTML,
            headers={"Cache-Control": "no-store", **(headers or {})},
            cookies=list(cookies),
        )

    def last_facts(self) -> Facts:
        """For error pages, which must not ask a database that may be the error."""
        return self._facts

    async def require_dev(self, request: AnyRequest) -> None:
        """/dev/* is there only while no venue is live, and for this machine alone (law 13)."""
        near = self.parts.settings.dev_pages_anywhere or is_direct_loopback(request.scope)
        if not near or (await self.facts()).any_live:
            raise NotFound("page")


def venue_shell(venue: Venue) -> dict[str, Any]:
    """The venue as base.html shows it. The accent is in the address, so that it can be kept."""
    return {
        "name": venue.name,
        "slug": venue.slug,
        "url": path("venue", venue=venue.slug),
        "logo_url": None,
        "theme_url": path("venue_theme", venue=venue.slug) + f"?c={venue.accent.lstrip('#')}",
        "terms_url": venue.terms_url or path("venue_terms", venue=venue.slug),
        "imprint_url": path("venue_imprint", venue=venue.slug),
        "privacy_url": path("venue_privacy", venue=venue.slug),
        "help_url": path("venue_help", venue=venue.slug),
    }


def currency_of(request: AnyRequest) -> str:
    code = request.cookies.get(CURRENCY_COOKIE, "")
    return code if len(code) == 3 and code.isascii() and code.isupper() else ""


def _language(among: frozenset[str], preferred: str, cookie: str, accepted: str) -> str:
    return negotiate(preferred=preferred, cookie=cookie, accept_language=accepted, among=among)


async def provide_site(request: AnyRequest) -> Site:
    """The dependency `site` of page handlers."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site
