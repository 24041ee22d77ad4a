"""My tickets: everything that a person's grants open, at every venue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import or_, select

from entitlements.tables import Grant, GrantState, ScopeKind
from infra.kernel.db import Tx
from paywall.accounts.principal import Principal
from paywall.accounts.tables import Customer
from paywall.bridges.entitlements import OVERRUN
from paywall.catalogue.tables import Event, EventState, Replay, Venue
from paywall.pages.cards import event_url, poster_url
from paywall.pages.i18n import Translator
from paywall.pages.on_show import Phase, phase_of
from paywall.pages.paths import path
from paywall.pages.site import AnyRequest, Site

MANY = 200


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One grant on one event it opens. `now` is the venue's business time."""

    grant: Grant
    event: Event
    venue: Venue
    replay: Replay | None
    now: datetime


@get("/tickets", opt={"person": True})
async def tickets(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """What a person may watch now, next, and could once."""
    visit = site.visit(request)
    held: list[Held] = []
    if visit.principal.email_proven:
        async with site.parts.db.read() as tx:
            held = await _held(tx, visit.principal, site.parts.clock.machine())
    shown = [(one, _state(one)) for one in held]
    current = [(o, s) for o, s in shown if s in ("live", "replay", "upcoming")]
    past = [(o, s) for o, s in shown if s in ("past", "refunded")]
    # What can be watched comes first, then what comes soonest.
    current.sort(
        key=lambda pair: (pair[1] == "upcoming", pair[1] == "replay", pair[0].event.starts_at)
    )
    past.sort(key=lambda pair: pair[0].event.starts_at, reverse=True)
    return await site.page(
        request,
        "tickets.html",
        current=[_ticket(visit.locale, one, state) for one, state in current],
        past=[_ticket(visit.locale, one, state) for one, state in past],
        unproven=not visit.principal.email_proven,
        more_url=None,
    )


async def _held(tx: Tx, principal: Principal, machine_now: datetime) -> list[Held]:
    query = (
        select(Grant, Event, Venue, Replay)
        .join(Customer, Customer.id == Grant.customer_id)
        .join(Venue, Venue.id == Grant.venue_id)
        .join(Event, or_(Event.id == Grant.scope_id, Event.season_id == Grant.scope_id))
        .outerjoin(Replay, Replay.event_id == Event.id)
        .where(
            Customer.account_id == principal.account_id,
            Event.state != EventState.DRAFT,
            # What was bought while the venue tested is nobody's ticket once it is live.
            or_(Venue.live_since.is_(None), Grant.created_at >= Venue.live_since),
        )
        .order_by(Grant.id.desc(), Event.starts_at)
        .limit(MANY)
    )
    best: dict[str, Held] = {}
    for grant, event, venue, replay in await tx.execute(query):
        now = machine_now + timedelta(seconds=venue.clock_offset_s)
        held = Held(grant=grant, event=event, venue=venue, replay=replay, now=now)
        known = best.get(event.id)
        if known is None or _RANK[_state(held)] < _RANK[_state(known)]:
            best[event.id] = held
    return list(best.values())


_RANK = {"live": 0, "replay": 1, "upcoming": 2, "past": 3, "refunded": 4}


def _state(held: Held) -> str:
    """live | replay | upcoming | past | refunded, as the player would answer. Pure."""
    grant, event, now = held.grant, held.event, held.now
    if grant.state is not GrantState.ACTIVE:
        return "refunded"
    if event.state is EventState.CANCELLED or now >= grant.ends_at:
        return "past"
    doors = event.starts_at - timedelta(seconds=event.doors_s)
    if grant.opens_live and doors <= now < event.ends_at:
        return "live"
    if now < event.starts_at:
        return "upcoming"
    phase = phase_of(event, held.replay, now)
    if phase is Phase.REPLAY and grant.opens_replay:
        return "past" if _used_up(grant, now) else "replay"
    still = grant.opens_live and now < event.ends_at + OVERRUN
    return "live" if still and held.replay is None else "past"


def _used_up(grant: Grant, now: datetime) -> bool:
    if grant.play_window_s is None or grant.first_played_at is None:
        return False
    return now >= grant.first_played_at + timedelta(seconds=grant.play_window_s)


def _ticket(locale: Translator, held: Held, state: str) -> dict[str, Any]:
    """See macros/ticket.html."""
    event, grant = held.event, held.grant
    what = locale.gettext("Stream ticket")
    if grant.scope_kind is ScopeKind.SEASON:
        what = locale.gettext("Season pass")
    elif not grant.opens_live:
        what = locale.gettext("Replay")
    kind = "replay" if state == "replay" else "live"
    until = grant.ends_at
    if grant.play_window_s is not None and grant.first_played_at is not None:
        until = min(until, grant.first_played_at + timedelta(seconds=grant.play_window_s))
    return {
        "title": event.name,
        "url": event_url(event, held.venue),
        "poster_url": poster_url(event),
        "starts_at": event.starts_at,
        "tz": event.timezone,
        "venue_name": held.venue.name,
        "what": what,
        "state": state,
        "opens_at": event.starts_at - timedelta(seconds=event.doors_s),
        "until": until,
        "watch_url": path("watch", event=event.id) + f"?kind={kind}",
        "receipt_url": path("order", order=grant.order_id) if grant.order_id else None,
    }
