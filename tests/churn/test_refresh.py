"""The refresh of what is known of everybody today, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from churn.refresh import refresh_people
from churn.tables import Person, PersonToday
from infra.kernel.db import Database, add_rows
from tests.churn.history import VENUE, History, at


async def rows(database: Database) -> dict[str, PersonToday]:
    async with database.read() as tx:
        found = await tx.scalars(select(PersonToday).where(PersonToday.venue_id == VENUE))
        return {row.person: row for row in found}


def two_people(tmp_path: Path) -> History:
    history = History(tmp_path)
    history.person("ann", "2026-01-01", country="FR")
    history.change("ann", "2026-01-05", "started", 900)
    history.person("bea", "2026-02-01", country="DE")
    return history


async def test_everybody_has_a_row_with_the_features_and_the_customer(
    database: Database, tmp_path: Path
) -> None:
    async with database.transaction() as tx:
        known = {"venue_id": VENUE, "external_id": "", "created_at": at("2026-01-01")}
        await add_rows(tx, Person, [{**known, "person": "ann", "customer_id": "cus_1"}])
    facts = two_people(tmp_path).facts("2026-03-01")
    assert await refresh_people(facts, database, VENUE) == 2
    found = await rows(database)
    assert {person: row.customer_id for person, row in found.items()} == {
        "ann": "cus_1",
        "bea": None,
    }
    ann = vars(found["ann"])
    assert (ann["country"], ann["currency"], ann["price_month_minor"]) == ("FR", "EUR", 900)
    assert ann["as_of"] == at("2026-03-01")
    assert vars(found["bea"])["plan"] is None


async def test_another_refresh_keeps_scores_and_removes_who_is_gone(
    database: Database, tmp_path: Path
) -> None:
    history = two_people(tmp_path)
    await refresh_people(history.facts("2026-03-01"), database, VENUE)
    async with database.transaction() as tx:
        of_ann = PersonToday.person == "ann"
        scored = {"risk": 0.5, "model_id": "mdl_1", "reasons": [{"feature": "plan"}]}
        await tx.execute(update(PersonToday).where(of_ann).values(scored))
        other = {"venue_id": "ven_2", "person": "cem", "as_of": at("2026-01-01")}
        await add_rows(tx, PersonToday, [other])
    without = History(tmp_path / "later")  # Bea was erased from the lake
    without.person("ann", "2026-01-01", country="FR")
    for _ in range(2):
        assert await refresh_people(without.facts("2026-03-02"), database, VENUE) == 1
        found = await rows(database)
        assert set(found) == {"ann"}
        ann = vars(found["ann"])
        assert (ann["risk"], ann["model_id"], ann["tenure_days"]) == (0.5, "mdl_1", 60)
        assert ann["reasons"] == [{"feature": "plan"}]
    async with database.read() as tx:
        assert await tx.get(PersonToday, ("ven_2", "cem")) is not None, "another venue's stay"
