"""A real process of the product that carries out requests and is killed at its Nth step.

Its steps are counted around every commit and every call of a processor. Nothing of the product is
changed: the database is a subclass, the gateways are wrapped.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import msgspec

from infra.kernel.clock import HandClock
from infra.kernel.db import Database, Tx
from infra.kernel.settings import Settings
from paywall.app import create_app
from paywall.app.assembly import assemble
from tests.stories.hall import MONEY_JOBS, worker_of

TICK = "tick"
CALLS = frozenset({"start", "read", "refund", "read_refund", "capture", "cancel"})


class Request(msgspec.Struct, frozen=True):
    """One HTTP request to the process, or TICK as the method for one round of the worker.

    A TICK's path names the worker's jobs, parted by commas; empty: those that move money.
    """

    method: str
    path: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""


class Fate:
    """Counts steps; at the one that was chosen the process dies as by `kill -9`."""

    def __init__(self, kill_at: int, tell: Connection) -> None:
        self._kill_at, self._tell, self._steps = kill_at, tell, 0

    def step(self, name: str) -> None:
        self._steps += 1
        if self._steps == self._kill_at:
            self._tell.send(name)
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedDatabase(Database):
    """May die before and after each commit."""

    fate: Fate

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with super().transaction() as tx:
            yield tx
            self.fate.step("before a commit")
        self.fate.step("after a commit")


class DoomedGateway:
    """May die before and after each call."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return partial(self._call, found) if name in CALLS else found

    async def _call(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._fate.step(f"before {call.__name__}")
        answer = await call(*args, **kwargs)
        self._fate.step(f"after {call.__name__}")
        return answer


async def _live(
    url: str, settings: Settings, now: datetime, requests: Sequence[Request], fate: Fate
) -> None:
    db, clock = DoomedDatabase(url, pool_size=4), HandClock(now)
    db.fate = fate
    parts = assemble(settings, clock=clock, db=db)
    made = parts.desk.gateways._factories
    parts.desk.gateways._factories = {
        name: lambda raw, build=build: DoomedGateway(build(raw), fate)
        for name, build in made.items()
    }
    stack = AsyncExitStack()
    transport = httpx.ASGITransport(create_app(parts), client=("203.0.113.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        for request in requests:
            if request.method == TICK:
                names = frozenset(request.path.split(",")) if request.path else MONEY_JOBS
                await worker_of(parts, stack, names).run_all_once()
                continue
            answer = await client.request(
                request.method, request.path, headers=request.headers, content=request.body
            )
            assert answer.status_code < 500, answer.text
    await stack.aclose()
    await parts.close()


def _run(
    tell: Connection,
    kill_at: int,
    url: str,
    settings: bytes,
    now: datetime,
    requests: Sequence[Request],
) -> None:
    fate = Fate(kill_at, tell)
    read = msgspec.msgpack.decode(settings, type=Settings, dec_hook=lambda kind, raw: kind(raw))
    asyncio.run(_live(url, read, now, requests, fate))


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


async def lived(
    kill_at: int, db: Database, settings: Settings, now: datetime, requests: Sequence[Request]
) -> str:
    """Where the process was killed; empty when it came to its end before that step."""
    told, tell = _forks.Pipe(duplex=False)
    url = db.engine.url.render_as_string(hide_password=False)
    packed = msgspec.msgpack.encode(settings, enc_hook=_plain)
    child = _forks.Process(target=_run, args=(tell, kill_at, url, packed, now, list(requests)))
    child.start()
    tell.close()
    await asyncio.to_thread(child.join, 60)
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    if child.exitcode == 0:
        return ""
    return str(told.recv())


def _plain(value: object) -> str:
    assert isinstance(value, Path)
    return str(value)
