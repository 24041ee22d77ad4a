"""Figures in a browser: plots are drawn, said in words, saved, and open to their rows."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House
from tests.browser.test_console import section
from tests.browser.test_pages import Camera


@pytest.fixture(scope="module")
def audience(house: House) -> None:
    """Two simulated years at the demo's first venue, and their figures."""
    for command in (
        ["simulate", "audience", "--venue", "la-verriere", "--people", "400"],
        ["metrics", "refresh", "--venue", "la-verriere"],
    ):
        subprocess.run(
            [sys.executable, "-m", "paywall.cli", *command], env=house.environment, check=True,
            capture_output=True, timeout=240,
        )  # fmt: skip


def test_a_figure_is_drawn_told_saved_and_opens_to_its_rows(desk: Page, audience: None) -> None:
    section(desk, "Figures")
    plots = desk.locator("figure-chart")
    expect(plots.first.locator("canvas")).to_be_visible()
    seen = Camera(desk)
    assert seen.axe() == []
    desk.get_by_role("link", name="Movements of MRR").click()
    chart = desk.locator("figure-chart")
    expect(chart.get_by_role("img", name="Movements of MRR")).to_be_visible()
    expect(chart.get_by_role("listitem").first).to_have_text("New")
    chart.locator(".u-over").hover()
    expect(chart.locator(".plot__read")).to_contain_text("New €")
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="Save as PNG").click()
    assert saved.value.suggested_filename == "movements-of-mrr.png"
    with desk.expect_download() as table:
        desk.get_by_role("link", name="Download CSV").click()
    assert table.value.suggested_filename == "mrr_movements-snapshot.csv"
    assert seen.axe() == []
    desk.locator("table a").first.click()
    expect(desk.locator("table")).to_contain_text("€")


def test_figures_fit_a_phone_and_speak_french(desk: Page, audience: None) -> None:
    section(desk, "Figures")
    desk.locator(".console-head__menu > summary").click()
    desk.get_by_role("button", name="Français").click()
    try:
        expect(desk.get_by_role("heading", name="Chiffres", level=1)).to_be_visible()
        seen = Camera(desk)
        seen.shoot("figures-fr")
        assert seen.wrong == []
    finally:
        desk.set_viewport_size({"width": 1280, "height": 900})
        desk.locator(".console-head__menu > summary").click()
        desk.get_by_role("button", name="English").click()
