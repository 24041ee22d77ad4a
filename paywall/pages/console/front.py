"""The console's front: choose a venue; then what is on today and what needs a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.money import Money
from offers.tables import Offer, OfferState
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import NEEDS_STRONG, allowed
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Event, EventState, Mode, Stream, Venue
from paywall.checkout.takings import Takings, takings
from paywall.ledger.movements import balances
from paywall.notices.tables import EndpointState, WebhookEndpoint
from paywall.pages.console import nav, words
from paywall.pages.console.desk import Desk
from paywall.pages.console.viewers import on_now
from paywall.payments.attention import Attention, attention
from paywall.payments.tables import GatewayAccount

DAYS = 14


@get("/console", opt={"person": True})
async def choose(desk: NamedDependency[Desk]) -> Response[Any]:
    """The venues where the person works; straight on where it is one alone."""
    member = desk.principal.memberships
    ids = sorted(one for one in member if one != INSTALLATION)
    house = nav.entries(desk.principal, INSTALLATION)
    async with desk.look() as tx:
        query = select(Venue).where(Venue.id.in_(ids)).order_by(Venue.name)
        found = list(await tx.scalars(query))
    if len(found) == 1 and not house:
        return desk.to(nav.venue_url(found[0].id))
    roles = frozenset().union(*member.values())
    return desk.page(
        "choose.html", section="", venues=found, house=house[0].url if house else "",
        roles={one.id: [words.ROLES[r.value] for r in sorted(member[one.id])] for one in found},
        weak=bool(allowed(roles) & NEEDS_STRONG) and not desk.principal.strong,
    )  # fmt: skip


@get("/console/{venue_id:str}", opt={"permission": P.VENUE_READ})
async def today(desk: NamedDependency[Desk]) -> Response[Any]:
    """What is on, what was taken, what waits; and the first three steps while nothing was sold."""
    strong = desk.principal.strong
    money = desk.may(P.MONEY_READ) and strong
    async with desk.look() as tx:
        live = await on_now(desk, tx) if desk.may(P.PLAYBACK_READ) else []
        steps = await _steps(desk, tx)
        sales = await _sales(desk, tx) if desk.may(P.ORDERS_READ) and strong else None
        waiting = await attention(tx, desk.venue.id) if money else None
        owed = await _owed(desk, tx) if money else []
        broken = await _broken_webhooks(desk, tx) if desk.may(P.WEBHOOKS_MANAGE) else 0
        ahead = await _ahead(desk, tx)
    weak = not strong and (desk.may(P.MONEY_READ) or desk.may(P.ORDERS_READ))
    return desk.page(
        "today.html", section="today", lines=live, steps=steps, sales=sales, waiting=waiting,
        owed=owed, broken=broken, ahead=ahead, weak=weak,
        done=all(step["done"] for step in steps), todo=_todo(desk, waiting, broken),
    )  # fmt: skip


def _todo(desk: Desk, waiting: Attention | None, broken: int) -> list[tuple[str, str]]:
    """What needs a person, as (sentence, where to)."""
    ngettext = desk.locale.ngettext
    found: list[tuple[str, str]] = []
    if waiting is not None:
        payments, refunds = len(waiting.payments), len(waiting.refunds)
        disputes, stuck = len(waiting.disputes), waiting.stuck_webhooks
        counts = (
            (
                payments,
                ngettext("%(n)s payment needs a person", "%(n)s payments need a person", payments),
            ),
            (
                refunds,
                ngettext("%(n)s refund needs a person", "%(n)s refunds need a person", refunds),
            ),
            (disputes, ngettext("%(n)s dispute is open", "%(n)s disputes are open", disputes)),
            (
                stuck,
                ngettext(
                    "%(n)s message of a processor is stuck",
                    "%(n)s messages of processors are stuck",
                    stuck,
                ),
            ),
        )
        parts = ("payments", "refunds", "disputes", "stuck")
        for (count, text), part in zip(counts, parts, strict=True):
            if count:
                found.append((text % {"n": count}, desk.url("/money") + f"#{part}"))
    if broken:
        text = ngettext("%(n)s webhook is disabled", "%(n)s webhooks are disabled", broken)
        found.append((text % {"n": broken}, desk.url("/webhooks")))
    return found


async def _steps(desk: Desk, tx: Tx) -> list[dict[str, Any]]:
    """From nothing to a first paid stream, each with its link and whether it is done."""
    _, venue_id = desk.gettext, desk.venue.id

    async def any_of(query: Any) -> bool:
        return await tx.scalar(query.limit(1)) is not None

    event = await any_of(
        select(Event.id)
        .join(Stream, Stream.event_id == Event.id)
        .where(Event.venue_id == venue_id, Event.state == EventState.PUBLISHED)
    )
    account = await any_of(select(GatewayAccount.id).where(GatewayAccount.venue_id == venue_id))
    offer = await any_of(
        select(Offer.id).where(Offer.venue_id == venue_id, Offer.state == OfferState.ON_SALE)
    )
    return [
        {
            "title": _("Create an event with a stream, and publish it"),
            "text": _("Its name, its time, and the folder or playlist its picture comes from."),
            "url": desk.url("/events/new"), "done": event, "may": desk.may(P.CATALOGUE_WRITE),
        },
        {
            "title": _("Add a payment account"),
            "text": _("The sandbox plays with test cards; Stripe and Adyen take real ones."),
            "url": desk.url("/processors"), "done": account, "may": desk.may(P.GATEWAYS_MANAGE),
        },
        {
            "title": _("Put a ticket on sale"),
            "text": _("A price, how many places, and one button."),
            "url": desk.url("/offers/new", kind="stream_ticket"), "done": offer,
            "may": desk.may(P.OFFERS_WRITE),
        },
    ]  # fmt: skip


def _edges(now: datetime, zone: str) -> list[datetime]:
    """The starts of the last DAYS days at the venue, and the end of today."""
    local = now.astimezone(ZoneInfo(zone))
    days = [local.date() + timedelta(days=n) for n in range(1 - DAYS, 2)]
    return [datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)) for d in days]


async def _sales(desk: Desk, tx: Tx) -> list[dict[str, Any]]:
    """By currency: today, seven days, and a bar a day."""
    edges = _edges(desk.now, desk.venue.timezone)
    found = await takings(tx, desk.venue.id, edges, test=desk.venue.mode is Mode.TEST)
    if not found:
        currency = desk.venue.currency
        found = {currency: [Takings(0, Money(0, currency))] * DAYS}
    return [_lane(desk, currency, days, edges) for currency, days in found.items()]


def _lane(desk: Desk, currency: str, days: list[Takings], edges: list[datetime]) -> dict[str, Any]:
    most = max((day.gross.minor for day in days), default=0) or 1
    week = days[-7:]
    return {
        "currency": currency,
        "today": days[-1],
        "week": Takings(
            sum(day.orders for day in week), Money(sum(d.gross.minor for d in week), currency)
        ),
        "today_url": desk.url("/orders", **{"from": edges[-2].date().isoformat()}),
        "week_url": desk.url("/orders", **{"from": edges[-8].date().isoformat()}),
        "days": [
            {
                "date": edge.date(),
                "orders": day.orders,
                "gross": day.gross,
                "height": round(100 * day.gross.minor / most),
                "url": desk.url(
                    "/orders",
                    **{"from": edge.date().isoformat(), "until": edge.date().isoformat()},
                ),
            }
            for edge, day in zip(edges, days, strict=False)
        ],
    }


async def _owed(desk: Desk, tx: Tx) -> list[Money]:
    """What processors hold for the venue, by currency."""
    sums: dict[str, int] = {}
    found = await balances(tx, desk.venue.id, test=desk.venue.mode is Mode.TEST)
    for (account, currency), minor in found.items():
        if account.startswith("processor:"):
            sums[currency] = sums.get(currency, 0) + minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


async def _broken_webhooks(desk: Desk, tx: Tx) -> int:
    """Endpoints that were disabled because they kept failing, not by the venue's own hand."""
    query = select(func.count()).where(
        WebhookEndpoint.venue_id == desk.venue.id,
        WebhookEndpoint.state == EndpointState.DISABLED,
        WebhookEndpoint.failures > 0,
    )
    return await tx.scalar(query) or 0


async def _ahead(desk: Desk, tx: Tx) -> list[Event]:
    """The next five published events."""
    query = (
        select(Event)
        .where(
            Event.venue_id == desk.venue.id,
            Event.state == EventState.PUBLISHED,
            Event.starts_at > desk.now,
        )
        .order_by(Event.starts_at)
        .limit(5)
    )
    return list(await tx.scalars(query))


PAGES = [choose, today]
