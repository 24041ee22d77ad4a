"""From test to live: what has to be there before a venue takes real money, and the step itself."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.settings import Settings
from paywall.accounts.audit import record
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout.end_tests import EndedTests, end_tests
from paywall.notices.tables import EndpointState, WebhookEndpoint
from paywall.notices.webhooks import check_url
from paywall.payments import accounts
from paywall.payments.routing import NoRoute, choose
from paywall.payments.tables import AccountState, GatewayAccount


class Check(msgspec.Struct, frozen=True):
    """One thing that a live venue must have. `remedy` says who does what while it is missing."""

    code: str
    ready: bool
    remedy: str = ""


class NotReady(Conflict):
    """Something is missing; `missing` names each by its code."""

    code = "not_ready_for_live"


class AlreadyLive(Conflict):
    code = "already_live"


class GoLive:
    """The use cases of the console's page and its API; who may use them was checked before."""

    def __init__(self, db: Database, clock: Clock, settings: Settings) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    async def checks(self, venue_id: str) -> list[Check]:
        """What the venue has and lacks now."""
        async with self._db.read() as tx:
            return await _checks(tx, await _venue(tx, venue_id), self._settings)

    async def end_tests(self, venue_id: str, actor: str) -> EndedTests:
        """Close all test orders and bring the venue's clock back to the world's.

        Time goes back only here: nothing that was dated by the moved clock is left open.
        """
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            venue = await _venue(tx, venue_id, lock=True)
            if venue.mode is Mode.LIVE:
                raise AlreadyLive("This venue is live; its tests have ended.")
            ended = await end_tests(tx, venue, now)
            ahead_s = venue.clock_offset_s
            venue.clock_offset_s = 0
            venue.version += 1
            facts = msgspec.structs.asdict(ended) | {"clock_was_ahead_s": ahead_s}
            await _record(tx, venue_id, actor, "venue.tests_ended", facts, now)
        return ended

    async def go_live(self, venue_id: str, actor: str) -> Venue:
        """End the tests and take real money from now on; NotReady says what is missing.

        There is no way back: money that was real can't become a test.
        """
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            venue = await _venue(tx, venue_id, lock=True)
            if venue.mode is Mode.LIVE:
                raise AlreadyLive("This venue is live already.")
            _require(await _checks(tx, venue, self._settings))
            ended = await end_tests(tx, venue, now)
            paused = await accounts.pause_tests(tx, venue_id)
            venue.mode = Mode.LIVE
            venue.live_since = now
            venue.version += 1
            facts = msgspec.structs.asdict(ended) | {"paused_accounts": paused}
            await _record(tx, venue_id, actor, "venue.went_live", facts, now)
        # An order that was being placed meanwhile still read the venue as testing.
        async with self._db.transaction() as tx:
            await end_tests(tx, venue, now)
        return venue


async def _venue(tx: Tx, venue_id: str, *, lock: bool = False) -> Venue:
    query = select(Venue).where(Venue.id == venue_id)
    venue = await tx.scalar(query.with_for_update() if lock else query)
    if venue is None:
        raise NotFound("venue")
    return venue


async def _record(
    tx: Tx, venue_id: str, actor: str, action: str, facts: dict[str, object], now: datetime
) -> None:
    await tx.flush()
    await record(
        tx, venue_id=venue_id, actor=actor, action=action, subject=venue_id, data=facts, now=now
    )


def _require(checks: list[Check]) -> None:
    missing = [check for check in checks if not check.ready]
    if missing:
        raise NotReady(
            " ".join(check.remedy for check in missing), missing=[check.code for check in missing]
        )


async def _checks(tx: Tx, venue: Venue, settings: Settings) -> list[Check]:
    found = await accounts.listed(tx, venue.id)
    usable = [one for one in found if not one.test and one.state is AccountState.ACTIVE]
    imprint = venue.legal_name.strip() and venue.address.strip() and venue.contact_email
    wanted = [
        (
            "public_url", _is_public(settings.public_url),
            "People would come over http or to this machine alone. The operator sets"
            " PAYWALL_PUBLIC_URL to the installation's https address.",
        ),
        (
            "mail", bool(settings.smtp_url) and not settings.mail_from.endswith("@localhost"),
            "Receipts and log-ins would not be mailed. The operator sets PAYWALL_SMTP_URL and"
            " PAYWALL_MAIL_FROM.",
        ),
        (
            "imprint", bool(imprint),
            "Buyers must see who sells. Fill in the legal name, the address and the contact under"
            " Settings.",
        ),
        (
            "processor", bool(usable),
            "No account takes real money. Add Stripe or Adyen with live keys under Payment"
            " accounts; the sandbox stays behind.",
        ),
        (
            "currency", not usable or _takes_home(usable, venue),
            "No live account takes your own currency from your own country. Widen one under"
            " Payment accounts.",
        ),
        (
            "clock", venue.clock_offset_s == 0,
            "The venue's clock runs ahead of the world's. End the tests: test orders are closed,"
            " and the clock comes back.",
        ),
        (
            "webhooks", not await _plain_webhooks(tx, venue.id),
            "A webhook goes to an address that is not https. Change or remove it under Webhooks.",
        ),
    ]  # fmt: skip
    return [Check(code, ready, "" if ready else remedy) for code, ready, remedy in wanted]


def _is_public(public_url: str) -> bool:
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    return parts.scheme == "https" and "." in host and not host.endswith(".localhost")


def _takes_home(usable: list[GatewayAccount], venue: Venue) -> bool:
    try:
        choose(usable, mode=Mode.LIVE, currency=venue.currency, country=venue.country)
    except NoRoute:
        return False
    return True


async def _plain_webhooks(tx: Tx, venue_id: str) -> bool:
    query = select(WebhookEndpoint.url).where(
        WebhookEndpoint.venue_id == venue_id, WebhookEndpoint.state == EndpointState.ENABLED
    )
    for url in await tx.scalars(query):
        try:
            check_url(url, live=True)
        except Invalid:
            return True
    return False
