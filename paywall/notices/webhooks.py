"""Webhook endpoints of a venue: add, edit, rotate, test, look at deliveries, replay them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import delete, func, select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, StaleEdit
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from paywall.accounts.audit import record
from paywall.catalogue.tables import Mode, Venue
from paywall.notices.emission import Emission, notice_for
from paywall.notices.kinds import TEST_KIND, WEBHOOK_KINDS
from paywall.notices.outbox import Outbox
from paywall.notices.signing import new_signing_secret
from paywall.notices.tables import (
    EndpointState,
    OutboxKind,
    OutboxRow,
    OutboxState,
    WebhookEndpoint,
)
from paywall.notices.webhook_delivery import SECRET_PURPOSE

MAX_ENDPOINTS = 20
OVERLAP = timedelta(hours=24)
"""After a rotation both secrets sign for this long, in machine time."""


class TooManyEndpoints(Conflict):
    code = "too_many_endpoints"


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint without its secrets."""

    id: str
    url: str
    description: str
    kinds: list[str]
    state: EndpointState
    failures: int
    disabled_reason: str
    disabled_at: datetime | None
    old_secret_until: datetime | None
    created_at: datetime
    version: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one endpoint; `id` is its webhook-id."""

    id: str
    endpoint_id: str
    kind: str
    state: OutboxState
    tries: int
    next_try_at: datetime | None
    answer_status: int | None
    answer_excerpt: str
    last_error: str
    data: dict[str, Any]
    created_at: datetime


class Webhooks:
    """What a venue may do with its endpoints; the caller has checked that `actor` may.

    Each change is written to the audit log in its own transaction.
    """

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._outbox = outbox

    async def add(
        self, venue_id: str, url: str, kinds: Sequence[str], description: str = "",
        *, actor: str, endpoint_id: str = "",
    ) -> tuple[EndpointView, str]:  # fmt: skip
        """A new endpoint and its secret (whsec_...), which is shown this once.

        A repeat with the same id gives a new secret, as the first may never have arrived.
        """
        async with self._db.transaction() as tx:
            # The venue's row is the lock that keeps two adds from passing the limit together.
            venue = await _venue(tx, venue_id)
            check_url(url, live=venue.mode is Mode.LIVE)
            check_kinds(kinds)
            known = await tx.get(WebhookEndpoint, endpoint_id) if endpoint_id else None
            if known is not None and known.venue_id == venue_id:
                secret = new_signing_secret()
                known.secret_sealed = self._seal(secret)
                await self._note(tx, known, actor, "added")
                return _view(known), secret
            query = select(func.count()).where(WebhookEndpoint.venue_id == venue_id)
            if (await tx.execute(query)).scalar_one() >= MAX_ENDPOINTS:
                raise TooManyEndpoints(
                    f"A venue has {MAX_ENDPOINTS} webhook endpoints at most; remove one first."
                )
            secret = new_signing_secret()
            endpoint = WebhookEndpoint(
                id=endpoint_id or new_id("whe"), venue_id=venue_id, url=url,
                description=description[:200],
                kinds=sorted(set(kinds)), secret_sealed=self._seal(secret),
                state=EndpointState.ENABLED, failures=0, disabled_reason="",
                old_secret_sealed="", created_at=self._clock.machine(), version=1,
            )  # fmt: skip
            tx.add(endpoint)
            await self._note(tx, endpoint, actor, "added")
            return _view(endpoint), secret

    async def endpoints(self, venue_id: str) -> list[EndpointView]:
        query = (
            select(WebhookEndpoint)
            .where(WebhookEndpoint.venue_id == venue_id)
            .order_by(WebhookEndpoint.id)
        )
        async with self._db.read() as tx:
            return [_view(row) for row in (await tx.execute(query)).scalars()]

    async def edit(
        self, venue_id: str, endpoint_id: str, *, version: int, url: str, kinds: Sequence[str],
        description: str, actor: str,
    ) -> EndpointView:  # fmt: skip
        """Change where it is and what it hears; StaleEdit when somebody was faster."""
        async with self._db.transaction() as tx:
            venue = await _venue(tx, venue_id)
            check_url(url, live=venue.mode is Mode.LIVE)
            check_kinds(kinds)
            endpoint = await _endpoint(tx, venue_id, endpoint_id)
            if endpoint.version != version:
                raise StaleEdit("The endpoint was changed meanwhile; load it again.")
            endpoint.url = url
            endpoint.kinds = sorted(set(kinds))
            endpoint.description = description[:200]
            endpoint.version += 1
            await self._note(tx, endpoint, actor, "changed")
            return _view(endpoint)

    async def switch(
        self, venue_id: str, endpoint_id: str, to: EndpointState, *, actor: str
    ) -> EndpointView:
        """Enable or disable by hand. Enabling forgets the failures; missed messages need replay."""
        async with self._db.transaction() as tx:
            endpoint = await _endpoint(tx, venue_id, endpoint_id)
            if endpoint.state is not to:
                endpoint.move(to)
                disabled = to is EndpointState.DISABLED
                endpoint.disabled_reason = "Disabled by the venue." if disabled else ""
                endpoint.disabled_at = self._clock.machine() if disabled else None
                endpoint.failures = 0
                endpoint.failing_since = None
                endpoint.version += 1
                await self._note(tx, endpoint, actor, to.value)
            return _view(endpoint)

    async def rotate(
        self, venue_id: str, endpoint_id: str, *, actor: str
    ) -> tuple[EndpointView, str]:
        """A new secret, shown this once; the old one signs beside it for OVERLAP."""
        async with self._db.transaction() as tx:
            endpoint = await _endpoint(tx, venue_id, endpoint_id)
            secret = new_signing_secret()
            endpoint.old_secret_sealed = endpoint.secret_sealed
            endpoint.old_secret_until = self._clock.machine() + OVERLAP
            endpoint.secret_sealed = self._seal(secret)
            endpoint.version += 1
            await self._note(tx, endpoint, actor, "rotated")
            return _view(endpoint), secret

    async def remove(self, venue_id: str, endpoint_id: str, *, actor: str) -> None:
        """Messages still waiting for it fail with that reason."""
        async with self._db.transaction() as tx:
            endpoint = await _endpoint(tx, venue_id, endpoint_id)
            await self._note(tx, endpoint, actor, "removed")
            await tx.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))

    async def send_test(self, venue_id: str, endpoint_id: str) -> None:
        """Queue a `webhook.test` message, whatever kinds the endpoint wants."""
        async with self._db.transaction() as tx:
            endpoint = await _endpoint(tx, venue_id, endpoint_id)
            if endpoint.state is EndpointState.DISABLED:
                raise Conflict("The endpoint is disabled; enable it first.", code="disabled")
            test = Emission(
                venue_id=venue_id, kind=TEST_KIND, cause_id=new_id("tst"),
                data={"message": "It works."},
            )  # fmt: skip
            notice = notice_for(endpoint_id, test)
            await self._outbox.enqueue(tx, [notice], self._clock.machine())

    async def deliveries(
        self, venue_id: str, endpoint_id: str, *, before: str = "", limit: int = 50
    ) -> list[DeliveryView]:
        """Newest first; `before` is the id of the last one seen."""
        assert 1 <= limit <= 200
        query = (
            select(OutboxRow)
            .where(
                OutboxRow.venue_id == venue_id,
                OutboxRow.recipient == endpoint_id,
                OutboxRow.kind == OutboxKind.WEBHOOK,
            )
            .order_by(OutboxRow.id.desc())
            .limit(limit)
        )
        if before:
            query = query.where(OutboxRow.id < before)
        async with self._db.read() as tx:
            return [_delivery(row) for row in (await tx.execute(query)).scalars()]

    async def replay(self, venue_id: str, delivery_id: str, *, actor: str) -> DeliveryView:
        """Send a finished message again, at once, under the same webhook-id."""
        async with self._db.transaction() as tx:
            query = (
                select(OutboxRow)
                .where(
                    OutboxRow.id == delivery_id,
                    OutboxRow.venue_id == venue_id,
                    OutboxRow.kind == OutboxKind.WEBHOOK,
                )
                .with_for_update()
            )
            row = (await tx.execute(query)).scalar_one_or_none()
            if row is None:
                raise NotFound("delivery")
            if row.state not in (OutboxState.WAITING, OutboxState.SENDING):
                row.move(OutboxState.WAITING)
                row.tries = row.unknowns = 0
                row.done_at = None
            if row.state is OutboxState.WAITING:
                row.due_at = self._clock.machine()
            await self._record(tx, venue_id, actor, "replayed", row.recipient, delivery=row.id)
            return _delivery(row)

    async def replay_failed(
        self, venue_id: str, endpoint_id: str, since: datetime, *, actor: str
    ) -> int:
        """Send every failed message since a moment again; how many (1,000 at most)."""
        now = self._clock.machine()
        query = (
            select(OutboxRow)
            .where(
                OutboxRow.venue_id == venue_id,
                OutboxRow.recipient == endpoint_id,
                OutboxRow.kind == OutboxKind.WEBHOOK,
                OutboxRow.state == OutboxState.FAILED,
                OutboxRow.created_at >= since,
            )
            .order_by(OutboxRow.id)
            .limit(1000)
            .with_for_update()
        )
        async with self._db.transaction() as tx:
            rows = (await tx.execute(query)).scalars().all()
            for row in rows:
                row.move(OutboxState.WAITING)
                row.tries = row.unknowns = 0
                row.due_at = now
                row.done_at = None
            if rows:
                await self._record(tx, venue_id, actor, "replayed", endpoint_id, count=len(rows))
            return len(rows)

    async def _note(self, tx: Tx, endpoint: WebhookEndpoint, actor: str, verb: str) -> None:
        await self._record(tx, endpoint.venue_id, actor, verb, endpoint.id)

    async def _record(
        self, tx: Tx, venue_id: str, actor: str, verb: str, endpoint_id: str, **facts: Any
    ) -> None:
        """The act's line in the audit log, in the act's own transaction."""
        await record(
            tx,
            venue_id=venue_id,
            actor=actor,
            action=f"webhook.{verb}",
            subject=endpoint_id,
            data=facts,
            now=self._clock.machine(),
        )

    def _seal(self, secret: str) -> str:
        return self._sealer.seal(secret.encode(), SECRET_PURPOSE)


def check_url(url: str, *, live: bool) -> None:
    """Refuse what can be seen to be wrong; where the name leads is checked at each call."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("url", "This is not an address a browser would take.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Invalid("url", "Give a whole address that begins with https://.")
    if live and parts.scheme != "https":
        raise Invalid("url", "A live venue's webhooks go to https:// addresses only.")
    if parts.username is not None or parts.password is not None:
        raise Invalid("url", "Leave the user and password out; check the signature instead.")
    if parts.fragment or len(url) > 500 or port == 0 or not url.isprintable() or " " in url:
        raise Invalid("url", "Use at most 500 characters, no spaces and no part after #.")


def check_kinds(kinds: Sequence[str]) -> None:
    unknown = sorted(set(kinds) - set(WEBHOOK_KINDS))
    if unknown:
        raise Invalid("kinds", f"Not known: {', '.join(unknown)[:200]}. See docs/webhooks.md.")


async def _venue(tx: Tx, venue_id: str) -> Venue:
    query = select(Venue).where(Venue.id == venue_id).with_for_update()
    venue = (await tx.execute(query)).scalar_one_or_none()
    if venue is None:
        raise NotFound("venue")
    return venue


async def _endpoint(tx: Tx, venue_id: str, endpoint_id: str) -> WebhookEndpoint:
    query = (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.venue_id == venue_id)
        .with_for_update()
    )
    endpoint = (await tx.execute(query)).scalar_one_or_none()
    if endpoint is None:
        raise NotFound("webhook endpoint")
    return endpoint


def _view(row: WebhookEndpoint) -> EndpointView:
    return EndpointView(
        id=row.id, url=row.url, description=row.description, kinds=list(row.kinds),
        state=row.state, failures=row.failures, disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at, old_secret_until=row.old_secret_until,
        created_at=row.created_at, version=row.version,
    )  # fmt: skip


def _delivery(row: OutboxRow) -> DeliveryView:
    waiting = row.state in (OutboxState.WAITING, OutboxState.SENDING)
    return DeliveryView(
        id=row.id, endpoint_id=row.recipient, kind=row.template, state=row.state,
        tries=row.tries, next_try_at=row.due_at if waiting else None,
        answer_status=row.answer_status, answer_excerpt=row.answer_excerpt,
        last_error=row.last_error, data=dict(row.data), created_at=row.created_at,
    )  # fmt: skip
