"""Kicks over a real Redis; a worker killed for real in mid-task."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from infra.adapters.taskiq_kick import TaskiqKick
from infra.kernel.clock import HandClock, SystemClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.notices.mails import MailDelivery
from paywall.notices.outbox import LEASE, Outbox, mail
from paywall.notices.tables import OutboxRow, OutboxState
from paywall.worker.tick import Job, Worker
from tests.notices.conftest import ListSender, OneAttachment, PlainRenderer

DOOMED = Path(__file__).with_name("doomed_worker.py")


async def test_a_kick_runs_the_named_job_in_a_worker(redis_url: str) -> None:
    ran: asyncio.Queue[str] = asyncio.Queue()

    async def run(name: str) -> int:
        await ran.put(name)
        return 1

    web, worker = TaskiqKick(redis_url), TaskiqKick(redis_url)
    await web.kick("mail")  # before anybody listens
    stop = asyncio.Event()
    listening = asyncio.create_task(worker.listen(run, stop))
    assert await asyncio.wait_for(ran.get(), 10) == "mail"
    await web.kick("webhooks")
    assert await asyncio.wait_for(ran.get(), 10) == "webhooks"
    stop.set()
    await asyncio.wait_for(listening, 10)
    await web.close()
    await worker.close()


async def test_a_kick_without_redis_is_lost_in_silence() -> None:
    kick = TaskiqKick("redis://127.0.0.1:1/0")
    await kick.kick("mail")
    await kick.close()


async def test_a_worker_killed_in_mid_task_has_its_row_done_by_the_next_one(
    database: Database, redis_url: str
) -> None:
    outbox, now = Outbox(Sealer(b"m" * 32)), SystemClock().machine()
    async with database.transaction() as tx:
        await outbox.enqueue(
            tx, [mail("installation", "ada@example.org", "receipt", "ord_1", {})], now
        )
    url = database.engine.url.render_as_string(hide_password=False)
    web = TaskiqKick(redis_url)
    with subprocess.Popen(  # noqa: ASYNC220 - asyncio's own keeps a watcher thread behind
        [sys.executable, str(DOOMED), url, redis_url], stdout=subprocess.PIPE
    ) as doomed:
        try:
            assert doomed.stdout is not None
            assert await asyncio.to_thread(doomed.stdout.readline) == b"READY\n"
            await web.kick("mail")
            line = await asyncio.to_thread(doomed.stdout.readline)
        finally:
            doomed.kill()

    [row] = await _rows(database)
    assert line.split() == [b"SENDING", f"{row.id}@example.org".encode()]
    assert row.state is OutboxState.SENDING

    await _takes_over(redis_url, "mail")
    # The next worker, told by that message or by its own tick, a minute later.
    clock, sender = HandClock(SystemClock().machine()), ListSender()
    delivery = MailDelivery(
        database, clock, outbox, sender, PlainRenderer(), OneAttachment(),
        mail_from="tickets@example.org", installation_name="Paywall",
    )  # fmt: skip
    worker = Worker([Job(name="mail", run=delivery.run)], clock)
    assert await worker.run_all_once() == 0  # the dead worker's lease still holds
    clock.move(seconds=LEASE.total_seconds())
    assert await worker.run_all_once() == 1
    assert [sent.message_id for sent in sender.taken] == [f"{row.id}@example.org"]
    [row] = await _rows(database)
    assert (row.state, row.tries, row.unknowns) == (OutboxState.SENT, 2, 1)
    await web.close()


async def _takes_over(redis_url: str, job: str) -> None:
    """A living worker gets the dead one's unacknowledged message."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def work(name: str) -> int:
        await seen.put(name)
        return 1

    living = TaskiqKick(redis_url, take_over_after_s=0.001)
    stop = asyncio.Event()
    listening = asyncio.create_task(living.listen(work, stop))
    assert await asyncio.wait_for(seen.get(), 10) == job
    stop.set()
    await asyncio.wait_for(listening, 10)
    await living.close()


async def _rows(db: Database) -> list[OutboxRow]:
    async with db.read() as tx:
        return list((await tx.execute(select(OutboxRow))).scalars())
