"""Who may leave, the models and what actions changed, as marketing people see them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.house import House
from tests.browser.test_console import section
from tests.browser.test_pages import Camera


@pytest.fixture(scope="module")
def scored(house: House) -> None:
    """Sixty people with a risk, a model, and the simulated actions as measured."""
    subprocess.run(
        [sys.executable, "-m", "tests.browser.scored"], env=house.environment, check=True,
        timeout=120,
    )  # fmt: skip


@pytest.fixture
def camera(desk: Page, scored: None) -> Iterator[Camera]:
    made = Camera(desk)
    yield made
    desk.set_viewport_size({"width": 1280, "height": 900})
    assert not made.wrong, "\n".join(made.wrong)


@pytest.fixture
def french(signed_in: BrowserContext, house: House) -> Iterator[None]:
    signed_in.add_cookies([{"name": "pw_lang", "value": "fr", "url": house.url}])
    yield
    signed_in.clear_cookies(name="pw_lang")


def test_from_the_list_to_the_reasons_of_a_person(desk: Page, camera: Camera) -> None:
    section(desk, "Who may leave")
    first = desk.locator("tbody tr").first
    expect(first).to_contain_text("50 in 100")
    expect(first).to_contain_text("High risk")
    expect(first).to_contain_text("days since they last watched: 31")
    camera.shoot("leaving")
    first.get_by_role("link").click()
    expect(desk.get_by_role("main")).to_contain_text("Of 100 people like this")
    strongest = desk.get_by_role("region", name="Why").locator("tbody tr").first
    expect(strongest).to_contain_text("days since they last watched")
    expect(strongest).to_contain_text("+9 points")
    camera.shoot("leaving-person")


def test_a_models_card_says_what_it_is_worth_with_its_plot(desk: Page, camera: Camera) -> None:
    section(desk, "Who may leave")
    desk.get_by_role("link", name="How good are these scores?").click()
    camera.shoot("models")
    desk.locator("tbody a").first.click()
    expect(desk.get_by_role("main")).to_contain_text("4.2 times more leave than on average")
    plot = desk.get_by_role("img", name="Said against came")
    expect(plot).to_be_visible()
    with desk.expect_download() as png:
        desk.get_by_role("button", name="Save as PNG").click()
    assert png.value.suggested_filename == "said-against-came.png"
    with desk.expect_download() as card:
        desk.get_by_role("link", name="Download the whole card").click()
    assert card.value.suggested_filename == "choice.md"
    camera.shoot("model")


@pytest.mark.parametrize(
    ("name", "verdict", "sentence"),
    [
        ("Two free weeks after three quiet ones", "It helped.", "more are still there"),
        ("A cheaper plan proposed in the app", "It did harm.", "fewer are still there"),
        ("5 euros off a ticket after three quiet weeks", "Too early to say.", "chance alone"),
        ("A mail before the card expires", "Too early to say.", "measured each night"),
    ],
)
def test_an_actions_page_says_whether_it_helped(
    desk: Page, camera: Camera, name: str, verdict: str, sentence: str
) -> None:
    section(desk, "Actions")
    row = desk.locator("tbody tr", has_text=name)
    expect(row).to_contain_text(verdict)
    row.get_by_role("link").click()
    said = desk.locator(".verdict")
    expect(said).to_contain_text(verdict)
    expect(said).to_contain_text(sentence)
    expect(desk.get_by_text("These people were simulated")).to_be_visible()
    expect(desk.get_by_role("img", name="Stayed after 60 days")).to_be_visible()
    arms = desk.get_by_role("region", name="Stayed after 60 days")
    expect(arms).to_contain_text("95% interval")
    if verdict == "It did harm.":
        with desk.expect_download() as table:
            desk.get_by_role("link", name="Download CSV").click()
        assert table.value.suggested_filename == "effect.csv"
        camera.shoot("action-result")


def test_the_same_pages_speak_french(desk: Page, camera: Camera, french: None) -> None:
    at = desk.url.rstrip("/")
    for path in ("leaving", "models", "actions"):
        desk.goto(f"{at}/{path}")
        expect(desk.locator("html")).to_have_attribute("lang", "fr-FR")
        camera.shoot(f"fr-{path}")
        name = re.compile("^A cheaper|^Une formule") if path == "actions" else re.compile(".")
        desk.locator("tbody a", has_text=name).first.click()
        camera.shoot(f"fr-{path}-one")
    expect(desk.locator(".verdict")).to_contain_text("Elle a nui.")
