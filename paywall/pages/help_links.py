"""The way from a page into the help: the articles that fit where a reader stands."""

from __future__ import annotations

from typing import Any

from infra.kernel.db import Tx
from paywall.bridges.help import Shown
from paywall.catalogue.tables import Venue
from paywall.pages import help_view
from paywall.pages.help_view import Addresses
from paywall.pages.site import Site, Visit

AT_THE_PLAYER = ("stream-stopped", "buffering", "no-sound", "delay", "one-device", "captions")
WHEN_REFUSED = {
    "not_bought": "cannot-watch",
    "not_yet": "stream-not-started",
    "not_available": "stream-not-started",
    "over": "replay-until",
    "window": "replay-until",
    "revoked": "cannot-watch",
    "suspended": "cannot-watch",
}
WHEN_DECLINED = "card-declined"


async def answers(
    tx: Tx, site: Site, visit: Visit, venue: Venue, *slugs: str
) -> list[dict[str, Any]]:
    """Those of these articles that the venue shows, whole, in the reader's language."""
    shelf = await site.parts.help.at(tx, venue.id, visit.locale.code)
    at = Addresses(venue.slug)
    return [_answer(one, at) for one in shelf.some(*slugs)]


def _answer(one: Shown, at: Addresses) -> dict[str, Any]:
    return {
        "title": one.text.title,
        "html": help_view.answer_html(one.text.answer),
        "url": at.article(one.article.slug),
        "tag": help_view.tag_of(one.lang),
    }


async def ways(tx: Tx, site: Site, visit: Visit, venue: Venue, slug: str) -> list[tuple[str, str]]:
    """The article as an action of a refusal: its title and address; none where it is hidden."""
    return [(one["title"], one["url"]) for one in await answers(tx, site, visit, venue, slug)]
