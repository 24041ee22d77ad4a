"""The database goes away while people watch and buy, and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.kernel.away import DatabaseAway
from infra.kernel.db import Database, Tx
from tests.conformance.benches.sandbox import Process
from tests.stories.hall import Hall, hall_over
from tests.stories.test_money import on_air

GOOD = "4242 4242 4242 4242"
PLAYLIST = b"#EXTM3U\n#EXTINF:4,\nseg1.ts\n"


class LeavingDatabase(Database):
    """Answers like one that is away while `gone`; drills stop a real server."""

    gone = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self._refuse()
        async with super().transaction() as tx:
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        self._refuse()
        async with super().read() as tx:
            yield tx

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncConnection]:
        self._refuse()
        async with super().glance() as connection:
            yield connection

    def _refuse(self) -> None:
        if self.gone:
            raise DatabaseAway


@pytest.fixture
async def leaving_hall(sandbox_process: Process, tmp_path: Path) -> AsyncIterator[Hall]:
    db = LeavingDatabase(f"sqlite+aiosqlite:///{tmp_path / 'outage.sqlite3'}")
    await db.create_all()
    async with hall_over(db, sandbox_process.url, tmp_path) as made:
        yield made


def away(hall: Hall, *, gone: bool) -> None:
    assert isinstance(hall.db, LeavingDatabase)
    hall.db.gone = gone


def told_to_wait(answer: httpx.Response) -> bool:
    problem = answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code == 503 and problem and int(answer.headers["retry-after"]) > 0


async def test_who_has_a_token_watches_on_while_the_database_is_away(leaving_hall: Hall) -> None:
    hall = leaving_hall
    event_id, offer_id = await on_air(hall)
    folder = hall.settings.data_dir / "media" / "salle"
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_bytes(PLAYLIST)
    ada = await hall.buyer()
    await ada.checkout(offer_id, GOOD)
    by_header = (await ada.watch(event_id)).json()
    cookie = (await ada.signed_in())["Authorization"].removeprefix("Bearer ")
    body = {"event": event_id, "device_id": "phone", "player": {"transport": "path"}}
    by_path = (
        await ada.client.post("/v1/playback/sessions", json=body, headers=await ada.signed_in())
    ).json()
    bearer = {"Authorization": f"Bearer {by_header['token']}"}
    await hall.parts.playback.refresh_denials()  # as the web process does each second
    ada.client.cookies.set("pw_session", cookie)  # as a browser sends along

    async def sees() -> list[int]:
        answers = [
            await ada.client.get(by_header["urls"]["hls"], headers=bearer),
            await ada.client.get(by_path["urls"]["hls"]),
        ]
        return [answer.status_code for answer in answers]

    assert await sees() == [200, 200]
    away(hall, gone=True)
    for _ in range(4):  # longer than anything that the edge remembers, shorter than the token
        await hall.move(seconds=65)
        assert await sees() == [200, 200]
    beat = by_header["heartbeat"]
    secret = {"X-Session-Secret": beat["secret"]}
    assert told_to_wait(await ada.client.post(beat["url"], json={}, headers=secret))
    await hall.move(seconds=65)
    assert await sees() == [401, 200]
    away(hall, gone=False)
    renewed = await ada.client.post(beat["url"], json={}, headers=secret)
    bearer["Authorization"] = f"Bearer {renewed.json()['token']}"
    assert await sees() == [200, 200]


async def test_nobody_gets_in_or_pays_twice_while_the_database_is_away(leaving_hall: Hall) -> None:
    hall = leaving_hall
    event_id, offer_id = await on_air(hall)
    ada = await hall.buyer()
    await ada.signed_in()
    away(hall, gone=True)
    assert told_to_wait(await ada.checkout(offer_id, GOOD, key="once"))
    assert told_to_wait(await ada.watch(event_id))
    browser = {"Accept": "text/html", "Accept-Language": "fr"}
    page = await ada.client.get(f"/buy/{offer_id}", headers=browser)
    assert page.status_code == 503
    assert "dans une minute" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert (await ada.client.get("/health/live")).status_code == 200
    assert told_to_wait(await ada.client.get("/health/ready"))
    away(hall, gone=False)
    paid = await ada.checkout(offer_id, GOOD, key="once")
    assert paid.status_code == 201, paid.text
    assert (await ada.checkout(offer_id, GOOD, key="once")).json() == paid.json()
    assert await ada.sees(event_id) == "open"
    assert len(await hall.sandbox_money()) == 1
    await hall.agree()
