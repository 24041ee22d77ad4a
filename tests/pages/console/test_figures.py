"""Figures in the console and over the API: plots, tables, the rows behind a value."""

from __future__ import annotations

import html
import re
import zlib

import msgspec
import pytest

from churn.metrics.definitions import FIGURES
from churn.metrics.tables import MetricRows, MetricRun, MetricValue
from paywall.accounts.roles import Role
from paywall.pages.console.figure_words import GROUPS, TEXTS
from tests.pages.console.conftest import Console


async def told(console: Console, venue_id: str) -> None:
    """Two months of MRR in euros and one of movements, with the rows of the latest."""
    key = {"venue_id": venue_id, "definition": "paid", "currency": "EUR", "dimension": ""}
    blank = {"low": None, "high": None}
    lines = [
        {"person": "p1", "amount": 1200, "plan": "Basic"},
        {"person": "=cmd()", "amount": 900, "plan": "Basic"},
    ]
    async with console.db.transaction() as tx:
        tx.add(MetricRun(venue_id=venue_id, as_of=console.clock.machine(), zone="Europe/Paris"))
        tx.add(MetricValue(**key, figure="mrr", month="2026-09", value=150_000, count=99, **blank))
        tx.add(MetricValue(**key, figure="mrr", month="2026-10", value=210_050, count=120, **blank))
        for kind, value in (("new", 70_000), ("churned", -9_950)):
            tx.add(
                MetricValue(
                    **key | {"definition": "snapshot", "dimension": kind},
                    figure="mrr_movements", month="2026-10", value=value, count=3, **blank,
                )
            )  # fmt: skip
        content = zlib.compress(b"\n".join(msgspec.json.encode(line) for line in lines))
        tx.add(MetricRows(**key, figure="mrr", month="2026-10", total=120, kept=2, content=content))


async def test_before_the_first_night_the_page_says_when_figures_come(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/figures")
    assert page.status_code == 200
    assert "No figures yet" in page.text


async def test_the_overview_shows_the_latest_value_and_its_plot(console: Console) -> None:
    await told(console, console.venue_id)
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/figures")
    assert "€2,100.50" in page.text
    plots = re.findall(r'<script type="application/json">(.*?)</script>', page.text)
    drawn = [msgspec.json.decode(plot) for plot in plots]
    assert drawn[0]["series"][0]["values"] == [1500.0, 2100.5]
    assert {one["name"]: one["values"] for one in drawn[1]["series"]} == {
        "New": [700.0], "Churned": [-99.5],
    }  # fmt: skip


async def test_every_value_opens_to_its_rows_and_both_leave_as_csv(console: Console) -> None:
    await told(console, console.venue_id)
    owner = await console.sign_in(Role.FINANCE)
    page = await owner.get(f"{console.at}/figures/mrr")
    link = html.unescape(re.search(r'href="([^"]+/rows\?[^"]+)"', page.text)[1])  # type: ignore[index]
    assert "month=2026-10" in link
    rows = await owner.get(link)
    assert "120 rows, the first 2 are shown" in rows.text
    assert "€12.00" in rows.text
    behind = await owner.get(f"{link}&format=csv")
    assert "'=cmd()" in behind.text
    figure = await owner.get(f"{console.at}/figures/mrr?format=csv")
    assert "2026-10,EUR,,,210050" in figure.text


async def test_it_speaks_french(console: Console) -> None:
    await told(console, console.venue_id)
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/figures", headers={"Accept-Language": "fr"})
    assert "2\u202f100,50\xa0€" in page.text
    assert "Chiffres" in page.text
    assert "Monthly recurring revenue" not in page.text


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.BOX_OFFICE, Role.SCANNER])
async def test_who_has_nothing_to_do_with_figures_does_not_see_them(
    console: Console, role: Role
) -> None:
    somebody = await console.sign_in(role)
    assert (await somebody.get(f"{console.at}/figures")).status_code == 403


async def test_the_neighbour_s_figures_stay_there(console: Console) -> None:
    await told(console, console.neighbour_id)
    owner = await console.sign_in(Role.OWNER)
    assert "No figures yet" in (await owner.get(f"{console.at}/figures")).text
    answer = await owner.get(f"/v1/venues/{console.venue_id}/figures/mrr")
    assert answer.json()["data"] == []


async def test_the_api_names_what_there_is_and_gives_values_and_rows(console: Console) -> None:
    await told(console, console.venue_id)
    owner = await console.sign_in(Role.MARKETING)
    at = f"/v1/venues/{console.venue_id}/figures"
    known = (await owner.get(at)).json()
    assert [one["name"] for one in known["data"]] == [figure.name for figure in FIGURES]
    values = (await owner.get(f"{at}/mrr", params={"since": "2026-10"})).json()
    assert values["definition"] == "paid"
    assert [(v["month"], v["value"]) for v in values["data"]] == [("2026-10", 210_050)]
    rows = (await owner.get(f"{at}/mrr/rows", params={"month": "2026-10"})).json()
    assert rows["total"] == 120
    assert rows["data"][0]["person"] == "p1"
    assert (await owner.get(f"{at}/nothing")).status_code == 404
    wrong = await owner.get(f"{at}/mrr", params={"definition": "mine"})
    assert wrong.status_code == 422
    assert "paid, list" in wrong.text


def test_every_figure_stands_on_the_overview_once_and_its_words_can_be_translated() -> None:
    shown = [name for _, names in GROUPS for name in names]
    assert sorted(shown) == sorted(figure.name for figure in FIGURES)
    words = {
        text
        for figure in FIGURES
        for text in (figure.title, figure.words, *(d.words for d in figure.definitions))
    }
    assert words == TEXTS
