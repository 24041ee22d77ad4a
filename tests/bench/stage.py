"""The product as it runs for a bench: two web workers on PostgreSQL, a worker, a sandbox, wrk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from entitlements.grants import NewGrant, give
from entitlements.tables import ScopeKind
from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from infra.kernel.settings import Settings, load_settings
from offers.tables import Offer, OfferKind, OfferState, Pool, Price
from paywall.accounts.customers import customers_for
from paywall.accounts.identify import SESSION_PREFIX, fingerprint
from paywall.accounts.tables import Account, AuthSession
from paywall.app.assembly import assemble
from tests.services import free_port

VIEWERS = 400
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Shop:
    """Where it runs and what the load needs to know."""

    url: str
    web_pids: list[int]
    key: str
    sessions: list[str]
    """Secrets of signed-in viewers who hold one ticket each for the live event."""
    event_id: str
    event_path: str
    offer_id: str
    token: str = ""


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def family(pid: int) -> list[int]:
    """The process and its children, by /proc."""
    found = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == pid:
                    found += family(int(entry.name))
    return found


def cpu_s(pids: list[int]) -> float:
    return sum(_cpu_s(pid) for pid in pids)


def resident_mib(pid: int) -> float:
    """Resident memory; what workers share counts in each of them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def fresh_database(admin_url: str) -> str:
    """A new database on the server of `admin_url`; its URL."""
    name = f"bench_{secrets.token_hex(4)}"
    admin = create_async_engine(admin_url, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await admin.dispose()
    return admin_url.rsplit("/", 1)[0] + f"/{name}"


async def prepare(settings: Settings, url: str) -> Shop:
    """Add what the load buys: an endless offer of the live event, a viewer who may watch."""
    parts = assemble(settings)
    now = parts.clock.machine()
    try:
        async with parts.db.transaction() as tx:
            row = (
                await tx.execute(
                    text(
                        "SELECT e.id, e.slug, v.slug, v.id FROM event e JOIN venue v "
                        "ON v.id = e.venue_id JOIN stream s ON s.event_id = e.id "
                        "WHERE s.source = 'demo-live'"
                    )
                )
            ).one()
            event_id, event_slug, venue_slug, venue_id = row
            offer = Offer(
                id=new_id("ofr"), venue_id=venue_id, kind=OfferKind.STREAM_TICKET,
                scope_kind="event", scope_id=event_id, name="Bench", state=OfferState.ON_SALE,
                created_at=now, replay_window_s=3600,
            )  # fmt: skip
            tx.add_all(
                [
                    offer,
                    Price(
                        id=new_id("pri"), venue_id=venue_id, offer_id=offer.id, currency="EUR",
                        minor=1200, created_at=now,
                    ),
                    Pool(offer_id=offer.id, venue_id=venue_id, capacity=10_000_000, taken=0),
                ]
            )  # fmt: skip
            sessions = await viewers(tx, venue_id, event_id, now)
    finally:
        await parts.close()
    key = (settings.data_dir / "demo-api-key").read_text()
    path = f"/venues/{venue_slug}/events/{event_slug}"
    return Shop(url, [], key, sessions, event_id, path, offer.id)


async def viewers(tx: Tx, venue_id: str, event_id: str, now: datetime) -> list[str]:
    """People with an account, a log-in and a ticket for the event; their session secrets."""
    secrets_ = [SESSION_PREFIX + secrets.token_urlsafe(32) for _ in range(VIEWERS)]
    accounts = [
        Account(
            id=new_id("acc"), email=f"viewer{n}@example.org", email_proven_at=now, created_at=now
        )
        for n in range(VIEWERS)
    ]  # fmt: skip
    tx.add_all(accounts)
    tx.add_all(
        AuthSession(
            id=new_id("ses"), secret_hash=fingerprint(secret), account_id=account.id,
            created_at=now, expires_at=now + timedelta(days=1), last_seen_at=now,
        )
        for secret, account in zip(secrets_, accounts, strict=True)
    )  # fmt: skip
    await tx.flush()
    people = await customers_for(tx, [(venue_id, account.id) for account in accounts], now)
    await give(
        tx,
        [
            NewGrant(
                venue_id=venue_id, customer_id=customer_id, scope_kind=ScopeKind.EVENT,
                scope_id=event_id, starts_at=now, ends_at=now + timedelta(days=1),
                opens_live=True, opens_replay=True, source_key=f"bench:{customer_id}",
            )
            for customer_id in people.values()
        ],
        now,
    )  # fmt: skip
    return secrets_


@contextlib.contextmanager
def running(folder: Path, admin_url: str) -> Iterator[Shop]:
    """`paywall serve --demo --workers 2` on a fresh PostgreSQL database, ended afterwards."""
    port = free_port()
    environment = os.environ | {
        "PAYWALL_DATA_DIR": str(folder),
        "PAYWALL_DATABASE_URL": asyncio.run(fresh_database(admin_url)),
        "PAYWALL_PUBLIC_URL": f"http://localhost:{port}",
        "PAYWALL_RATE_SCALE": "0",
        "PAYWALL_DB_POOL": "8",
    }
    log = (folder / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "paywall.cli", "serve", "--demo", "--no-audience",
         "--workers", "2", "--port", str(port)],
        env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_open(process, folder / "serve.log")
        wait_until_idle(process.pid)
        settings = load_settings({k: v for k, v in environment.items() if k.startswith("PAYWALL")})
        shop = asyncio.run(prepare(settings, url))
        shop.web_pids = web_workers(process.pid)
        yield shop
    finally:
        process.terminate()
        process.wait(30)


def wait_until_open(process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when `paywall serve --demo` is ready; ends the run with its log when it is not."""
    for _ in range(1800):
        if b"The hall is open" in log.read_bytes():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("the product did not start:\n" + log.read_text())


def wait_until_idle(pid: int) -> None:
    """Returns when a new start's own work is done, above all the assistant's first training.

    Idle is ten seconds in a row at less than a fifth of a core: the demo's encoder never rests.
    """
    quiet = 0
    for _ in range(900):
        before = cpu_s(family(pid))
        time.sleep(1)
        quiet = quiet + 1 if cpu_s(family(pid)) - before < 0.2 else 0
        if quiet == 10:
            return
    sys.exit("the product did not come to rest within fifteen minutes of its start")


def web_workers(supervisor: int) -> list[int]:
    """The granian processes that answer requests (its parent only watches them)."""
    granian = [
        pid for pid in family(supervisor)
        if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]  # fmt: skip
    parents = {
        int(Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()[1]) for p in granian
    }
    return [pid for pid in granian if pid not in parents]


@dataclass
class Row:
    """One line of the table."""

    name: str
    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float
    note: str = ""


_DONE = """
function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(95), latency:percentile(99), bad))
end
"""


def load(
    name: str, url: str, *, pids: list[int], script: str = "", seconds: int = 6,
    connections: int = 32, folder: Path,
) -> Row:  # fmt: skip
    """Drive one address with wrk from one thread; the servers' own CPU beside the rate."""
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("wrk is missing. Install it (on Debian: apt-get install wrk), then run again.")
    lua = folder / "load.lua"
    lua.write_text(script + _DONE)
    # Every worker compiles its statements and reads its templates once: not what is measured.
    command = [wrk, "-t1", f"-c{connections}", "--timeout", "10s", "-s", str(lua)]
    subprocess.run([*command, "-d2s", url], capture_output=True, check=True)
    before = cpu_s(pids)
    done = subprocess.run(
        [*command, f"-d{seconds}s", url], capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent = cpu_s(pids) - before
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None:
        sys.exit(done.stdout + done.stderr)
    requests, micros, p50, p95, p99, bad = map(int, found.groups())
    return Row(
        name, requests / (micros / 1e6), p50 / 1e3, p95 / 1e3, p99 / 1e3,
        spent * 1e3 / max(requests, 1), f"{bad} failed" if bad else "",
    )  # fmt: skip
