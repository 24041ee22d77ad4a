"""What every page of the console works with: who asks, at which venue, in which language.

It renders, redirects and opens transactions; it decides nothing about the business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from infra.kernel.db import Tx
from infra.kernel.errors import Problem
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.roles import Permission
from paywall.catalogue import venues
from paywall.catalogue.tables import Venue
from paywall.http.acts import Act, act_at
from paywall.http.parts import Parts
from paywall.pages.console import flash, nav
from paywall.pages.console.flash import Said, Undo
from paywall.pages.console.typed import Typed
from paywall.pages.i18n import Translator
from paywall.pages.problem_words import detail_of
from paywall.pages.site import Site

HTML = "text/html; charset=utf-8"


def site_of(request: Request[Any, Any, Any]) -> Site:
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


def render(request: Request[Any, Any, Any], template: str, context: dict[str, Any]) -> str:
    """A template of the console with what all of them use."""
    from paywall.pages.console import words  # words makes cells, cells are made at desks

    found = site_of(request).environment.get_template(f"console/{template}")
    shared = {"state_text": words.state_text, "tone": words.tone, "words": words}
    return found.render(shared | context)


class Desk:
    """One request to the console. `venue` is None on pages of the installation and the person."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        parts: Parts,
        principal: Principal,
        venue: Venue | None,
    ) -> None:
        self.request = request
        self.parts = parts
        self.principal = principal
        self.place = venue.id if venue is not None else _place(request)
        self.locale: Translator = site_of(request).visit(request, console=True).locale
        self.gettext = self.locale.gettext
        self.machine_now: datetime = parts.clock.machine()
        self._venue = venue

    @property
    def venue(self) -> Venue:
        assert self._venue is not None, "this page belongs to no venue"
        return self._venue

    @property
    def now(self) -> datetime:
        """The venue's business time."""
        return self.parts.clock.now(self.venue.clock_offset_s)

    def may(self, permission: Permission) -> bool:
        return self.principal.may(permission, self.place)

    def url(self, path: str = "", **query: str) -> str:
        """An address under this venue's console, with the queries that are not empty."""
        asked = {name: value for name, value in query.items() if value}
        return nav.venue_url(self.place, path) + (f"?{urlencode(asked)}" if asked else "")

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """The template inside the console's shell; what was said on the way here is said once."""
        secure = self.parts.settings.secure
        told = self.request.cookies.get(flash.COOKIE, "")
        said = flash.read(self.parts.sealer, told)
        shown = {"desk": self, "locale": self.locale, "said": said, **self._shell(), **context}
        words = render(self.request, template, shown)
        return Response(
            words,
            status_code=status,
            media_type=HTML,
            headers={"Cache-Control": "no-store"},
            cookies=[flash.forget(secure=secure)] if told else [],
        )

    def _shell(self) -> dict[str, Any]:
        venue = self._venue
        menu = nav.menu(self.principal, self.place, self.gettext) if self.place else []
        return {
            "menu": menu,
            "mode": venue.mode.value if venue is not None else "",
            "venue": venue,
            "here": self.request.url.path,
        }

    def fragment(self, template: str, **context: Any) -> Response[str]:
        """A part of a page, for htmx."""
        words = render(self.request, template, {"desk": self, "locale": self.locale, **context})
        return Response(words, media_type=HTML, headers={"Cache-Control": "no-store"})

    def to(
        self,
        path: str,
        text: str = "",
        *,
        undo: Undo | None = None,
        secrets: Sequence[str] = (),
    ) -> Response[None]:
        """See other; `text` is what the next page says, with a way to undo and one-time secrets."""
        cookies: list[Cookie] = []
        if text:
            said = Said(text, undo, secrets=list(secrets))
            cookies.append(flash.keep(self.parts.sealer, said, secure=self.parts.settings.secure))
        return Response(
            None,
            status_code=303,
            headers={"Location": path, "Cache-Control": "no-store"},
            cookies=cookies,
        )

    async def typed(self) -> Typed:
        return Typed(list((await self.request.form()).multi_items()))

    def words_for(self, problem: Problem) -> str:
        """The problem's sentence in the reader's language, where the catalogue has it."""
        from paywall.pages.console.filled_sentences import in_words_of  # makes cells, as words do

        said = detail_of(self.locale, problem)
        return in_words_of(self.locale, problem) if said == problem.detail else said

    @asynccontextmanager
    async def act(self) -> AsyncIterator[Act]:
        """A write transaction at the venue, with its line in the audit log."""
        async with act_at(self.parts, self.principal, self.venue.id) as act:
            yield act

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Tx]:
        async with self.parts.db.read() as tx:
            yield tx


def _place(request: Request[Any, Any, Any]) -> str:
    return INSTALLATION if request.url.path.startswith("/console/installation") else ""


async def provide_desk(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Desk:
    """The dependency `desk`; NotFound where the path names a venue that is not there."""
    venue_id = request.path_params.get("venue_id")
    if venue_id is None:
        return Desk(request, parts, principal, None)
    async with parts.db.read() as tx:
        venue = await venues.get(tx, str(venue_id))
    return Desk(request, parts, principal, venue)
