"""The sandbox's own SQLite file: durable commits, many waiting requests to one fsync."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.kernel.clock import Clock
from infra.kernel.group import GroupCommit

Work = Callable[[sqlite3.Connection, float], Any]
"""What runs inside a transaction: (connection, now in Unix seconds) -> answer."""

FORGET_AFTER_S = 2 * 24 * 3600  # twice a key's life

_SCHEMA = """
CREATE TABLE IF NOT EXISTS merchants (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, webhook_url TEXT NOT NULL, webhook_secret TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, merchant TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL,
  captured INTEGER NOT NULL DEFAULT 0, refunded INTEGER NOT NULL DEFAULT 0,
  disputed INTEGER NOT NULL DEFAULT 0, fee INTEGER, decline TEXT NOT NULL DEFAULT '',
  method TEXT NOT NULL DEFAULT '', description TEXT NOT NULL, return_url TEXT NOT NULL,
  locale TEXT NOT NULL, customer TEXT NOT NULL, mandate TEXT NOT NULL DEFAULT '',
  save INTEGER NOT NULL, capture_later INTEGER NOT NULL, metadata TEXT NOT NULL,
  card TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, due_at REAL,
  due_action TEXT NOT NULL DEFAULT '', silent_until REAL NOT NULL DEFAULT 0,
  expires TEXT NOT NULL DEFAULT '',
  CHECK (captured <= amount), CHECK (refunded + disputed <= captured)
) STRICT;
CREATE INDEX IF NOT EXISTS payments_reference ON payments (merchant, reference);
CREATE INDEX IF NOT EXISTS payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS refunds (
  id TEXT PRIMARY KEY, merchant TEXT NOT NULL, reference TEXT NOT NULL, payment TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, state TEXT NOT NULL,
  created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_reference ON refunds (merchant, reference);
CREATE TABLE IF NOT EXISTS disputes (
  id TEXT PRIMARY KEY, merchant TEXT NOT NULL, payment TEXT NOT NULL, state TEXT NOT NULL,
  amount INTEGER NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL, fee INTEGER NOT NULL,
  evidence_due_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS disputes_payment ON disputes (payment);
CREATE TABLE IF NOT EXISTS mandates (
  id TEXT PRIMARY KEY, merchant TEXT NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL,
  customer TEXT NOT NULL, card TEXT NOT NULL DEFAULT '', decline TEXT NOT NULL DEFAULT '',
  return_url TEXT NOT NULL, locale TEXT NOT NULL, currency TEXT NOT NULL,
  expires TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS mandates_reference ON mandates (merchant, reference);
CREATE TABLE IF NOT EXISTS charges (
  seq INTEGER PRIMARY KEY, merchant TEXT NOT NULL, payment TEXT NOT NULL, reference TEXT NOT NULL,
  kind TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS charges_merchant ON charges (merchant, reference);
CREATE TABLE IF NOT EXISTS idempotency (
  merchant TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, status INTEGER NOT NULL,
  answer BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY (merchant, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, merchant TEXT NOT NULL, body BLOB NOT NULL,
  due_at REAL, tries INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), ahead_s REAL NOT NULL)
  STRICT;
INSERT OR IGNORE INTO clock VALUES (1, 0);
"""


class Books:
    """Runs work in transactions on one thread. A group of waiting requests shares one commit.

    Each piece of work has a savepoint: one that raises is undone alone. `before` runs first in
    every group (what has become due by now). `on_change` is called after a commit that wrote.
    """

    def __init__(self, path: Path, clock: Clock, before: Callable[..., None]) -> None:
        self._clock = clock
        self._before = before
        self._thread = ThreadPoolExecutor(1, "sandbox-books")
        self._groups: GroupCommit[Work, Any] = GroupCommit(self._flush, max_size=256)
        self.changed = asyncio.Event()
        self._db = self._thread.submit(self._open, path).result()
        self.ahead_s: float = self._thread.submit(
            lambda: self._db.execute("SELECT ahead_s FROM clock").fetchone()[0]
        ).result()
        self._thread.submit(self._forget, self.now()).result()

    def _forget(self, now: float) -> None:
        """Drop what nobody asks for any more, once at each start."""
        self._db.execute("DELETE FROM idempotency WHERE at < ?", (now - FORGET_AFTER_S,))
        self._db.execute("DELETE FROM deliveries WHERE due_at IS NULL")

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA)
        for table in ("payments", "mandates"):  # a file that was made before cards had an end
            columns = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
            if "expires" not in columns:
                db.execute(f"ALTER TABLE {table} ADD COLUMN expires TEXT NOT NULL DEFAULT ''")
        return db

    def now(self) -> float:
        """Unix seconds, plus what tests moved this processor's clock ahead."""
        return self._clock.machine().timestamp() + self.ahead_s

    async def run(self, work: Work) -> Any:
        """The answer of `work`, after its transaction is on disk."""
        return await self._groups.submit(work)

    async def move_clock(self, seconds: float) -> None:
        """Move this processor's clock ahead; what becomes due by that is done before it returns."""
        assert seconds >= 0
        await self.run(lambda db, now: db.execute("UPDATE clock SET ahead_s=ahead_s+?", (seconds,)))
        self.ahead_s += seconds
        await self.run(lambda db, now: None)

    async def _flush(self, group: Sequence[Work]) -> Sequence[Any]:
        loop = asyncio.get_running_loop()
        answers, wrote = await loop.run_in_executor(self._thread, self._commit, group, self.now())
        if wrote:
            self.changed.set()
        return answers

    def _commit(self, group: Sequence[Work], now: float) -> tuple[list[Any], bool]:
        db, answers = self._db, []
        before = db.total_changes
        db.execute("BEGIN IMMEDIATE")
        try:
            self._before(db, now)
            for work in group:
                answers.append(self._one(work, now))
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        return answers, db.total_changes != before

    def _one(self, work: Work, now: float) -> Any:
        self._db.execute("SAVEPOINT one")
        try:
            answer = work(self._db, now)
        except Exception as error:  # noqa: BLE001 - handed to the caller whose work it is
            self._db.execute("ROLLBACK TO one")
            answer = error
        self._db.execute("RELEASE one")
        return answer

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
        self._thread.shutdown()
