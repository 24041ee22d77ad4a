"""The jobs of the worker: each a query for due rows, wired to the use case that handles them."""

from __future__ import annotations

from datetime import datetime

from entitlements.keys import turn
from entitlements.sessions import cut_silent
from paywall.accounts.sweep import sweep
from paywall.checkout.expire import expire_due
from paywall.http.parts import Parts
from paywall.worker.mailing import mail_delivery
from paywall.worker.tick import Job


def jobs(parts: Parts) -> list[Job]:
    """Everything that is due at some time, in any process that runs a worker."""

    async def payments(_now: datetime) -> int:
        return await parts.desk.tick()

    async def holds(now: datetime) -> int:
        return await expire_due(parts.db, now)

    async def silent(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            return len(await cut_silent(tx, now))

    async def keys(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            turned = await turn(tx, parts.sealer, now)
        return 1 if turned.active or turned.published or turned.retired else 0

    async def run_out(now: datetime) -> int:
        return await sweep(parts.db, now)

    mails = mail_delivery(parts)
    return [
        Job(name="payments", run=payments),
        Job(name="holds", run=holds),
        Job(name="mails", run=mails.run),
        Job(name="silent_players", every_s=5, run=silent),
        Job(name="signing_keys", every_s=60, run=keys),
        Job(name="run_out_logins", every_s=300, run=run_out),
    ]
