"""The product and Chromium, started once for all browser tests."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from paywall.cli.seed import PASSWORD, TOTP_SECRET
from tests.browser.house import House
from tests.browser.taught import teach

TEST_MAX_S = 300
OWNER = "claire@laverriere.example"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def it_ends() -> Iterator[None]:
    """A page that never answers fails its test; a promise in `evaluate` has no limit of its own."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"The browser did not answer within {TEST_MAX_S} s.")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(TEST_MAX_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The product with tokens that live 12 s, so that every longer look renews one."""
    folder = tmp_path_factory.mktemp("house")
    teach(folder / "data")
    made = House(folder, PAYWALL_PLAYBACK_TOKEN_S="12")
    try:
        made.wait()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, house: House) -> Iterator[BrowserContext]:
    """A browser of somebody who was never here before."""
    made = chromium.new_context(
        base_url=house.url,
        viewport={"width": 1280, "height": 900},
        locale="en-GB",
        timezone_id="Europe/Paris",
    )
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def signed_in_as(chromium: Browser, house: House, email: str) -> BrowserContext:
    """Somebody of the demo's staff, signed in with password and code. Each code counts once."""
    context = chromium.new_context(
        base_url=house.url, locale="en-GB", timezone_id="Europe/Paris",
        viewport={"width": 1280, "height": 900},
    )  # fmt: skip
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.get_by_label("Code").fill(pyotp.TOTP(TOTP_SECRET).now())
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"/console/ven_"))
    page.close()
    return context


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, house: House) -> Iterator[BrowserContext]:
    """The owner, once for all."""
    context = signed_in_as(chromium, house, OWNER)
    yield context
    context.close()


@pytest.fixture
def desk(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    page.goto("/console")
    yield page
    page.close()
