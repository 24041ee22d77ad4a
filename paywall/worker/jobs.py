"""The jobs of the worker: each a query for due rows, wired to the use case that handles them."""

from __future__ import annotations

from datetime import datetime

from entitlements.denylist import purge_denials
from entitlements.keys import turn
from entitlements.sessions import cut_silent
from infra.kernel.idempotency import purge as purge_keys
from paywall.accounts.sweep import sweep
from paywall.app.sending import Senders
from paywall.bridges.lake.night import Nights, child_of
from paywall.checkout.expire import expire_due
from paywall.http.parts import Parts
from paywall.payments.inbox import prune_inbox
from paywall.worker.tick import Job


def jobs(parts: Parts, senders: Senders) -> list[Job]:
    """Everything that is due at some time, in any process that runs a worker."""

    async def payments(_now: datetime) -> int:
        return await parts.desk.tick()

    async def holds(now: datetime) -> int:
        return await expire_due(parts.db, parts.outbox, now)

    async def silent(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            return len(await cut_silent(tx, now))

    async def keys(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            turned = await turn(tx, parts.sealer, now)
        return 1 if turned.active or turned.published or turned.retired else 0

    async def run_out(now: datetime) -> int:
        """Log-in links, idempotency keys, denials, outbox and inbox rows whose time is over."""
        async with parts.db.transaction() as tx:
            gone = await purge_keys(tx, now) + await purge_denials(tx, now)
        gone += await prune_inbox(parts.db, now)
        return gone + await sweep(parts.db, now) + await parts.outbox.purge(parts.db, now)

    nights = Nights(parts.db, child_of(parts.settings))
    return [
        Job(name="payments", run=payments),
        Job(name="holds", run=holds),
        Job(name="mails", run=senders.mails.run),
        Job(name="webhooks", run=senders.webhooks.run),
        Job(name="receipts", run=senders.receipts.run),
        Job(name="silent_players", every_s=5, run=silent),
        Job(name="signing_keys", every_s=60, run=keys),
        Job(name="run_out", every_s=300, run=run_out),
        Job(name="lake", every_s=60, run=nights.run),
    ]
