"""Who may leave, in the console: sorted by risk, reasons in words, and the models' way back."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from churn.feature_list import FEATURE
from churn.prediction.causes import Cause
from churn.prediction.tables import ModelFile, ModelRecord, ModelState, Night, PastScore
from churn.tables import Person, PersonToday
from infra.kernel.ids import new_id
from paywall.accounts.roles import Role
from paywall.pages.console.feature_words import MEANINGS, brief, points_text, usual_text, value_text
from paywall.pages.i18n import Catalogues
from tests.churn.prediction.card_figures import figures
from tests.pages.console.conftest import Console

REASON = {"feature": "days_since_watched", "value": 34.0, "points": 12.4}


@pytest.fixture
async def scored(console: Console) -> Console:
    """Three people with a risk, one without, one of the neighbour's; two models of leaving."""
    now = console.clock.machine()
    async with console.db.transaction() as tx:
        for name, risk, before in (("ann", 0.42, 0.2), ("bob", 0.05, 0.05), ("eve", 0.02, 0.02)):
            tx.add(_person(console.venue_id, name, now, risk=risk, risk_before=before))
            tx.add(
                Person(venue_id=console.venue_id, person=name, external_id=f"crm-{name}",
                       created_at=now)
            )  # fmt: skip
        tx.add(_person(console.venue_id, "cat", now, risk=None, risk_before=None))
        tx.add(_person(console.neighbour_id, "dan", now, risk=0.9, risk_before=0.9))
        for back in (0, 7):
            day = (now - timedelta(days=back)).date()
            tx.add(PastScore(venue_id=console.venue_id, person="ann", day=day, risk=0.4))
    return console


def _person(venue_id: str, name: str, now: Any, **scores: Any) -> PersonToday:
    return PersonToday(
        venue_id=venue_id, person=name, as_of=now, currency="EUR", reasons=[REASON],
        plan="monthly", value_month_minor=900, payment_risk=0.03, **scores,
    )  # fmt: skip


async def _model(console: Console, state: ModelState, venue_id: str = "") -> str:
    now, model_id = console.clock.machine(), new_id("mdl")
    async with console.db.transaction() as tx:
        tx.add(
            ModelRecord(
                id=model_id, venue_id=venue_id or console.venue_id, cause=Cause.CHOICE,
                state=state, trained_at=now, learned_from=now, learned_until=now, judged_from=now,
                figures=figures(), card="# Choice\n",
            )
        )  # fmt: skip
        tx.add(ModelFile(model_id=model_id, venue_id=console.venue_id, content=b"model"))
    return model_id


async def test_people_come_by_their_risk_with_reasons_in_words(scored: Console) -> None:
    owner = await scored.sign_in(Role.OWNER)
    page = (await owner.get(f"{scored.at}/leaving")).text
    assert page.index("crm-ann") < page.index("crm-bob") < page.index("crm-eve")
    assert "42 in 100" in page
    assert "days since they last watched: 34" in page
    assert "cat" not in page.split("<tbody>")[1].split("</tbody>")[0]
    assert "dan" not in page


async def test_filters_stand_in_the_address_and_the_file_follows_them(scored: Console) -> None:
    owner = await scored.sign_in(Role.OWNER)
    rising = (await owner.get(f"{scored.at}/leaving?rising=yes")).text
    assert "crm-ann" in rising
    assert "crm-bob" not in rising
    low = await owner.get(f"{scored.at}/leaving?band=low&format=csv")
    rows = list(csv.reader(io.StringIO(low.text)))
    assert [row[0] for row in rows[1:]] == ["crm-bob", "crm-eve"]
    assert rows[1][1] == "0.0500"


async def test_who_may_not_see_people_sees_pseudonyms(scored: Console) -> None:
    marketing = await scored.sign_in(Role.MARKETING)
    page = (await marketing.get(f"{scored.at}/leaving")).text
    assert ">ann<" in page
    assert "crm-ann" not in page
    weak = await scored.sign_in(Role.OWNER, strong=False)
    assert "crm-ann" not in (await weak.get(f"{scored.at}/leaving")).text


async def test_a_persons_page_says_why_and_what_was_said_before(scored: Console) -> None:
    await _model(scored, ModelState.CURRENT)
    owner = await scored.sign_in(Role.OWNER)
    page = (await owner.get(f"{scored.at}/leaving/ann")).text
    assert "half of people: 2 to 9" in page
    assert "+12 points" in page
    assert "40 in 100" in page
    assert (await owner.get(f"{scored.at}/leaving/dan")).status_code == 404


async def test_a_long_list_goes_on_where_it_ended(scored: Console) -> None:
    now = scored.clock.machine()
    async with scored.db.transaction() as tx:
        for number in range(60):
            name = f"p{number:02d}"
            tx.add(_person(scored.venue_id, name, now, risk=0.01, risk_before=0.01))
    owner = await scored.sign_in(Role.OWNER)
    all_rows = await owner.get(f"{scored.at}/leaving?format=csv")
    names = [row[0] for row in csv.reader(io.StringIO(all_rows.text))][1:]
    assert len(names) == len(set(names)) == 63


async def test_a_model_is_explained_and_an_earlier_one_taken_back(scored: Console) -> None:
    current = await _model(scored, ModelState.CURRENT)
    earlier = await _model(scored, ModelState.REPLACED)
    owner = await scored.sign_in(Role.OWNER)
    listed = (await owner.get(f"{scored.at}/models")).text
    assert "In use" in listed
    assert "Replaced" in listed
    page = (await owner.get(f"{scored.at}/models/{earlier}")).text
    assert "4.2 times more leave than on average" in page
    assert "81 in 100 times" in page
    assert "Put it in use" in page
    await owner.post(f"{scored.at}/models/{earlier}/use")
    async with scored.db.read() as tx:
        assert (await tx.get_one(ModelRecord, earlier)).state is ModelState.CURRENT
        assert (await tx.get_one(ModelRecord, current)).state is ModelState.REPLACED
    audit = (await owner.get(f"{scored.at}/audit")).text
    assert "model.put_in_use" in audit
    card = await owner.get(f"{scored.at}/models/{earlier}/card.md")
    assert card.text == "# Choice\n"


async def test_a_refused_model_says_so_and_a_neighbours_is_not_there(scored: Console) -> None:
    refused = await _model(scored, ModelState.REFUSED)
    other = await _model(scored, ModelState.CURRENT, scored.neighbour_id)
    owner = await scored.sign_in(Role.OWNER)
    assert "Refused" in (await owner.get(f"{scored.at}/models/{refused}")).text
    assert (await owner.get(f"{scored.at}/models/{other}")).status_code == 404
    assert (await owner.post(f"{scored.at}/models/{other}/use")).status_code == 404


async def test_an_empty_list_says_what_is_missing(console: Console) -> None:
    async with console.db.transaction() as tx:
        tx.add(Night(venue_id=console.venue_id, notes={"choice": "3 of 20"}))
    owner = await console.sign_in(Role.OWNER)
    page = (await owner.get(f"{console.at}/leaving")).text
    assert "No scores yet" in page
    assert "Too few people left by choice" in page


def test_every_feature_has_words_and_they_are_those_of_the_list() -> None:
    assert {name: feature.meaning for name, feature in FEATURE.items()} == dict(MEANINGS)


def test_values_are_written_in_the_readers_manner() -> None:
    french = Catalogues().translator("fr")
    english = Catalogues().translator("en")
    assert value_text(english, "paid_365_minor", 1299) == "€12.99"
    assert value_text(french, "discount_share", 0.25) == "25\u202f%".replace("\u202f", "\xa0") or (
        value_text(french, "discount_share", 0.25) == "25\u202f%"
    )
    assert value_text(english, "minutes_trend", -1.0) == "2 times less"
    assert value_text(english, "month", "11") == "November"
    assert value_text(english, "satisfaction", None) == "unknown"
    assert points_text(english, -0.4) == "−0.4 point"
    usual = {"low": 2.0, "high": 9.0}
    assert usual_text(english, "days_since_watched", usual) == "half of people: 2 to 9"
    assert brief(english, REASON) == "days since they last watched: 34"
    assert brief(french, REASON) == "jours depuis le dernier visionnage\xa0: 34"
    assert value_text(french, "country", "BE") == "Belgique"


async def test_said_against_came_is_a_plot_with_intervals_a_table_and_a_file(
    scored: Console,
) -> None:
    model_id = await _model(scored, ModelState.CURRENT)
    owner = await scored.sign_in(Role.OWNER)
    page = (await owner.get(f"{scored.at}/models/{model_id}")).text
    plot = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
    assert plot["kind"] == "dots"
    assert plot["xs"] == [0.05]
    came = plot["series"][0]
    assert came["values"] == pytest.approx([4 / 93])
    assert came["low"][0] < came["values"][0] < came["high"][0]
    file = (await owner.get(f"{scored.at}/models/{model_id}?format=csv")).text
    people, said, left, interval = list(csv.reader(io.StringIO(file)))[1]
    assert (people, said, left) == ("93", "0.0500", "0.0430")
    assert interval == "0.0169 – 0.1054"


async def test_the_api_lists_scores_with_reasons_and_tells_of_models(scored: Console) -> None:
    model_id = await _model(scored, ModelState.CURRENT)
    staff = await scored.sign_in(Role.MARKETING)
    at = f"/v1/venues/{scored.venue_id}"
    first = (await staff.get(f"{at}/scores", params={"limit": 1})).json()
    [ann] = first["data"]
    assert (ann["person"], ann["risk"], ann["band"]) == ("ann", 0.42, "raised")
    assert ann["value_month"] == {"amount": 900, "currency": "EUR"}
    assert ann["reasons"] == [REASON]
    rest = (await staff.get(f"{at}/scores", params={"cursor": first["next_cursor"]})).json()
    assert [one["person"] for one in rest["data"]] == ["bob", "eve"]
    assert (await staff.get(f"{at}/scores/cat")).json()["risk"] is None
    assert (await staff.get(f"{at}/scores/dan")).status_code == 404, "the neighbour's"
    low = (await staff.get(f"{at}/scores", params={"band": "low"})).json()["data"]
    assert [one["person"] for one in low] == ["bob", "eve"]
    assert (await staff.get(f"{at}/scores", params={"band": "tall"})).status_code == 422
    [model] = (await staff.get(f"{at}/models")).json()["data"]
    assert (model["id"], model["state"], model["top_decile_lift"]) == (model_id, "current", 4.2)
    assert (await staff.get(f"{at}/models/{model_id}")).json() == model
    assert (await staff.get(f"{at}/models/mdl_nothing")).status_code == 404
