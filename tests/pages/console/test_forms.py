"""Forms of the console: what was typed stays, mistakes name their field, twice makes one."""

from __future__ import annotations

import re

import httpx
from sqlalchemy import func, select

from offers.tables import Offer, OfferState, Price
from paywall.accounts.roles import Role
from paywall.accounts.tables import AuditEntry
from paywall.catalogue.tables import Event, EventState, Season, Stream
from paywall.pages.console.typed import Typed
from tests.pages.console.conftest import Console, submit

SEASON = {"name": "Automne", "starts_at": "2026-11-01T00:00", "ends_at": "2027-03-01T00:00"}
EVENT = {
    "name": "Nuit claire", "starts_at": "2026-12-04T20:00", "ends_at": "2026-12-04T22:00",
    "timezone": "Europe/Paris", "doors_min": "30", "season_id": "",
}  # fmt: skip


async def made_event(console: Console, owner: httpx.AsyncClient, **more: str) -> str:
    answer = await submit(owner, f"{console.at}/events/new", **(EVENT | more))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rsplit("/", 1)[1]


async def test_a_mistake_names_its_field_and_keeps_what_was_typed(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    answer = await submit(
        owner, f"{console.at}/events/new", **(EVENT | {"ends_at": "2026-12-04T19:00"})
    )
    assert answer.status_code == 422
    assert 'value="Nuit claire"' in answer.text
    assert 'value="2026-12-04T19:00"' in answer.text
    assert 'id="ends_at-error"' in answer.text
    assert "The event must end after it starts" in answer.text


async def test_times_are_read_in_the_halls_own_zone(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    event_id = await made_event(console, owner, timezone="America/Toronto")
    async with console.db.read() as tx:
        event = await tx.get_one(Event, event_id)
    assert event.starts_at.isoformat() == "2026-12-05T01:00:00+00:00"


async def test_sending_a_form_twice_makes_one_season(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/seasons/new")
    form_id = re.search(r'name="form_id" value="([^"]+)"', page.text)
    assert form_id is not None
    sent = SEASON | {"form_id": form_id[1]}
    first = await owner.post(f"{console.at}/seasons/new", data=sent)
    second = await owner.post(f"{console.at}/seasons/new", data=sent)
    assert first.headers["location"] == second.headers["location"]
    async with console.db.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(Season)) == 1


async def test_a_stale_edit_is_refused_and_nothing_typed_is_lost(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    event_id = await made_event(console, owner)
    edit = f"{console.at}/events/{event_id}/edit"
    assert (await owner.post(edit, data=EVENT | {"version": "1"})).status_code == 303
    stale = await owner.post(edit, data=EVENT | {"version": "1", "name": "Late words"})
    assert stale.status_code == 412
    assert 'value="Late words"' in stale.text


async def test_publishing_can_be_undone_and_is_in_the_audit_log(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    event_id = await made_event(console, owner)
    await owner.post(f"{console.at}/events/{event_id}/publish")
    page = await owner.get(f"{console.at}/events/{event_id}")
    undo = re.search(r'<form method="post" action="([^"]+/unpublish)"', page.text)
    assert undo is not None
    await owner.post(undo[1])
    async with console.db.read() as tx:
        assert (await tx.get_one(Event, event_id)).state is EventState.DRAFT
        acts = await tx.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        assert list(acts) == ["event.created", "event.published", "event.unpublished"]


async def test_an_ingest_key_is_shown_once(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    event_id = await made_event(console, owner)
    answer = await submit(
        owner, f"{console.at}/streams/new?event={event_id}",
        event_id=event_id, kind="local", source="grande-salle",
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    first = await owner.get(answer.headers["location"])
    key = re.search(r"pwi_[\w-]+", first.text)
    assert key is not None
    owner.cookies.delete("pw_said", path="/console")
    assert key[0] not in (await owner.get(answer.headers["location"])).text
    async with console.db.read() as tx:
        stream = await tx.scalar(select(Stream))
    assert stream is not None
    assert key[0] not in stream.ingest_key_hash


async def test_a_pass_whose_price_falls_in_mid_season_is_one_form(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    season = (await submit(owner, f"{console.at}/seasons/new", **SEASON)).headers["location"]
    season_id = season.rsplit("/", 1)[1]
    answer = await submit(
        owner, f"{console.at}/offers/new?kind=season_pass&scope={season_id}",
        scope_id=season_id, name="Pass", currency="EUR", amount="49,00", then_amount="29",
        then_from="2027-01-10T00:00", max_per_order="1",
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    async with console.db.read() as tx:
        prices = list(await tx.scalars(select(Price).order_by(Price.id)))
    assert [price.minor for price in prices] == [4900, 2900]
    assert prices[0].valid_until == prices[1].valid_from
    page = await owner.get(answer.headers["location"])
    assert "€49.00" in page.text
    assert "€29.00" in page.text


async def test_what_is_missing_before_a_sale_is_said_in_one_sentence(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    event_id = await made_event(console, owner)
    offer = await submit(
        owner, f"{console.at}/offers/new?kind=stream_ticket&scope={event_id}",
        scope_id=event_id, name="Live", currency="EUR", max_per_order="1",
    )  # fmt: skip
    page = await owner.get(offer.headers["location"])
    assert "Publish the event. Give the event a stream. Add a price." in page.text
    refused = await owner.post(offer.headers["location"] + "/publish")
    said = await owner.get(refused.headers["location"])
    assert "go on sale yet. Publish the event." in said.text.replace("&#39;", "'")
    async with console.db.read() as tx:
        found = await tx.scalar(select(Offer))
    assert found is not None
    assert found.state is OfferState.DRAFT


async def test_pages_speak_french_to_who_asks_for_it(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/events", headers={"Accept-Language": "fr"})
    assert "Nouveau concert" in page.text
    assert "New event" not in page.text


async def test_a_table_is_also_a_csv_without_formulas(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    await made_event(console, owner, name="=HYPERLINK(1)")
    answer = await owner.get(f"{console.at}/events?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=HYPERLINK(1)" in answer.text
    assert "\n=HYPERLINK" not in answer.text


async def test_filters_stand_in_the_address(console: Console) -> None:
    owner = await console.sign_in(Role.OWNER)
    await made_event(console, owner)
    assert "Nuit claire" in (await owner.get(f"{console.at}/events?state=draft")).text
    assert "Nuit claire" not in (await owner.get(f"{console.at}/events?state=published")).text
    assert "Nuit claire" not in (await owner.get(f"{console.at}/events?name=100%25")).text


def test_amounts_and_percentages_are_read_as_people_write_them() -> None:
    typed = Typed([("a", "1 234,50"), ("b", "5,5"), ("c", "1500"), ("d", "")])
    assert typed.minor("a", "EUR") == 123450
    assert typed.bps("b") == 550
    assert typed.minor("c", "JPY") == 1500
    assert typed.minor("d", "EUR") is None
