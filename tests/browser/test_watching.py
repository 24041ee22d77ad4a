"""The player against the real edge: who gets no segment, how a door closes, how tokens renew."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

from playwright.sync_api import Page, Request, expect

from tests.browser import viewer
from tests.browser.house import House

CLOSED_WITHIN_S = 30


def status_of(url: str, token: str = "") -> int:
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def own_ticket(page: Page, email: str) -> str:
    """Buy, log in by the mail; the order's id."""
    viewer.buy(page, viewer.LIVE, email)
    order_id = viewer.expect_receipt(page)
    viewer.log_in_by_mail(page, email)
    viewer.expect_receipt(page)
    return order_id


def refund(house: House, order_id: str) -> dict[str, Any]:
    venue_id = house.events()["maud-the-tides"]["venue_id"]
    answer: dict[str, Any] = house.ask(
        "POST",
        f"/v1/venues/{venue_id}/orders/{order_id}/refunds",
        {"reason": "asked for"},
        key=house.key,
        **{"Idempotency-Key": str(uuid.uuid4())},
    )
    return answer


def session(page: Page, house: House, transport: str) -> dict[str, Any]:
    """A playback session of whoever is signed in in this browser, without a player."""
    event_id = house.events()["maud-the-tides"]["id"]
    answer: dict[str, Any] = page.evaluate(
        """async ([event, transport]) => (await fetch('/v1/playback/sessions', {
          method: 'POST', headers: {'Content-Type': 'application/json'},
          body: JSON.stringify({event, device_id: 'test', player: {type: 'test', transport}}),
        })).json()""",
        [event_id, transport],
    )
    return answer


def segment_of(master_url: str, token: str = "") -> str:
    """The newest segment's address, read from the playlists as a player does."""

    def lines(url: str) -> list[str]:
        request = urllib.request.Request(url)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    media = master_url.rsplit("/", 1)[0] + "/" + lines(master_url)[0]
    return media.rsplit("/", 1)[0] + "/" + lines(media)[-1]


def closes(url: str, token: str = "") -> float:
    """Seconds until the edge refuses the address with 403."""
    began = time.monotonic()
    while time.monotonic() - began < CLOSED_WITHIN_S:
        if status_of(url, token) == 403:
            return time.monotonic() - began
        time.sleep(0.5)
    raise AssertionError(f"still open after {CLOSED_WITHIN_S} s")


def test_without_a_ticket_the_page_says_so_and_segments_are_refused(
    page: Page, house: House
) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("claire@laverriere.example")
    event = house.events()["maud-the-tides"]
    page.goto(f"/watch/{event['id']}?kind=live")
    expect(page).to_have_url(re.compile("/login"))
    base = f"{house.url}/media/la-verriere/{event['id']}/live"
    for path in ("index.m3u8", "v0/media.m3u8", "v0/seg1.ts"):
        assert status_of(f"{base}/{path}") in (401, 403)
        assert status_of(f"{base}/{path}", "not.a.token") == 403


def test_a_refund_closes_the_door_for_both_kinds_of_address(page: Page, house: House) -> None:
    order_id = own_ticket(page, "refunded@example.org")
    by_header = session(page, house, "header")
    by_path = session(page, house, "path")
    token = by_header["token"]
    header_url = segment_of(by_header["urls"]["hls"], token)
    path_url = segment_of(by_path["urls"]["hls"])
    assert status_of(header_url, token) == 200
    assert status_of(path_url) == 200
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page)
    assert refund(house, order_id)["door_closed"]
    assert closes(header_url, token) < CLOSED_WITHIN_S
    assert closes(path_url) < CLOSED_WITHIN_S
    expect(page.locator(".player__message[data-state=refused]")).to_be_visible(timeout=40_000)
    page.goto(f"/orders/{order_id}")
    expect(page.get_by_role("heading", name="This order was refunded")).to_be_visible()


def test_the_player_renews_its_token_without_a_hiccup(page: Page) -> None:
    """Tokens live 12 s here; 34 s of watching use at least three."""
    own_ticket(page, "long@example.org")
    refused: list[str] = []
    tokens: set[str] = set()

    def note(request: Request) -> None:
        if "/media/" in request.url:
            tokens.add(request.headers.get("authorization", ""))

    page.on("request", note)
    page.on("response", lambda r: refused.append(r.url) if r.status in (401, 403) else None)
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page)
    page.evaluate(
        """() => {
          window.stalls = [];
          const video = document.querySelector('video');
          let since = 0;
          video.addEventListener('waiting', () => { since = performance.now(); });
          video.addEventListener('playing', () => {
            if (since) window.stalls.push(performance.now() - since);
            since = 0;
          });
        }"""
    )
    start, began = viewer.position(page), time.monotonic()
    page.wait_for_timeout(34_000)
    watched, passed = viewer.position(page) - start, time.monotonic() - began
    stalls = page.evaluate("window.stalls")
    assert all(stall < 1000 for stall in stalls), stalls
    assert watched > passed - 3, (watched, passed)
    assert not refused
    assert len(tokens) >= 3, f"{len(tokens)} tokens in {passed:.0f} s"


FULL = "() => document.fullscreenElement !== null && document.fullscreenElement.localName"
ON_TOP = """box => { const at = box.getBoundingClientRect();
  return box.contains(document.elementFromPoint(at.x + at.width / 2, at.y + 60)); }"""


def test_the_assistant_is_reached_from_the_player_in_full_screen_by_keyboard(page: Page) -> None:
    email = "helped@example.org"
    viewer.buy(page, viewer.LIVE, email)
    order_id = viewer.expect_receipt(page)
    page.goto("/login")  # this mail is quick: no receipt has to be drawn for it
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Mail me a log-in button").click()
    viewer.log_in_by_mail(page, email, subject="Your log-in button", button="Log in")
    page.goto(f"/orders/{order_id}")
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page)
    button = page.locator(".player__row").get_by_role("button", name="Help", exact=True)
    size = button.bounding_box()
    assert size is not None
    assert min(size["width"], size["height"]) >= 44
    page.locator("live-player").focus()
    page.keyboard.press("f")
    page.wait_for_function(FULL)
    for _ in range(20):  # to the button by the keyboard alone
        if button.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    box, field = page.locator(".help-panel__box"), page.locator(".help-panel textarea")
    expect(box).to_be_visible()
    expect(field).to_be_focused()
    assert page.evaluate(FULL) == "live-player"
    assert box.evaluate(ON_TOP)
    expect(page.locator(".talk__line")).to_have_count(1)  # the greeting
    before = viewer.position(page)
    page.keyboard.type("f m k")  # the player's own keys are letters here
    expect(field).to_have_value("f m k")
    assert page.evaluate(FULL) == "live-player"
    viewer.expect_playing(page)
    assert viewer.position(page) > before
    page.locator(".help-panel__close").click()
    expect(box).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(box).to_be_visible()
    page.evaluate("() => { void document.exitFullscreen(); }")  # its promise may never come
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
