"""Help articles over HTTP: apps read, search and vote; staff and keys write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.accounts.roles import Permission
from paywall.app.assembly import assemble
from paywall.routes import ROUTES
from tests.apps import app_over
from tests.http.conftest import KEY, VENUE, api_key, venue

OPEN = "/v1/catalogue/venues/verriere/articles"
DESK = f"/v1/venues/{VENUE}/articles"
TEXT = f"{DESK}/no-sound/texts/fr"
MINE = {"title": "Pas de son", "answer_md": "Montez le **volume**.", "phrasings": ["muet"]}
PHONE = "a-phone-that-remembers"


@pytest.fixture
async def client(
    database: Database, clock: HandClock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path, public_url="http://test")
    app = app_over(assemble(settings, clock=clock, db=database), ROUTES)
    scopes = [Permission.SUPPORT_READ, Permission.SUPPORT_WRITE]
    async with database.transaction() as tx:
        tx.add(venue(VENUE, "verriere", clock.machine()))
        tx.add(api_key(VENUE, KEY, scopes, clock.machine()))
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 50000))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as made:
        yield made


async def save(
    client: httpx.AsyncClient, version: int, publish: str = "true", **text: object
) -> httpx.Response:
    return await client.put(
        TEXT,
        params={"publish": publish},
        json=MINE | text,
        headers={"If-Match": f'"v{version}"'},
    )


async def test_apps_list_search_and_read(client: httpx.AsyncClient) -> None:
    every = (await client.get(OPEN, params={"lang": "pt-BR"})).json()["data"]
    assert len(every) == 50
    assert {one["lang"] for one in every} == {"pt"}
    found = (await client.get(OPEN, params={"lang": "fr", "q": "mot de passe oublie"})).json()
    assert found["data"][0]["slug"] == "forgotten-password"
    some = (await client.get(OPEN, params={"category": "refund"})).json()["data"]
    assert some[0]["slug"] == "refund-request"
    one = (await client.get(f"{OPEN}/no-sound", params={"lang": "ja"})).json()
    assert one["lang"] == "ja"
    assert one["answer_html"].startswith("<p>")
    assert len(one["languages"]) == 29
    assert (await client.get(f"{OPEN}/nothing")).status_code == 404


async def test_an_unknown_language_is_answered_in_english(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{OPEN}/no-sound", params={"lang": "tlh"})).json()["lang"] == "en"


async def test_a_text_is_written_drafted_published_and_brought_back(
    client: httpx.AsyncClient,
) -> None:
    first = await client.get(TEXT)
    assert first.headers["etag"] == '"v0"'
    assert first.json()["shown"] == first.json()["shipped"]
    assert (await client.put(TEXT, json=MINE)).status_code == 428
    assert (await save(client, 0)).status_code == 200
    assert (await save(client, 0)).status_code == 412
    assert (await client.get(f"{OPEN}/no-sound", params={"lang": "fr"})).json()["title"] == (
        "Pas de son"
    )
    drafted = await save(client, 1, publish="false", title="Toujours rien")
    assert drafted.json()["shown"]["title"] == "Pas de son"
    assert (drafted.json()["latest_number"], drafted.json()["published_number"]) == (2, 1)
    tag = {"If-Match": drafted.headers["etag"]}
    published = await client.post(f"{TEXT}/publish", headers=tag)
    assert published.json()["shown"]["title"] == "Toujours rien"
    tag = {"If-Match": published.headers["etag"]}
    back = await client.post(f"{TEXT}/versions/1/restore", headers=tag)
    assert back.json()["shown"]["title"] == "Pas de son"
    versions = (await client.get(f"{TEXT}/versions")).json()["data"]
    assert [(one["number"], one["restored_from"]) for one in versions] == [(3, 1), (2, 0), (1, 0)]
    tag = {"If-Match": back.headers["etag"]}
    gone = await client.post(f"{TEXT}/withdraw", headers=tag)
    assert gone.json()["shown"] == gone.json()["shipped"]


async def test_articles_are_made_hidden_and_counted(client: httpx.AsyncClient) -> None:
    made = await client.post(DESK, json={"category": "venue", "slug": "parking"})
    assert made.status_code == 201
    assert (await client.get(f"{OPEN}/parking")).status_code == 404
    put = await client.put(f"{DESK}/parking/texts/fr", json=MINE, headers={"If-Match": '"v0"'})
    assert put.status_code == 200
    shown = (await client.get(f"{OPEN}/parking", params={"lang": "en"})).json()
    assert (shown["lang"], shown["languages"]) == ("fr", ["fr"])
    one = await client.get(f"{DESK}/parking")
    hidden = await client.patch(
        f"{DESK}/parking", json={"hidden": True}, headers={"If-Match": one.headers["etag"]}
    )
    assert hidden.json()["hidden"] is True
    assert (await client.get(f"{OPEN}/parking")).status_code == 404
    assert len((await client.get(DESK)).json()["data"]) == 51


async def test_a_reader_of_an_app_votes_once(client: httpx.AsyncClient) -> None:
    at = f"{OPEN}/no-sound/vote"
    assert (await client.put(at, json={"useful": True})).status_code == 422
    for useful in (True, False):
        told = {"useful": useful, "word": "hm", "reader": PHONE}
        assert (await client.put(at, json=told)).status_code == 204
    votes = (await client.get(f"{DESK}/no-sound/votes")).json()
    assert (votes["useful"], votes["not_useful"]) == (0, 1)
    assert votes["words"][0]["word"] == "hm"
    assert (await client.put(f"{OPEN}/nothing/vote", json=told)).status_code == 404


async def test_html_in_an_answer_never_reaches_readers(client: httpx.AsyncClient) -> None:
    await save(client, 0, answer_md="<img src=x onerror=alert(1)> **ja**")
    one = (await client.get(f"{OPEN}/no-sound", params={"lang": "fr"})).json()
    assert "<img" not in one["answer_html"]
    assert "<strong>ja</strong>" in one["answer_html"]
