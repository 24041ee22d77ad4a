"""Every page: photographed at two widths, read by axe, nothing sideways, no script errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import viewer
from tests.browser.house import House

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "paywall" / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = ROOT / "build" / "screens"
WIDTHS = (390, 1280)
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
SCRIPT_MAX = 150 * 1024


class Camera:
    """Takes a page's picture at each width and collects what is wrong with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))

    def _heard(self, message: Any) -> None:
        # A 4xx page is what some of these tests look at; the browser calls it an error.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def shoot(self, name: str) -> None:
        """The page as it stands, at both widths; axe once at each."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 844 if width < 500 else 900})
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=SCREENS / f"{name}-{width}.png", full_page=True)
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.wrong.append(f"{name} at {width} scrolls sideways to {wide}")
            self.wrong += [f"{name} at {width}: {one}" for one in self.axe()]

    def axe(self) -> list[str]:
        """Serious and critical findings. Injected past the page's policy, as a tool may."""
        # add_script_tag would be refused by the policy; evaluate is the debugger's own.
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
        )
        return [
            f"{one['id']}: {one['help']} {json.dumps([n['target'] for n in one['nodes']][:3])}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]


@pytest.fixture
def camera(page: Page) -> Iterator[Camera]:
    made = Camera(page)
    yield made
    assert not made.wrong, "\n".join(made.wrong)


PUBLIC = {
    "home": "/",
    "venue": "/venues/la-verriere",
    "event-live": viewer.LIVE,
    "event-upcoming": "/venues/la-verriere/events/kora-cello",
    "event-replay": viewer.REPLAY,
    "terms": "/venues/la-verriere/terms",
    "imprint": "/venues/la-verriere/imprint",
    "privacy": "/venues/la-verriere/privacy",
    "help": "/help",
    "login": "/login",
    "login-link-spent": "/login/link?token=nothing",
    "register": "/register",
    "forgot": "/login/forgot",
    "not-found": "/venues/la-verriere/events/nothing",
    "mailbox": "/dev/mailbox",
    "components": "/dev/components",
}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_that_everybody_sees(camera: Camera, name: str) -> None:
    camera.page.goto(PUBLIC[name])
    camera.shoot(name)


@pytest.mark.parametrize(
    "name", ["home", "venue", "event-live", "login", "help", "terms", "privacy"]
)
def test_the_same_in_french(chromium: Browser, house: House, name: str) -> None:
    context = chromium.new_context(base_url=house.url, locale="fr-FR", timezone_id="Europe/Paris")
    camera = Camera(context.new_page())
    camera.page.goto(PUBLIC[name])
    assert camera.page.locator("html").get_attribute("lang") == "fr-FR"
    camera.shoot(f"{name}-fr")
    context.close()
    assert not camera.wrong, "\n".join(camera.wrong)


def test_the_pages_of_a_purchase(camera: Camera) -> None:
    page, email = camera.page, "pictures@example.org"
    viewer.open_checkout(page, viewer.LIVE, re.compile("Watch live"))
    camera.shoot("checkout")
    viewer.press_pay(page)
    expect(page.locator("#error-summary")).to_be_visible()
    camera.shoot("checkout-errors")
    viewer.fill_checkout(page, email)
    viewer.press_pay(page)
    viewer.fill_card(page, viewer.DECLINED)
    page.wait_for_url(re.compile("/payment"))
    camera.shoot("payment-declined")
    page.get_by_role("button", name=re.compile("Try again")).click()
    viewer.fill_card(page, viewer.LATER)
    page.wait_for_url(re.compile("/payment"))
    camera.shoot("payment-waiting")
    order_id = viewer.expect_receipt(page)
    camera.shoot("receipt-guest")
    viewer.open_mail(page, email, "Your ticket")
    camera.shoot("mailbox-message")
    viewer.press_mail_button(page, "Open my ticket")
    page.wait_for_url(re.compile("/login/link"))
    camera.shoot("login-link")
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    viewer.expect_receipt(page)
    camera.shoot("receipt")
    page.goto("/tickets")
    camera.shoot("tickets")
    page.goto(viewer.LIVE)
    camera.shoot("event-owned")
    page.goto("/account")
    camera.shoot("account")
    pdf = page.request.get(f"/orders/{order_id}/receipt.pdf")
    assert pdf.body().startswith(b"%PDF")
    page.goto(viewer.LIVE)
    page.get_by_role("link", name="Watch live").click()
    viewer.expect_playing(page, seconds=1)
    camera.shoot("watch")


def test_no_page_but_the_players_carries_much_script(context: BrowserContext) -> None:
    page = context.new_page()
    sizes: dict[str, int] = {}

    def note(response: Any) -> None:
        if response.request.resource_type == "script":
            sizes[response.url] = len(response.body())

    page.on("response", note)
    page.goto(viewer.LIVE)
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes.values()) <= SCRIPT_MAX


def test_nothing_shifts_while_the_event_page_loads(page: Page) -> None:
    page.goto(viewer.LIVE)
    shift = page.evaluate(
        """() => new Promise(done => {
          let sum = 0;
          new PerformanceObserver(list => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          }).observe({type: 'layout-shift', buffered: true});
          setTimeout(() => done(sum), 800);
        })"""
    )
    assert shift < 0.02
