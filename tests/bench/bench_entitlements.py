"""What tokens, the edge's check and playback sessions cost. Measured, never asserted.

`python -m tests.bench.bench_entitlements`; with PAYWALL_TEST_POSTGRES also on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from entitlements.edge import Edge, Pass, Request
from entitlements.grants import give
from entitlements.issue import Admitted, Issuer, issue_many
from entitlements.jose import Signer, VerifyKey
from entitlements.sessions import Beat, beat
from entitlements.tokens import ENTITLEMENT_TYP, PLAYBACK_TYP, PlaybackClaims, mint_playback, verify
from infra.kernel.clock import epoch_s
from infra.kernel.db import Database
from tests.conftest import POSTGRES
from tests.entitlements.builders import NOW, TERMS, edge_ring, issuer, new_grant, request, watchable

LONG_EVENT = "evt_" + "0" * 26


class Row(msgspec.Struct, frozen=True):
    """CPU microseconds of this process for one operation, and how many a core does a second."""

    name: str
    cpu_us: float

    @property
    def per_s(self) -> float:
        return 1e6 / self.cpu_us


def measured(name: str, work: Callable[[], object], times: int = 4000) -> Row:
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return Row(name, (time.process_time() - start) / times * 1e6)


class NothingBarred:
    def denies(self, _sid: str) -> bool:
        return False

    def min_epoch(self, _event_id: str) -> int:
        return 0


def playback_claims() -> PlaybackClaims:
    issued = epoch_s(NOW)
    return PlaybackClaims(
        iss="https://tickets.example.org/v/la-cave",
        aud="edge:main",
        sub="p" * 22,
        sid="s" * 22,
        evt=LONG_EVENT,
        pth=f"/{LONG_EVENT}/live/",
        cls="live",  # type: ignore[arg-type]
        ep=0,
        iat=issued,
        nbf=issued - 30,
        exp=issued + 300,
    )


def tokens() -> list[Row]:
    """Ours beside raw PyJWT with the same claims in the same run."""
    ring, key = edge_ring(), ec.generate_private_key(ec.SECP256R1())
    claims = msgspec.structs.asdict(playback_claims())
    signer, secret = Signer("es-bench", "ES256", key), ring.key(1)
    public = key.public_key()
    verifiers = {"es-bench": VerifyKey("es-bench", "ES256", public)}
    t1 = signer.sign(ENTITLEMENT_TYP, claims | {"aud": "app"})
    t2 = mint_playback(ring.signer(NOW), playback_claims())
    lax = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    raw_hs = jwt.encode(claims, secret, "HS256")
    raw_es = jwt.encode(claims, key, "ES256")
    ask = Request(path=f"/media/{LONG_EVENT}/live/v/seg.m4s", authorization=f"Bearer {t2}")
    edge = Edge(ring, NothingBarred())
    forgetful = Edge(ring, NothingBarred(), remember=0)
    assert isinstance(edge.check(ask, NOW), Pass)
    print(f"a T2 with ids of full length has {len(t2)} bytes, a T1 {len(t1)}")
    return [
        measured("sign ES256, PyJWT", lambda: jwt.encode(claims, key, "ES256")),
        measured("sign ES256, ours", lambda: signer.sign(ENTITLEMENT_TYP, claims)),
        measured("sign HS256, PyJWT", lambda: jwt.encode(claims, secret, "HS256")),
        measured("sign T2, ours", lambda: mint_playback(ring.signer(NOW), playback_claims())),
        measured(
            "verify ES256, PyJWT",
            lambda: jwt.decode(
                raw_es,
                public,
                ["ES256"],
                audience="edge:main",
                options=lax,  # type: ignore[arg-type]
            ),
        ),
        measured(
            "verify T1, ours",
            lambda: verify(
                t1, verifiers, audience="app", issuer=None, typ=ENTITLEMENT_TYP, now=NOW
            ),
        ),
        measured(
            "verify HS256, PyJWT",
            lambda: jwt.decode(
                raw_hs,
                secret,
                ["HS256"],
                audience="edge:main",
                options=lax,  # type: ignore[arg-type]
            ),
        ),
        measured(
            "verify T2, ours",
            lambda: verify(
                t2,
                ring.verifiers(NOW),
                audience="edge:main",
                issuer=None,
                typ=PLAYBACK_TYP,
                now=NOW,
            ),
        ),
        measured("edge check, token seen for the first time", lambda: forgetful.check(ask, NOW)),
        measured("edge check, token remembered", lambda: edge.check(ask, NOW), 20_000),
    ]


async def measured_async(name: str, work: Callable[[int], Awaitable[int]], rounds: int = 60) -> Row:
    await work(0)
    start, done = time.process_time(), 0
    for number in range(rounds):
        done += await work(number)
    return Row(name, (time.process_time() - start) / done * 1e6)


async def sessions(database: Database, label: str) -> list[Row]:
    people = 2000
    async with database.transaction() as tx:
        await give(
            tx,
            [
                new_grant(customer_id=f"cus_{n}", order_id=f"ord_{n}", scope_id=LONG_EVENT)
                for n in range(people)
            ],
            NOW,
        )
    mint = await issuer(database)
    event = watchable(event_id=LONG_EVENT, path_prefix=f"/{LONG_EVENT}/")
    sids: list[str] = []

    def issue(size: int) -> Callable[[int], Awaitable[int]]:
        async def work(number: int) -> int:
            wanted = [
                request(customer_id=f"cus_{(number * size + n) % people}", event=event)
                for n in range(size)
            ]
            async with database.transaction() as tx:
                admitted = await issue_many(tx, wanted, TERMS, NOW)
            answers = [answered(mint, one) for one in admitted]
            sids.extend(answer for answer in answers)
            return size

        return work

    def beats(size: int) -> Callable[[int], Awaitable[int]]:
        async def work(number: int) -> int:
            at = NOW + timedelta(seconds=60 + number)
            batch = [Beat(sid=sids[(number * size + n) % len(sids)]) for n in range(size)]
            async with database.transaction() as tx:
                await beat(tx, batch, at)
            return size

        return work

    rows = []
    for size in (1, 16, 64):
        rows.append(
            await measured_async(f"issue incl. tokens, {label}, {size} a commit", issue(size))
        )
    for size in (1, 16, 64):
        rows.append(await measured_async(f"beat, {label}, {size} a commit", beats(size)))
    return rows


def answered(mint: Issuer, admitted: object) -> str:
    assert isinstance(admitted, Admitted)
    return mint.answer(admitted).session_id


@asynccontextmanager
async def fresh(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.create_all()
    try:
        yield database
    finally:
        await database.close()


async def main() -> None:
    rows = tokens()
    with tempfile.TemporaryDirectory() as folder:
        async with fresh(f"sqlite+aiosqlite:///{Path(folder) / 'bench.sqlite3'}") as database:
            rows += await sessions(database, "SQLite")
    if POSTGRES:
        admin = create_async_engine(POSTGRES, isolation_level="AUTOCOMMIT")
        async with admin.connect() as connection:
            await connection.execute(text("CREATE DATABASE bench_entitlements"))
        try:
            async with fresh(POSTGRES.rsplit("/", 1)[0] + "/bench_entitlements") as database:
                rows += await sessions(database, "PostgreSQL")
        finally:
            async with admin.connect() as connection:
                await connection.execute(text("DROP DATABASE bench_entitlements WITH (FORCE)"))
            await admin.dispose()
    for row in rows:
        print(f"{row.name:50} {row.cpu_us:9.1f} us CPU {row.per_s:10,.0f}/s a core")


if __name__ == "__main__":
    asyncio.run(main())
