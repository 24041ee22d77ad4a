"""The audit log only grows, and is read in pages."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.paging import Wanted
from paywall.accounts.audit import audit_page, record
from paywall.accounts.tables import AuditEntry


async def note(db: Database, clock: HandClock, subject: str, venue_id: str = "ven_a") -> str:
    async with db.transaction() as tx:
        return await record(
            tx,
            venue_id=venue_id,
            actor="acc_1",
            action="order.refunded",
            subject=subject,
            data={"amount": 1299, "currency": "EUR"},
            now=clock.machine(),
        )


async def test_nothing_in_it_can_be_changed(database: Database, clock: HandClock) -> None:
    await note(database, clock, "ord_1")
    statements = [update(AuditEntry).values(actor="someone"), delete(AuditEntry)]
    if not database.is_sqlite:
        statements.append(text("TRUNCATE audit_entry"))
    for statement in statements:
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(statement)
    assert len((await audit_page(database, "ven_a", Wanted())).rows) == 1


async def test_pages_follow_each_other_without_gap_and_stay_in_the_venue(
    database: Database, clock: HandClock
) -> None:
    noted = {await note(database, clock, f"ord_{i}") for i in range(7)}
    await note(database, clock, "ord_x", "ven_b")
    page = await audit_page(database, "ven_a", Wanted(limit=3))
    seen = [entry.id for entry in page.rows]
    while page.more is not None:
        page = await audit_page(database, "ven_a", Wanted(limit=3, after=page.more))
        seen += [entry.id for entry in page.rows]
    assert set(seen) == noted
    assert seen == sorted(noted, reverse=True)


async def test_one_subjects_story_can_be_read_alone(database: Database, clock: HandClock) -> None:
    await note(database, clock, "ord_1")
    await note(database, clock, "ord_2")
    (entry,) = (await audit_page(database, "ven_a", Wanted(), subject="ord_2")).rows
    assert entry.data == {"amount": 1299, "currency": "EUR"}
    assert entry.at == clock.machine()


async def test_an_act_that_fails_leaves_no_entry(database: Database, clock: HandClock) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await record(
                tx,
                venue_id="ven_a",
                actor="acc_1",
                action="order.refunded",
                subject="ord_1",
                data={},
                now=clock.machine(),
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await audit_page(database, "ven_a", Wanted())).rows == []
