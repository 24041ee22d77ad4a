"""The jobs of the worker: each a query for due rows, wired to the use case that handles them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from entitlements.denylist import purge_denials
from entitlements.keys import turn
from entitlements.sessions import cut_silent
from infra.kernel.idempotency import purge as purge_keys
from paywall.accounts.sweep import sweep
from paywall.app.sending import Senders
from paywall.bridges.churn_acts.nights import Measurements
from paywall.bridges.churn_acts.work import work
from paywall.bridges.lake.night import Nights, child_of
from paywall.bridges.scores import ScoreNights
from paywall.bridges.scores import child_of as scoring_child_of
from paywall.bridges.support_jobs import SupportJobs
from paywall.checkout.expire import expire_due
from paywall.crm.visits import sweep_visits
from paywall.http.parts import Parts
from paywall.mailings.clicks import sweep_clicks
from paywall.payments.inbox import prune_inbox
from paywall.worker.bot_training import BotTraining, ChildTrainer
from paywall.worker.tick import Job
from paywall.worker.venue_times import at_each_venue_time
from support_bot.cases import ARRIVALS
from support_bot.learned import JOB
from support_bot.mail_in import JOB as MAILS_IN

Run = Callable[[datetime], Awaitable[int]]


def jobs(parts: Parts, senders: Senders) -> list[Job]:
    """Everything that is due at some time, in any process that runs a worker."""

    async def payments(_now: datetime) -> int:
        return await parts.desk.tick()

    async def holds(now: datetime) -> int:
        return await expire_due(parts.db, parts.outbox, now)

    async def actions(now: datetime) -> int:
        return await work(parts.db, parts.clock, parts.venue_acts, now)

    async def silent(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            return len(await cut_silent(tx, now))

    async def keys(now: datetime) -> int:
        async with parts.db.transaction() as tx:
            turned = await turn(tx, parts.sealer, now)
        return 1 if turned.active or turned.published or turned.retired else 0

    async def run_out(now: datetime) -> int:
        """Log-in links, keys, denials, visits, outbox and inbox rows whose time is over."""
        async with parts.db.transaction() as tx:
            gone = await purge_keys(tx, now) + await purge_denials(tx, now)
        gone += await prune_inbox(parts.db, now) + await sweep_visits(parts.db, now)
        gone += await sweep_clicks(parts.db, now)
        return gone + await sweep(parts.db, now) + await parts.outbox.purge(parts.db, now)

    nights = Nights(parts.db, child_of(parts.settings))
    training = BotTraining(parts.db, parts.clock, ChildTrainer())
    scores = ScoreNights(parts.db, scoring_child_of(parts.settings))
    measured = Measurements(parts.db, child_of(parts.settings, ("measure", "actions")))
    return [
        Job(name="payments", run=payments),
        Job(name="holds", run=holds),
        Job(name="mails", run=senders.mails.run),
        Job(name="webhooks", run=senders.webhooks.run),
        Job(name="receipts", run=senders.receipts.run),
        Job(name=JOB, every_s=5, run=training.run),
        Job(name="actions", every_s=5, run=actions),
        Job(name="silent_players", every_s=5, run=silent),
        Job(name="signing_keys", every_s=60, run=keys),
        Job(name="run_out", every_s=300, run=run_out),
        Job(name="lake", every_s=60, run=nights.run),
        *_support_jobs(parts, senders),
        Job(name="scores", every_s=60, run=scores.run),
        Job(name="measurements", every_s=60, run=measured.run),
    ]


def _support_jobs(parts: Parts, senders: Senders) -> list[Job]:
    """Cases: new ones, deadlines, questions afterwards, and mails in."""
    support = SupportJobs(parts.db, parts.clock, parts.cases)

    def at_venues(run: Callable[[datetime, int], Awaitable[int]]) -> Run:
        return at_each_venue_time(parts.db, parts.clock, run)

    jobs = [
        Job(name=ARRIVALS, run=at_venues(support.arrivals)),
        Job(name="case_replies", run=support.replies),
        Job(name="case_alarms", every_s=5, run=at_venues(support.alarms)),
        Job(name="case_live_rule", every_s=15, run=at_venues(support.live)),
        Job(name="case_follow_ups", every_s=30, run=at_venues(support.follow_ups)),
        Job(name="case_tidy", every_s=600, run=support.tidy),
        Job(name=MAILS_IN, run=support.mails),
    ]
    postbox = senders.postbox
    if postbox is not None:

        async def fetch(now: datetime) -> int:
            return await support.fetch(postbox, now)

        jobs.append(Job(name="support_postbox", every_s=20, run=fetch))
    return jobs
