"""PostgreSQL, Redis and both go away while people watch and buy at the grown product.

Everybody goes on trying. Who holds a token watches on; whoever needs the database is told to wait,
by a 503 and never by another error; afterwards all goes on by itself, and the books agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from infra.kernel.db import Database
from paywall.checkout.tables import Order
from paywall.payments.tables import Payment
from tests.drills.crowd import Crowd, Customer, Diary, Person, Player, Purchase, Seen, Stranger
from tests.drills.grown import Grown, grown

pytestmark = pytest.mark.drill
BUYERS = 3
TOKEN_S = 40
SHORT_S = 12.0
"""Shorter than half a token's life: nobody may notice while watching."""
LONG_S = 60.0
"""Longer than a token lives: all of them end in it."""
PATIENCE_S = 90.0
WATCHING = ("playlist", "segment", "playlist by path", "segment by path")
NEEDS_ROWS = ("beat", "buy", "till")


class Drill:
    """The phases of one run and what they showed."""

    def __init__(self, product: Grown, crowd: Crowd) -> None:
        self.product, self.crowd = product, crowd
        self.told: list[str] = []

    @property
    def diary(self) -> Diary:
        return self.crowd.diary

    async def calm(self, seconds: float) -> None:
        begun_s = self.diary.now_s()
        await asyncio.sleep(seconds)
        self.all_good(begun_s, self.diary.now_s())

    def all_good(self, begin_s: float, end_s: float) -> None:
        bad = [one for one in self.diary.between(begin_s, end_s) if not one.good]
        assert not bad, (len(bad), bad[:5])

    async def outage(
        self, name: str, seconds: float, stop: Callable[[], None], start: Callable[[], None],
        *, rows_gone: bool = True,
    ) -> None:  # fmt: skip
        """Stop, wait, start; then wait until everybody is served again."""
        gone_s = self.diary.now_s()
        await asyncio.to_thread(stop)
        stopped_s = self.diary.now_s()
        await asyncio.sleep(seconds)
        back_s = self.diary.now_s()
        await asyncio.to_thread(start)
        up_s = self.diary.now_s()
        after_s = await self._served_again(up_s)
        self.all_good(gone_s, self.diary.now_s())
        if rows_gone:
            # Asked after it was gone and answered before it came back: a 503 and nothing else.
            asked = [o for o in self.diary.between(stopped_s, back_s) if o.what in NEEDS_ROWS]
            away = {one.status for one in asked if one.at_s + one.took_s < back_s}
            assert away <= {503}, away
        self.told.append(
            f"{name}: away {up_s - gone_s:.1f} s ({self.diary.tally(gone_s, up_s)}; slowest"
            f" {self.diary.slowest_s(gone_s, up_s):.1f} s), all served {after_s:.1f} s after"
        )

    async def _served_again(self, since_s: float) -> float:
        """Seconds until each kind of request succeeded, and none of the newest failed."""
        wanted = {*NEEDS_ROWS, *WATCHING}
        while self.diary.now_s() < since_s + PATIENCE_S:
            await asyncio.sleep(0.2)
            since = self.diary.between(since_s, self.diary.now_s() + 1)
            first: dict[str, float] = {}
            for one in since:
                if one.status in (200, 201):
                    first.setdefault(one.what, one.at_s - since_s)
            if wanted <= first.keys() and not _waiting(since[-30:]):
                return max(first[what] for what in wanted)
        raise AssertionError(f"not served again: {self.diary.tally(since_s, since_s + PATIENCE_S)}")


def _waiting(newest: Sequence[Seen]) -> bool:
    return any(one.status == 503 for one in newest)


@asynccontextmanager
async def going_on(
    product: Grown, chance: random.Random
) -> AsyncIterator[tuple[Drill, list[Player], list[Customer]]]:
    """The crowd at work; when the block ends it finishes what it began."""
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=product.shop.url, timeout=40, limits=limits) as client:
        crowd = Crowd(product.shop, client, chance)
        players = [Player(crowd, one, by_path=n % 4 == 0) for n, one in enumerate(product.people)]
        for player in players:
            await Customer(crowd, player.secret, till=False).buy()
            await player.open()
        customers = [Customer(crowd, one.secret, till=False) for one in players[:BUYERS]]
        customers.append(Customer(crowd, product.shop.key, till=True))
        edge = players[1].session["urls"]["hls"]
        everybody: list[Person] = [*players, *customers, Stranger(crowd, edge)]
        tasks = [asyncio.create_task(one.live()) for one in everybody]
        try:
            yield Drill(product, crowd), players, customers
            crowd.over.set()
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def test_servers_go_away_while_people_watch_and_buy(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    with grown(tmp_path, people=12, token_s=TOKEN_S) as product:
        before = product.processes()
        drill, bought = asyncio.run(phases(product, seed))
        orders = asyncio.run(paid_once(product, [one.order_id for one in bought]))
        report = product.doctor()
        assert report.returncode == 0, report.stdout.decode()
        assert product.processes() == before, "a process was started again"
        lines = product.log.read_text()
    assert "request crashed" not in lines
    for told in drill.told:
        print(f"drill outage, {told}")
    print(
        f"drill outages: ok, seed {seed}, {len(product.people)} players, {BUYERS} buyers, a till,"
        f" {len(drill.diary.seen)} requests, {orders} orders each paid once (sent up to"
        f" {max(one.tries for one in bought)} times), doctor finds nothing, no process restarted,"
        f" {tracebacks(lines)}"
    )


async def phases(product: Grown, seed: int) -> tuple[Drill, list[Purchase]]:
    postgres, redis = product.postgres, product.redis

    def stop_both() -> None:
        redis.stop()
        postgres.stop()

    def start_both() -> None:
        postgres.start()
        redis.start()

    def crash() -> None:
        postgres.stop(signal.SIGQUIT)

    async with going_on(product, random.Random(seed)) as (drill, players, customers):
        await drill.calm(6)
        await drill.outage("PostgreSQL stopped", SHORT_S, postgres.stop, postgres.start)
        assert all(player.held for player in players)
        await drill.outage("PostgreSQL crashed", 0, crash, postgres.start)
        await drill.outage("Redis stopped", SHORT_S, redis.stop, redis.start, rows_gone=False)
        await drill.outage("both stopped", LONG_S, stop_both, start_both)
        await drill.calm(6)
    return drill, [purchase for one in customers for purchase in one.bought]


async def paid_once(product: Grown, known: list[str]) -> int:
    """No key made two orders, no order was charged twice, no money is unknown to us."""
    assert len(set(known)) == len(known)
    db = Database(product.settings.database())
    try:
        async with db.read() as tx:
            orders = Counter(await tx.scalars(select(Order.state)))
            ids = set(await tx.scalars(select(Order.id)))
            captured = {
                row.id: row.captured_minor for row in await tx.scalars(select(Payment))
                if row.captured_minor
            }  # fmt: skip
            total = await tx.scalar(select(func.count()).select_from(Order))
    finally:
        await db.close()
    assert set(orders) == {"paid"}, orders
    assert set(known) <= ids
    with contextlib.closing(sqlite3.connect(product.settings.data_dir / "sandbox.sqlite3")) as file:
        rows = file.execute("SELECT reference, amount FROM charges").fetchall()
    assert len({reference for reference, _ in rows}) == len(rows), "somebody was charged twice"
    assert dict(rows) == captured
    return int(total or 0)


def tracebacks(lines: str) -> str:
    """What ended each traceback in the log, counted: none is expected of a known outage."""
    ends = re.findall(r"^([\w.]+(?:Error|Exception|Away)\b.*)$", lines, re.MULTILINE)
    found = Counter(end[:80] for end in ends)
    count = lines.count("Traceback (most recent call last)")
    return f"{count} tracebacks in the log" + (f": {dict(found)}" if found else "")
