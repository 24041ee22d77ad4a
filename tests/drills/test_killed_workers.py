"""A worker process is killed again and again while mails and webhooks go out: nothing is lost.

The worker is the product's own (`python -m paywall.worker`), the mail server and the receiver of
webhooks are sockets on this machine that keep what they got. What arrives twice is exactly what a
killed worker held, and carries the same id, so that its receiver can tell.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import select

from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.ids import new_id
from infra.kernel.settings import Settings
from paywall.notices.outbox import LEASE
from paywall.notices.signing import signature
from paywall.notices.tables import OutboxKind, OutboxRow, OutboxState
from tests.adapters.local_servers import Answer, SmtpSink, http_server
from tests.conformance.benches.sandbox import process
from tests.stories.hall import Hall, hall_over

pytestmark = pytest.mark.drill
LIMIT = 2
"""A mail is sent twice at most."""
KILLS = int(os.environ.get("PAYWALL_TEST_KILLS", "12"))
ORDERS_A_LIFE = 12
PATIENCE_S = 300
DONE_WITHIN_S = 3600
"""A starved machine's receiver may be too slow thrice over, and then rests for half an hour."""
TO_DO = (OutboxState.WAITING, OutboxState.SENDING)


class Worker:
    """The product's worker as a process of its own over a hall's database."""

    def __init__(self, settings: Settings, db: Database, smtp_port: int, log: Path) -> None:
        self._environment = os.environ | {
            "PAYWALL_DATABASE_URL": db.engine.url.render_as_string(hide_password=False),
            "PAYWALL_DATA_DIR": str(settings.data_dir),
            "PAYWALL_PUBLIC_URL": settings.public_url,
            "PAYWALL_SANDBOX_URL": settings.sandbox_url,
            "PAYWALL_MASTER_SECRET": settings.master_secret,
            "PAYWALL_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "paywall.worker"],
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(40)


class Outside:
    """What arrived: mails by Message-ID, webhooks by webhook-id, each signature checked."""

    def __init__(self, mails: SmtpSink, hooks: list[bytes], secret: str) -> None:
        self._mails, self._hooks, self._secret = mails, hooks, secret

    @property
    def count(self) -> int:
        return len(self._mails.mails) + len(self._hooks)

    def mails(self) -> dict[str, list[str]]:
        """Recipients by the id of the row that the Message-ID names."""
        got = defaultdict(list)
        for _, recipient, raw in self._mails.mails:
            named = message_from_bytes(raw)["Message-ID"].strip("<>").partition("@")[0]
            got[named].append(recipient)
        return got

    def hooks(self) -> dict[str, list[bytes]]:
        got = defaultdict(list)
        for raw in self._hooks:
            head, _, body = raw.partition(b"\r\n\r\n")
            lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
            fields = {name.lower(): value for name, value in lines}
            stamp = int(fields["webhook-timestamp"])
            right = signature(self._secret, fields["webhook-id"], stamp, body)
            assert right in fields["webhook-signature"].split(" ")
            got[fields["webhook-id"]].append(body)
        return got


async def rows(db: Database, kind: OutboxKind | None = None) -> list[OutboxRow]:
    query = select(OutboxRow)
    if kind is not None:
        query = query.where(OutboxRow.kind == kind)
    async with db.read() as tx:
        return list(await tx.scalars(query))


async def held(db: Database) -> set[tuple[str, str]]:
    """(row, lease) of what some worker, dead or alive, is sending."""
    return {(row.id, row.lease) for row in await rows(db) if row.state is OutboxState.SENDING}


async def sell(hall: Hall, offer_id: str, chance: random.Random) -> None:
    """Paid orders: each asks for a receipt by mail and for a webhook."""
    for _ in range(ORDERS_A_LIFE):
        body = {
            "offer_id": offer_id,
            "email": f"b{chance.randrange(10**9)}@example.org",
            "payment": {"kind": "external"},
        }
        key = {"Idempotency-Key": new_id("idem")}
        answer = await hall.staff.post("/v1/orders", json=body, headers=key)
        assert answer.status_code == 201, answer.text


def tail(log: Path) -> str:
    return log.read_text()[-4000:]


async def arrives(outside: Outside, before: int, log: Path) -> None:
    """Something more came in. Bounded: a worker needs seconds to start."""
    for _ in range(PATIENCE_S * 20):
        if outside.count > before:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing is sent any more:\n{tail(log)}")


async def all_done(db: Database, log: Path) -> None:
    for _ in range(DONE_WITHIN_S):
        if not [row for row in await rows(db) if row.state in TO_DO]:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"rows were left:\n{tail(log)}")


async def lives(
    hall: Hall, worker: Worker, outside: Outside, offer_id: str, chance: random.Random, log: Path
) -> set[tuple[str, str]]:
    """Start, let it send, kill; again and again. What was in a worker's hands at its death."""
    lost: set[tuple[str, str]] = set()
    for _ in range(KILLS):
        await sell(hall, offer_id, chance)
        already = outside.count
        worker.start()
        await arrives(outside, already, log)
        await asyncio.sleep(chance.random() * 0.8)
        worker.kill()
        lost |= await held(hall.db)
    worker.start()
    await all_done(hall.db, log)
    return lost


async def test_a_worker_killed_again_and_again_loses_nothing(
    database: Database, tmp_path: Path
) -> None:
    seed = int(os.environ.get("PAYWALL_TEST_SEED", random.SystemRandom().randrange(10**6)))
    chance = random.Random(seed)
    log, clock = tmp_path / "worker.log", SystemClock()
    began = clock.monotonic()

    def pause_s() -> float:
        return chance.random() * 0.12

    async with (
        SmtpSink(pause_s=pause_s).running() as mails,
        http_server(lambda _: Answer(204), pause_s=pause_s) as (port, hooks),
    ):
        with process() as sandbox:
            async with hall_over(database, sandbox.url, tmp_path) as hall:
                offer_id = await hall.ticket(await hall.event())
                made = await hall.make("webhooks", url=f"http://127.0.0.1:{port}/hook")
                outside = Outside(mails, hooks, made["secret"])
                worker = Worker(hall.settings, database, mails.port, log)
                try:
                    lost = await lives(hall, worker, outside, offer_id, chance, log)
                finally:
                    worker.end()
                told = await judge(database, outside, lost)
                await hall.healthy()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    print(
        f"drill killed workers on {kind}: ok, {KILLS} kills -9 at random moments, seed {seed},"
        f" {told}, {clock.monotonic() - began:.0f} s"
    )


async def judge(db: Database, outside: Outside, lost: set[tuple[str, str]]) -> str:
    """Everything arrived; twice only what was lost in a dead worker's hands. The figures."""
    losses = Counter(row_id for row_id, _ in lost)
    mailed, hooked = outside.mails(), outside.hooks()
    doubtful = 0
    for row in await rows(db, OutboxKind.MAIL):
        came = mailed.get(row.id, [])
        assert set(came) <= {row.recipient}, row.id
        if row.state is OutboxState.UNKNOWN:  # two workers died over it: a person is asked
            assert losses[row.id] >= LIMIT, row.id
            doubtful += 1
            continue
        assert row.state is OutboxState.SENT, (row.id, row.state, row.last_error)
        assert 1 <= len(came) <= 1 + losses[row.id], (row.id, came, losses[row.id])
        assert len(came) <= LIMIT, row.id
    for row in await rows(db, OutboxKind.WEBHOOK):
        came_bodies = hooked.get(row.id, [])
        assert row.state is OutboxState.SENT, (row.id, row.state, row.last_error)
        assert 1 <= len(came_bodies) <= 1 + losses[row.id], (row.id, losses[row.id])
        assert len(set(came_bodies)) == 1, row.id
        assert json.loads(came_bodies[0])["type"] == row.template
    known = {row.id for row in await rows(db)}
    assert set(mailed) | set(hooked) <= known
    twice_mail = sum(len(came) > 1 for came in mailed.values())
    twice_hook = sum(len(came) > 1 for came in hooked.values())
    return (
        f"{len(mailed)} mails and {len(hooked)} webhooks all arrived; {len(lost)} were in a dead"
        f" worker's hands, of which {twice_mail} mails and {twice_hook} webhooks came again under"
        f" the same id, {doubtful} mails wait for a person (lease {LEASE.seconds} s)"
    )
