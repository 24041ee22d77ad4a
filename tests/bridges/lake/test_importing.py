"""History from elsewhere: what is taken, what is not and why, and nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from churn.importing.mapping import Mapping, parse
from churn.tables import Person
from paywall.bridges.lake.forgetting import Forget
from paywall.bridges.lake.importing import HistoryImport, Imported, NotTaken
from paywall.bridges.lake.persons import pseudonyms
from tests.bridges.lake.world import SEALER, World

VIEWS = parse("""
name = "player"
[[facts]]
table = "viewing"
id = ["session"]
person = "viewer"
email = "mail"
[facts.columns]
event_at = "start"
session_id = "session"
concert_id = "asset"
kind = { column = "live", values = { yes = "live", no = "replay" } }
watched_s = { column = "minutes", times = 60 }
startup_ms = "startup"
""")
HEADER = "session,viewer,mail,start,asset,live,minutes,startup\n"
GOOD = "s1,u1,,2025-03-01T20:00:00Z,a1,yes,90,1200\ns2,u2,,2025-03-01T20:05:00Z,a1,no,10.5,\n"

PAID = parse("""
name = "bank"
[file]
delimiter = ";"
decimal = ","
time_zone = "Europe/Paris"
dates = ["%d/%m/%Y %H:%M"]
[[facts]]
table = "payments"
id = ["Ref"]
person = "Client"
[facts.columns]
event_at = "Date"
outcome = { column = "Etat", values = { "payé" = "captured", "refusé" = "declined" } }
amount_minor = { column = "Montant", money = "units" }
currency = "=EUR"
""")

ORDERS = parse("""
name = "shop"
[[facts]]
table = "orders"
id = ["id"]
person = "who"
[facts.columns]
event_at = "made"
known_at = "changed"
state = "state"
total_minor = { column = "cents", money = "minor" }
currency = "=EUR"
""")


class Desk:
    """Imports files of a test into a world's lake."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.not_taken: list[NotTaken] = []

    async def bring(
        self, text: str | bytes, mapping: Mapping = VIEWS, *, dry_run: bool = False
    ) -> Imported:
        file = self.folder / "given.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.not_taken = []
        world = self.world
        importing = HistoryImport(world.db, world.clock, SEALER, world.root, dry_run=dry_run)
        return await importing.run(world.venue, [file], mapping, self.not_taken.append)

    @property
    def why(self) -> list[tuple[int, str]]:
        return [(line.line, line.why) for line in self.not_taken]


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path)


async def test_a_line_becomes_a_fact_with_its_own_times_and_a_pseudonym(desk: Desk) -> None:
    done = await desk.bring(HEADER + GOOD)
    assert (done.lines, dict(done.taken), done.known) == (2, {"viewing": 2}, 0)
    first, _ = sorted(desk.world.rows("viewing"), key=lambda row: row["fact_id"])
    assert first["fact_id"] == "player:s1"
    assert first["origin"] == "player"
    assert first["watched_s"] == 5400.0
    assert first["event_at"].isoformat() == "2025-03-01T20:00:00+00:00"
    assert first["known_at"].isoformat() == "2025-03-01T21:30:00+00:00"  # when it ended
    names = pseudonyms(SEALER, desk.world.venue.id)
    assert first["person"] == names.external("u1")
    assert "u1" not in first["person"]


async def test_the_same_file_twice_and_an_overlapping_one_bring_no_doubles(desk: Desk) -> None:
    await desk.bring(HEADER + GOOD)
    again = await desk.bring(HEADER + GOOD)
    assert (dict(again.taken), again.known) == ({}, 2)
    more = await desk.bring(HEADER + GOOD + "s3,u1,,2025-04-01,a2,yes,5,\n")
    assert (dict(more.taken), more.known) == ({"viewing": 1}, 2)
    assert len(desk.world.rows("viewing")) == 3


async def test_a_dry_run_judges_every_line_and_writes_nothing(desk: Desk) -> None:
    done = await desk.bring(HEADER + GOOD + "s3,u1,,soon,a2,yes,5,\n", dry_run=True)
    assert dict(done.taken) == {"viewing": 2}
    assert len(desk.not_taken) == 1
    assert desk.world.rows("viewing") == []
    async with desk.world.db.read() as tx:
        assert list(await tx.scalars(select(Person))) == []


async def test_each_line_that_is_not_taken_says_where_why_and_what_to_do(desk: Desk) -> None:
    lines = [
        "s1,u1,,2025-03-01,a1,yes,90,",
        "s1,u1,,2025-03-02,a1,yes,90,",  # 3: the id came before
        "s2,u1,,2031-01-01,a1,yes,90,",  # 4: in the future
        "s3,u1,,2025-03-01,a1,perhaps,90,",  # 5: unknown
        "s4,u1,,2025-03-01,a1,yes,long,",  # 6: no number
        "s5,u1,,2025-03-01,a1,yes,-3,",  # 7: below zero
        "s6,,,2025-03-01,a1,yes,3,",  # 8: nobody
        ",u1,,2025-03-01,a1,yes,3,",  # 9: no id
        "s7,u1,,2025-03-01,a1,yes",  # 10: too short
        "s8,u1,,01/03/2025,a1,yes,3,",  # 11: another form of date
        "",
        "s9,u1,,,a1,yes,3,",  # 13: no date
    ]
    done = await desk.bring(HEADER + "\n".join(lines) + "\n")
    assert dict(done.taken) == {"viewing": 1}
    assert sorted(desk.why) == [
        (3, "an id that came before in these files"),
        (4, "in the future"),
        (5, "a value that the mapping does not know"),
        (6, "no number"),
        (7, "below zero"),
        (8, "nobody is named"),
        (9, "no id"),
        (10, "6 cells where the header has 8"),
        (11, "no date in the forms that the mapping names"),
        (13, "no date"),
    ]
    assert all(line.remedy for line in desk.not_taken)
    assert done.not_taken.total() == 10


async def test_commas_zones_and_forms_of_a_french_bank(desk: Desk) -> None:
    text = (
        "Ref;Client;Date;Etat;Montant\n"
        "1;c1;15/07/2025 21:00;payé;1 234,50 €\n"
        "2;c1;15/07/2025 21:00;refusé;12,5\n"
        "3;c1;15/07/2025 21:00;payé;-12,50\n"
        "4;c1;15/07/2025 21:00;payé;12,505\n"
    )
    await desk.bring(text, PAID)
    rows = desk.world.rows("payments")
    assert sorted(row["amount_minor"] for row in rows) == [1250, 123450]
    assert {row["event_at"].isoformat() for row in rows} == {"2025-07-15T19:00:00+00:00"}
    assert desk.why == [(4, "money below zero"), (5, "a part of the smallest coin")]


async def test_a_customer_is_found_by_address_and_keeps_one_name(desk: Desk) -> None:
    world = desk.world
    customer_id = await world.customer("maud@example.org")
    await world.export()
    await desk.bring(HEADER + "s1,u1,Maud@Example.org,2025-03-01,a1,yes,90,\n")
    await desk.bring(HEADER + "s2,u1,,2025-03-02,a1,yes,90,\n")  # known by now without it
    people = {row["person"] for row in world.rows("viewing")}
    assert people == {pseudonyms(SEALER, world.venue.id).customer(customer_id)}
    async with world.db.read() as tx:
        (person,) = await tx.scalars(select(Person))
    assert (person.customer_id, person.external_id) == (customer_id, "u1")


@pytest.mark.parametrize("by", ["email", "external_id"])
async def test_whom_an_erasure_took_out_no_import_brings_back(desk: Desk, by: Any) -> None:
    world = desk.world
    text = HEADER + "s1,u1,gone@example.org,2025-03-01,a1,yes,90,\n" + GOOD.splitlines()[1]
    await world.customer("gone@example.org")
    await desk.bring(text)
    given = {"email": "gone@example.org"} if by == "email" else {"external_id": "u1"}
    assert await Forget(world.db, world.clock, SEALER).forget(world.venue.id, **given) == 1
    await world.export()
    assert len(world.rows("viewing")) == 1
    again = await desk.bring(text)
    assert (dict(again.taken), again.known) == ({}, 1)
    assert desk.why == [(2, "this person was erased")]
    assert "gone" not in str(desk.not_taken)
    # By either of their names alone.
    await desk.bring(HEADER + "s8,,gone@example.org,2025-03-01,a1,yes,9,\n")
    assert desk.why == [(2, "this person was erased")]


async def test_versions_come_in_order_and_an_older_one_is_told(desk: Desk) -> None:
    head = "id,who,made,changed,state,cents\n"
    paid = "o1,u1,2025-01-01,2025-01-01,paid,1000\n"
    back = "o1,u1,2025-01-01,2025-02-01,refunded,1000\n"
    await desk.bring(head + back + paid, ORDERS)
    assert [row["state"] for row in desk.world.rows("orders")] == ["paid", "refunded"]
    again = await desk.bring(head + paid + back, ORDERS)
    assert (again.known, desk.not_taken) == (2, [])
    await desk.bring(head + "o1,u1,2025-01-01,2025-01-15,open,1000\n", ORDERS)
    assert desk.why == [(2, "older than what the lake knows of it")]


async def test_another_encoding_is_told_and_not_guessed(desk: Desk) -> None:
    await desk.bring((HEADER + "s1,ué,,2025-03-01,a1,yes,90,\n").encode("cp1252"))
    assert desk.why == [(2, "not written in utf-8-sig")]


async def test_an_export_over_it_again_leaves_an_import_alone(desk: Desk) -> None:
    await desk.bring(HEADER + GOOD)
    await desk.world.export(full=True)
    assert len(desk.world.rows("viewing")) == 2
