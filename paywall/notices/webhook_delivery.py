"""The job that posts due webhooks: sign, call, write the outcome, give up on dead endpoints."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import select

from infra.kernel.clock import Clock, iso
from infra.kernel.db import Database, Tx
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode, Venue
from paywall.notices.outbox import (
    WEBHOOK_BACKOFF_S,
    Claimed,
    Failed,
    Outbox,
    Outcome,
    Sent,
    mail,
)
from paywall.notices.ports import (
    NotSent,
    OutcomeUnknown,
    Refused,
    WebhookAnswer,
    WebhookCall,
    WebhookSender,
)
from paywall.notices.signing import signed_headers
from paywall.notices.tables import EndpointState, OutboxKind, WebhookEndpoint

log = structlog.get_logger("paywall.notices.webhooks")

GIVE_UP_AFTER = timedelta(days=3)
"""An endpoint is disabled when a message used up its tries (75 h) and nothing got through since."""
LANES = 5
"""Calls at once to one endpoint that answers well."""
BATCH_LASTS = timedelta(seconds=15)
"""No call begins later than this after its lease, so a batch ends well before LEASE (60 s)."""
HELD_BACK = timedelta(minutes=1)
MAX_RETRY_AFTER_S = 24 * 3600
SECRET_PURPOSE = "webhook secret"  # noqa: S105 - a name, not a secret


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery needs to know of an endpoint, read before the network is touched."""

    id: str
    venue_id: str
    url: str
    enabled: bool
    failing: bool
    live: bool
    secrets: list[str]


def body_of(row: Claimed) -> bytes:
    """The same bytes for every try and replay of a row."""
    return msgspec.json.encode(
        {"type": row.template, "timestamp": iso(row.created_at), "data": row.data}
    )


class WebhookDelivery:
    """Posts batches of due rows, endpoints side by side.

    After a failure all the endpoint's waiting rows are held back untried for a minute, so that a
    dead endpoint with a long queue costs one time-out a minute and never starves the others.
    """

    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, sender: WebhookSender, sealer: Sealer,
        *, batch: int = 40,
    ) -> None:  # fmt: skip
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._sender = sender
        self._sealer = sealer
        self._batch = batch

    async def run(self, now: datetime) -> int:
        """One batch of due webhooks; how many rows were leased, 0 when nothing is due."""
        rows = await self._outbox.claim_due(self._db, OutboxKind.WEBHOOK, now, self._batch)
        if not rows:
            return 0
        targets = await self._targets({row.recipient for row in rows}, now)
        by_endpoint: defaultdict[str, list[Claimed]] = defaultdict(list)
        for row in rows:
            by_endpoint[row.recipient].append(row)
        await asyncio.gather(
            *(self._deliver(targets.get(id_), some, now) for id_, some in by_endpoint.items())
        )
        return len(rows)

    async def _targets(self, ids: set[str], now: datetime) -> dict[str, Target]:
        query = (
            select(WebhookEndpoint, Venue.mode)
            .join(Venue, Venue.id == WebhookEndpoint.venue_id)
            .where(WebhookEndpoint.id.in_(ids))
        )
        async with self._db.read() as tx:
            found = (await tx.execute(query)).all()
        return {
            row.id: Target(
                id=row.id, venue_id=row.venue_id, url=row.url,
                enabled=row.state is EndpointState.ENABLED, failing=row.failures > 0,
                live=mode is Mode.LIVE,
                secrets=secrets_in_force(self._sealer, row, now),
            )
            for row, mode in found
        }  # fmt: skip

    async def _deliver(
        self, target: Target | None, rows: Sequence[Claimed], claimed_at: datetime
    ) -> None:
        """Work through one endpoint's rows in a few lanes; one lane while it is failing."""
        queue = deque(rows)
        held = False

        async def lane() -> None:
            nonlocal held
            while queue and not held and self._clock.machine() < claimed_at + BATCH_LASTS:
                row = queue.popleft()
                outcome = await self._post(target, row)
                await self._settle(row, outcome)
                held = held or (isinstance(outcome, Failed) and not outcome.final)

        lanes = LANES if target is not None and not target.failing else 1
        await asyncio.gather(*(lane() for _ in range(lanes)))
        await self._outbox.put_back(self._db, list(queue), self._clock.machine())
        if held and target is not None:
            until = self._clock.machine() + HELD_BACK
            await self._outbox.hold_back(self._db, OutboxKind.WEBHOOK, target.id, until)

    async def _post(self, target: Target | None, row: Claimed) -> Outcome:
        if target is None:
            return Failed(error="The endpoint was removed.", final=True)
        if not target.enabled:
            return Failed(error="The endpoint is disabled.", final=True)
        body = body_of(row)
        call = WebhookCall(
            url=target.url, body=body, live=target.live,
            headers=signed_headers(target.secrets, row.id, body, self._clock.machine()),
        )  # fmt: skip
        try:
            return outcome_of(await self._sender.post(call))
        except Refused as error:
            return Failed(error=str(error))  # tried again: the venue may mend its DNS
        except NotSent as error:
            return Failed(error=str(error))
        except OutcomeUnknown as error:
            return Failed(error=str(error), unknown=True)
        except Exception as error:
            log.exception("webhook sender broke", outbox_id=row.id)
            return Failed(error=f"{type(error).__name__}: {error}", unknown=True)

    async def _settle(self, row: Claimed, outcome: Outcome) -> None:
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            # The endpoint is locked after its row: `settle` orders both, as replay does.
            settled = await self._outbox.settle(tx, row, outcome, now)
            if settled is None:
                return
            query = (
                select(WebhookEndpoint).where(WebhookEndpoint.id == row.recipient).with_for_update()
            )
            endpoint = (await tx.execute(query)).scalar_one_or_none()
            if endpoint is None or endpoint.state is EndpointState.DISABLED:
                return
            await self._note(tx, endpoint, row, outcome, now)

    async def _note(
        self, tx: Tx, endpoint: WebhookEndpoint, row: Claimed, outcome: Outcome, now: datetime
    ) -> None:
        if isinstance(outcome, Sent):
            if endpoint.failures:
                endpoint.failures = 0
                endpoint.failing_since = None
            return
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or now
        reason = reason_to_disable(endpoint, row.tries, outcome, now)
        if reason:
            endpoint.move(EndpointState.DISABLED)
            endpoint.disabled_reason = reason
            endpoint.disabled_at = now
            await self._tell_venue(tx, endpoint, now)

    async def _tell_venue(self, tx: Tx, endpoint: WebhookEndpoint, now: datetime) -> None:
        venue = (await tx.execute(select(Venue).where(Venue.id == endpoint.venue_id))).scalar_one()
        log.warning("webhook endpoint disabled", endpoint_id=endpoint.id, venue_id=venue.id)
        if not venue.contact_email:
            return
        notice = mail(
            venue.id, venue.contact_email, "webhook_disabled", f"{endpoint.id}:{iso(now)}",
            {"endpoint_id": endpoint.id, "url": endpoint.url, "reason": endpoint.disabled_reason},
            locale=venue.locale,
        )  # fmt: skip
        await self._outbox.enqueue(tx, [notice], now)


def outcome_of(answer: WebhookAnswer) -> Outcome:
    """2xx is success; every other answer is a failure, redirects too (Standard Webhooks)."""
    if 200 <= answer.status < 300:
        return Sent(status=answer.status, excerpt=answer.excerpt)
    return Failed(
        error=f"The endpoint answered {answer.status}.",
        final=answer.status == 410,
        status=answer.status,
        excerpt=answer.excerpt,
        retry_after_s=min(max(answer.retry_after_s, 0), MAX_RETRY_AFTER_S),
    )


def reason_to_disable(endpoint: WebhookEndpoint, tries: int, outcome: Failed, now: datetime) -> str:
    """Why to stop calling an endpoint after this failure; empty to go on."""
    if outcome.status == 410:
        return "It answered 410 Gone."
    assert endpoint.failing_since is not None
    used_up = tries > len(WEBHOOK_BACKOFF_S)
    if used_up and now - endpoint.failing_since >= GIVE_UP_AFTER:
        return f"Nothing got through since {iso(endpoint.failing_since)}. {outcome.error}"[:300]
    return ""


def secrets_in_force(sealer: Sealer, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The current secret, then the old one while the two overlap after a rotation."""
    sealed = [endpoint.secret_sealed]
    if endpoint.old_secret_until is not None and now < endpoint.old_secret_until:
        sealed.append(endpoint.old_secret_sealed)
    return [sealer.unseal(one, SECRET_PURPOSE).decode() for one in sealed]
