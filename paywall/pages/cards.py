"""Events as templates/macros/event.html wants them: plain values, chosen words. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from infra.kernel.money import Money
from offers.quote import Availability
from paywall.catalogue.tables import Event, Venue
from paywall.pages.on_show import Owned, Phase, Sale, Shown
from paywall.pages.paths import path


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One event on a grid, or leading a page. See macros/event.html."""

    id: str
    title: str
    subtitle: str
    url: str
    poster_url: str
    starts_at: datetime
    ends_at: datetime
    doors_at: datetime
    tz: str
    venue_name: str
    city: str
    state: str
    owned: bool
    price: Money | None
    sales_open_at: datetime | None


def event_url(event: Event, venue: Venue) -> str:
    return path("event", venue=venue.slug, event=event.slug)


def poster_url(event: Event) -> str:
    """Changes with the event, so that the picture can be kept for ever."""
    return path("poster", event=event.id) + f"?v={event.version}"


def state_of(shown: Shown, own: Owned) -> str:
    """One word for badges and buttons: on_sale, not_yet, live, sold_out, replay, over, cancelled,
    or announced where nothing is for sale.
    """
    phase, main = shown.phase, shown.main
    if phase is Phase.CANCELLED:
        return "cancelled"
    if phase is Phase.LIVE or own.live:
        return "live"
    if phase is Phase.OVER:
        return "over"
    if phase is Phase.REPLAY:
        buyable = main is not None and main.is_open
        return "replay" if buyable or own.replay else "over"
    if main is None:
        return "announced"
    words = {
        Availability.OPEN: "on_sale",
        Availability.NOT_YET: "not_yet",
        Availability.SOLD_OUT: "sold_out",
    }
    return words.get(main.state, "announced")


def card(shown: Shown, own: Owned = Owned()) -> Card:  # noqa: B008 - frozen
    event, main = shown.event, shown.main
    return Card(
        id=event.id,
        title=event.name,
        subtitle=event.subtitle,
        url=event_url(event, shown.venue),
        poster_url=poster_url(event),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        doors_at=shown.doors_at,
        tz=event.timezone,
        venue_name=shown.venue.name,
        city=event.city,
        state=state_of(shown, own),
        owned=own.anything,
        price=main.price if main is not None and main.is_open else None,
        sales_open_at=main.offer.on_sale_from if main is not None else None,
    )


def offer_view(sale: Sale) -> dict[str, Any]:
    """The one thing that an event's button sells. See event.html."""
    left = sale.shelf.left
    return {
        "kind": sale.offer.kind.value,
        "price": sale.price,
        "was": sale.was,
        "until": sale.opens.until,
        "replay_days": sale.offer.replay_window_s // 86400,
        "hours": (sale.offer.play_window_s or 0) // 3600,
        "places_left": left if left is not None and left <= 20 else None,
        "buy_url": path("buy", offer=sale.offer.id),
    }
