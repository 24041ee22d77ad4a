"""Answers support_bot's questions about the venue: whose a case is, what is on, who works there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from entitlements.sessions import GRACE
from entitlements.tables import PlaybackSession
from infra.kernel.clock import Clock
from infra.kernel.db import Tx
from paywall.accounts.roles import MAY, Permission, Role
from paywall.accounts.tables import Account, Customer, Membership
from paywall.catalogue.tables import Event, EventState, Mode, Venue
from paywall.checkout.tables import Order, OrderLine, OrderState
from support_bot import mail_tokens
from support_bot.case_clock import Window
from support_bot.case_tables import CaseSettings
from support_bot.languages import canonical
from support_bot.ports import Beside, Bought, Watched

SHOWN = 8
"""Orders and players beside a case."""
AHEAD = timedelta(days=14)
"""No promise reaches further, so no later event shortens one."""


class SupportPeople:
    """Implements the ports People and Post over the trunk's tables."""

    def __init__(self, clock: Clock, base: str) -> None:
        self._clock = clock
        self._base = base.lower()

    async def beside(
        self, tx: Tx, *, venue_id: str, account_id: str | None, email: str
    ) -> Beside | None:
        """By the account of a signed-in case, else whoever has the address; None: unknown."""
        query = select(Account)
        if account_id is not None:
            query = query.where(Account.id == account_id)
        else:
            query = query.where(Account.email == email.lower())
        account = await tx.scalar(query)
        if account is None:
            return None
        customer = await tx.scalar(
            select(Customer).where(Customer.venue_id == venue_id, Customer.account_id == account.id)
        )
        if customer is None:
            return None
        return Beside(
            customer_id=customer.id,
            account_id=account.id,
            name=account.name,
            known=account_id is not None,
            bought=await self._bought(tx, venue_id, customer.id),
            watched=await self._watched(tx, venue_id, customer.id),
        )

    async def _bought(self, tx: Tx, venue_id: str, customer_id: str) -> list[Bought]:
        venue = await tx.get_one(Venue, venue_id)
        query = (
            select(Order, OrderLine.name)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(
                Order.customer_id == customer_id,
                Order.venue_id == venue_id,
                Order.test == (venue.mode is Mode.TEST),
                Order.state.not_in((OrderState.OPEN, OrderState.EXPIRED)),
            )
            .order_by(Order.id.desc())
            .limit(SHOWN)
        )
        return [
            Bought(
                order_id=order.id, title=name, total=order.total, refunded=bool(order.refunded),
                state=order.state.value, at=order.created_at,
            )
            for order, name in await tx.execute(query)
        ]  # fmt: skip

    async def _watched(self, tx: Tx, venue_id: str, customer_id: str) -> list[Watched]:
        query = (
            select(PlaybackSession, Event.name)
            .join(Event, Event.id == PlaybackSession.event_id)
            .where(PlaybackSession.customer_id == customer_id, PlaybackSession.venue_id == venue_id)
            .order_by(PlaybackSession.started_at.desc())
            .limit(SHOWN)
        )
        now = self._clock.machine()
        return [
            Watched(
                event_id=one.event_id, title=name, kind=one.kind.value,
                minutes=int(one.watched_s // 60), device=one.device_id, at=one.started_at,
                running=one.silent_at is not None and one.silent_at > now + GRACE,
            )
            for one, name in await tx.execute(query)
        ]  # fmt: skip

    async def venues_of(self, tx: Tx, addresses: Sequence[str]) -> Sequence[str]:
        """By venues' own support addresses and support+<slug>@; else an only venue's."""
        if not addresses:
            return ()
        query = select(CaseSettings.venue_id).where(
            func.lower(CaseSettings.mail_address).in_([one.lower() for one in addresses])
        )
        found = list(await tx.scalars(query.order_by(CaseSettings.venue_id)))
        if self._base:
            slugs = [mail_tokens.sub_address(self._base, one) for one in addresses]
            named = select(Venue.id).where(Venue.slug.in_([one for one in slugs if one]))
            found += list(await tx.scalars(named.order_by(Venue.id)))
        if found or not self._base or self._base not in addresses:
            return tuple(dict.fromkeys(found))
        venues = list(await tx.scalars(select(Venue.id).limit(2)))
        return venues if len(venues) == 1 else ()

    async def now(self, tx: Tx, venue_id: str) -> datetime:
        return self._clock.now((await tx.get_one(Venue, venue_id)).clock_offset_s)

    async def locale(self, tx: Tx, venue_id: str, email: str) -> str:
        known = await tx.scalar(select(Account.locale).where(Account.email == email.lower()))
        venue = await tx.get_one(Venue, venue_id)
        return canonical(known or "") or canonical(venue.locale)


async def live_windows(tx: Tx, venue_id: str, now: datetime) -> list[Window]:
    """The venue's events that are live, or soon are, from doors to end."""
    query = select(Event).where(
        Event.venue_id == venue_id,
        Event.state == EventState.PUBLISHED,
        Event.ends_at > now,
        Event.starts_at < now + AHEAD,
    )
    return [Window(one.doors_at, one.ends_at) for one in await tx.scalars(query.limit(100))]


async def live_venues(tx: Tx, now: datetime, offset_s: int) -> list[str]:
    """Venues whose clock runs at this offset and where an event is live now."""
    query = (
        select(Event.venue_id, Event.starts_at, Event.doors_s)
        .join(Venue, Venue.id == Event.venue_id)
        .where(
            Venue.clock_offset_s == offset_s,
            Event.state == EventState.PUBLISHED,
            Event.ends_at > now,
            Event.starts_at < now + timedelta(days=1),
        )
        .limit(1000)
    )
    rows = await tx.execute(query)
    return sorted({v for v, starts, doors in rows if starts - timedelta(seconds=doors) <= now})


async def staff_of(tx: Tx, venue_id: str) -> list[tuple[str, str, str]]:
    """(account id, address, language) of everybody who may answer cases at the venue."""
    roles = [role for role in Role if Permission.SUPPORT_WRITE in MAY[role]]
    query = (
        select(Account.id, Account.email, Account.locale)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.venue_id == venue_id, Membership.role.in_(roles))
        .distinct()
        .order_by(Account.email)
        .limit(200)
    )
    return [(i, e, loc) for i, e, loc in await tx.execute(query)]


async def alarmed(tx: Tx, venue: Venue, settings: CaseSettings) -> list[tuple[str, str]]:
    """(address, language) of who hears of a missed deadline: the support role, else all staff."""
    if settings.alarm_email:
        return [(settings.alarm_email, venue.locale)]
    query = (
        select(Account.email, Account.locale)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.venue_id == venue.id, Membership.role == Role.SUPPORT)
        .order_by(Account.email)
        .limit(50)
    )
    support = [(email, locale) for email, locale in await tx.execute(query)]
    return support or [(email, locale) for _, email, locale in await staff_of(tx, venue.id)][:50]
