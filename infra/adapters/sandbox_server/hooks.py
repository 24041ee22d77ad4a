"""Signed webhooks of the sandbox (Standard Webhooks 1.0), retried from rows with back-off.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterable

from infra.adapters.sandbox_server.books import Books
from infra.adapters.sandbox_server.faults import WEBHOOK_MODES, Faults, Mode
from infra.adapters.wire import NoAnswer, Wire

BACK_OFF_S = (5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400)
AT_ONCE = 16
LEASE_S = 60


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; secret is `whsec_<base64>`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Deliverer:
    """Sends what is due. A row is done when the shop answered 2xx, or after the last back-off."""

    def __init__(self, books: Books, faults: Faults) -> None:
        self._books = books
        self._faults = faults
        self._wire = Wire(timeout_s=10)
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._held: list[sqlite3.Row] = []  # by REORDER, until enough have come
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever: also what makes delayed effects happen when nobody asks."""
        while True:
            self._books.changed.clear()
            for row in await self._books.run(self._due):
                self._begin(row)
            try:
                await asyncio.wait_for(self._books.changed.wait(), 0.25)
            except TimeoutError:
                continue

    def _due(self, db: sqlite3.Connection, now: float) -> list[sqlite3.Row]:
        """Those to send now. They are due again after a lease, should we die with them."""
        due = db.execute(
            "UPDATE deliveries SET due_at=? WHERE due_at <= ? RETURNING seq", (now + LEASE_S, now)
        ).fetchall()
        if not due:
            return []
        sql = (
            "SELECT d.*, m.webhook_url, m.webhook_secret FROM deliveries d JOIN merchants m"
            " ON m.key=d.merchant WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"
        )
        return db.execute(sql, [json.dumps([row["seq"] for row in due])]).fetchall()

    def _begin(self, row: sqlite3.Row) -> None:
        fault = self._faults.take("webhooks", WEBHOOK_MODES) if row["tries"] == 0 else None
        mode = None if fault is None else fault.mode
        if mode is Mode.LOSE:
            self._start(self._done(row))
        elif mode is Mode.DELAY:
            assert fault is not None
            self._start(self._put_off(row, fault.seconds, "delayed on order"))
        elif mode is Mode.REORDER:
            assert fault is not None
            self._held.append(row)
            if fault.times <= 0:
                held, self._held = self._held[::-1], []
                self._start(self._in_turn(held))
        elif mode is Mode.DUPLICATE:
            self._start(self._in_turn([row, row]))
        else:
            self._start(self._in_turn([row]))

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_turn(self, rows: Iterable[sqlite3.Row]) -> None:
        for row in rows:
            async with self._limit:
                await self._send(row)

    async def _send(self, row: sqlite3.Row) -> None:
        timestamp = int(self._books.now())
        headers = {
            "content-type": "application/json",
            "webhook-id": row["id"],
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(row["webhook_secret"], row["id"], timestamp, row["body"]),
        }
        try:
            answer = await self._wire.send(
                "POST", row["webhook_url"], headers=headers, body=row["body"]
            )
            error = "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
        except NoAnswer as failure:
            error = str(failure)
        if not error or row["tries"] >= len(BACK_OFF_S):
            await self._done(row, error)
        else:
            await self._put_off(row, BACK_OFF_S[row["tries"]], error)

    async def _done(self, row: sqlite3.Row, error: str = "") -> None:
        sql = "UPDATE deliveries SET due_at=NULL, tries=tries+1, last_error=? WHERE seq=?"
        await self._books.run(lambda db, now: db.execute(sql, (error, row["seq"])))

    async def _put_off(self, row: sqlite3.Row, seconds: float, error: str) -> None:
        sql = "UPDATE deliveries SET due_at=?, tries=tries+1, last_error=? WHERE seq=?"
        await self._books.run(lambda db, now: db.execute(sql, (now + seconds, error, row["seq"])))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._wire.close()
