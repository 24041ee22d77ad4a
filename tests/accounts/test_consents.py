"""Consents: the latest word counts, a no reaches everywhere, and no sync undoes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from infra.kernel.db import Database
from infra.kernel.ids import new_id
from paywall.accounts.consents import (
    SECOND_HAND,
    Purpose,
    Source,
    Word,
    consenting,
    consents_of,
    record_consents,
    withdraw_everywhere,
)
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.tables import Account, Consent

START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


async def person(db: Database, *, proven: bool = True) -> str:
    account_id = new_id("acc")
    async with db.transaction() as tx:
        tx.add(
            Account(
                id=account_id,
                email=f"{account_id}@example.org",
                email_proven_at=START if proven else None,
                created_at=START,
            )
        )
    return account_id


def word(
    account_id: str,
    granted: bool,
    *,
    venue: str = "ven_a",
    source: Source = Source.CHECKOUT,
    minutes: int = 0,
    purpose: Purpose = Purpose.MARKETING,
) -> Word:
    return Word(
        account_id=account_id,
        venue_id=venue,
        purpose=purpose,
        granted=granted,
        source=source,
        wording="checkout-2026-11",
        at=START + timedelta(minutes=minutes),
    )


async def say(db: Database, *words: Word) -> None:
    for one in words:
        async with db.transaction() as tx:
            await record_consents(tx, [one])


async def agreed(db: Database, venue: str = "ven_a") -> set[str]:
    async with db.read() as tx:
        return await consenting(tx, venue, Purpose.MARKETING)


async def test_silence_is_no(database: Database) -> None:
    await person(database)
    assert await agreed(database) == set()


async def test_a_yes_counts_for_its_venue_until_the_next_no(database: Database) -> None:
    who = await person(database)
    await say(database, word(who, True))
    assert await agreed(database) == {who}
    assert await agreed(database, "ven_b") == set()
    await say(database, word(who, False, minutes=1, source=Source.UNSUBSCRIBE_LINK))
    assert await agreed(database) == set()
    await say(database, word(who, True, minutes=2, source=Source.ACCOUNT_PAGE))
    assert await agreed(database) == {who}


async def test_at_one_instant_no_outweighs_yes(database: Database) -> None:
    who = await person(database)
    await say(database, word(who, False), word(who, True))
    assert await agreed(database) == set()


async def test_a_no_to_all_reaches_every_venue(database: Database) -> None:
    who = await person(database)
    await say(database, word(who, True), word(who, True, venue="ven_b"))
    async with database.transaction() as tx:
        await withdraw_everywhere(
            tx, who, source=Source.COMPLAINT, wording="feedback-loop", now=START
        )
    assert await agreed(database) == set()
    assert await agreed(database, "ven_b") == set()
    await say(database, word(who, True, minutes=5))
    assert await agreed(database) == {who}
    assert await agreed(database, "ven_b") == set()


async def test_an_address_never_proven_gets_no_marketing(database: Database) -> None:
    who = await person(database, proven=False)
    await say(database, word(who, True))
    assert await agreed(database) == set()


@pytest.mark.parametrize("source", sorted(SECOND_HAND))
@pytest.mark.parametrize("where", ["ven_a", INSTALLATION])
async def test_no_sync_undoes_a_no(database: Database, source: Source, where: str) -> None:
    who = await person(database)
    await say(database, word(who, True), word(who, False, minutes=1, venue=where))
    await say(database, word(who, True, minutes=9, source=source))
    assert await agreed(database) == set()


async def test_an_import_brings_a_yes_to_the_undecided_and_a_no_to_anyone(
    database: Database,
) -> None:
    new, both = await person(database), await person(database)
    async with database.transaction() as tx:
        added = await record_consents(
            tx,
            [
                word(new, True, source=Source.IMPORT),
                word(both, True, source=Source.IMPORT, minutes=1),
                word(both, False, source=Source.IMPORT),
            ],
        )
    assert added == 2
    assert await agreed(database) == {new}


async def test_a_person_sees_their_latest_words(database: Database) -> None:
    who = await person(database)
    await say(
        database,
        word(who, True),
        word(who, False, minutes=1),
        word(who, True, venue=INSTALLATION, purpose=Purpose.VOTERS),
    )
    async with database.read() as tx:
        told = await consents_of(tx, who)
        here = await consents_of(tx, who, "ven_a")
    assert [(c.venue_id, c.purpose, c.granted) for c in told] == [
        (INSTALLATION, Purpose.VOTERS, True),
        ("ven_a", Purpose.MARKETING, False),
    ]
    assert [c.granted for c in here] == [False]
    assert here[0].at == START + timedelta(minutes=1)


async def test_words_are_never_edited_nor_deleted(database: Database) -> None:
    await say(database, word(await person(database), True))
    for statement in (update(Consent).values(granted=False), delete(Consent)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(statement)


_WORDS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["ven_a", INSTALLATION]),
        st.sampled_from([Source.CHECKOUT, Source.SYNC, Source.UNSUBSCRIBE_LINK]),
        st.integers(0, 5),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_WORDS)
async def test_after_any_history_a_no_holds_until_the_person_says_yes(
    database: Database, history: list[tuple[bool, str, Source, int]]
) -> None:
    """A model in plain Python: words in time order, no before yes at one instant."""
    who = await person(database)
    words = [
        word(who, granted, venue=venue, source=source, minutes=minute)
        for granted, venue, source, minute in sorted(history, key=lambda h: h[3])
    ]
    await say(database, *words)
    counted: list[Word] = []
    for one in words:
        refused = any(not w.granted and w.venue_id in {one.venue_id, INSTALLATION} for w in counted)
        if not (one.granted and one.source in SECOND_HAND and refused):
            counted.append(one)

    def last(venue: str) -> Word | None:
        here = [w for w in counted if w.venue_id == venue]
        return max(here, key=lambda w: (w.at, not w.granted), default=None)

    at_venue, at_all = last("ven_a"), last(INSTALLATION)
    may = bool(at_venue and at_venue.granted) and not (
        at_all and not at_all.granted and at_venue and at_all.at >= at_venue.at
    )
    async with database.read() as tx:
        assert await consenting(tx, "ven_a", Purpose.MARKETING, [who]) == ({who} if may else set())
