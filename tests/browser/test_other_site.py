"""A page of another site plays a concert with the API alone: its own script, our pictures."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import viewer
from tests.browser.house import House

HLS = Path(__file__).parents[2] / "paywall/web/node_modules/hls.js/dist/hls.min.js"
PASSWORD = "concert-demo-2026"
PAGE = """<!doctype html><title>Another site</title><video muted></video>
<script src="/hls.js"></script>
<script>
async function play(api, event, token) {
  const answer = await fetch(`${api}/v1/playback/sessions`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', Authorization: `Bearer ${token}`},
    body: JSON.stringify({event, device_id: 'another-site'}),
  });
  const told = await answer.json();
  if (!answer.ok) return {status: answer.status, code: told.code};
  const bearer = `Bearer ${told.token}`;
  const hls = new Hls({xhrSetup: xhr => xhr.setRequestHeader('Authorization', bearer)});
  hls.loadSource(told.urls.hls);
  hls.attachMedia(document.querySelector('video'));
  hls.on(Hls.Events.MANIFEST_PARSED, () => document.querySelector('video').play());
  const beat = await fetch(told.heartbeat.url, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'X-Session-Secret': told.heartbeat.secret},
    body: '{}',
  });
  return {status: answer.status, beat: (await beat.json()).next_s};
}
</script>"""


@pytest.fixture(scope="module")
def other_site() -> Iterator[str]:
    """Another site's address: 127.0.0.1 is none of localhost's."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/hls.js"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(HLS.read_bytes() if script else PAGE.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def allow(house: House, *origins: str) -> None:
    file = house.folder / "data" / "paywall.sqlite3"
    with closing(sqlite3.connect(file, timeout=20)) as db, db:
        db.execute(
            "UPDATE venue SET player_origins = ? WHERE slug = 'la-verriere'", [json.dumps(origins)]
        )


def ticket_and_token(house: House, event: str) -> str:
    """The demo's viewer gets a ticket at the counter, and their app logs in."""
    shown = house.ask("GET", f"/v1/catalogue/events/{event}/offers")["data"]
    ticket = next(one for one in shown if one["kind"] == "stream_ticket")
    sale = {
        "offer_id": ticket["offer_id"],
        "email": "viewer@example.org",
        "payment": {"kind": "external"},
    }
    house.ask("POST", "/v1/orders", sale, key=house.key, **{"Idempotency-Key": "other-site"})
    login = {"email": "viewer@example.org", "password": PASSWORD, "deliver": "token"}
    return str(house.ask("POST", "/v1/auth/login", login)["token"])


def test_a_listed_sites_page_plays_and_any_others_reads_nothing(
    page: Page, house: House, other_site: str
) -> None:
    event = house.events()["maud-the-tides"]["id"]
    token = ticket_and_token(house, event)

    page.goto(other_site)
    asked = [house.url, event, token]
    refused = page.evaluate("asked => play(...asked).catch(error => error.name)", asked)
    assert refused == "TypeError", "the browser shows nothing of an answer it may not read"

    allow(house, other_site)
    page.wait_for_timeout(5_500)  # the list is remembered for five seconds
    assert page.evaluate("asked => play(...asked)", asked) == {"status": 201, "beat": 60}
    page.wait_for_function("document.querySelector('video').currentTime > 1", timeout=40_000)
    begun = viewer.position(page)
    page.wait_for_timeout(2_000)
    assert viewer.position(page) > begun + 1
