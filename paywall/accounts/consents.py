"""Consents: rows of yes and no that are only added; the latest word counts (law 11).

A no from anywhere ends it everywhere, at once; a sync or an import can bring a no, and a yes
only to somebody who has never said no.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Select, and_, func, insert, or_, select

from infra.kernel.db import Tx, padded
from infra.kernel.ids import new_id
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.tables import Account, Consent
from paywall.catalogue.tables import Venue


class Purpose(StrEnum):
    MARKETING = "marketing"  # news and offers of one venue
    VOTERS = "voters"  # hearing from venues that answer a vote; belongs to the installation
    VISITS = "visits"  # a no: visits to pages are not noted with the person; the installation's


OF_INSTALLATION: Final = frozenset({Purpose.VOTERS, Purpose.VISITS})
"""Said to the installation as a whole; every other purpose belongs to one venue."""


class Source(StrEnum):
    """Where a person said it, or which machine says so in their name."""

    CHECKOUT = "checkout"
    ACCOUNT_PAGE = "account_page"
    PRIVACY_PAGE = "privacy_page"
    UNSUBSCRIBE_LINK = "unsubscribe_link"
    VOTE = "vote"
    BOX_OFFICE = "box_office"
    SUPPORT = "support"
    COMPLAINT = "complaint"  # "this is spam", told by a mail provider
    API = "api"
    IMPORT = "import"
    SYNC = "sync"


SECOND_HAND: Final = frozenset({Source.API, Source.IMPORT, Source.SYNC})
"""Nobody was there to ask: these never turn an earlier no into a yes."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One yes or no. `at` is machine time, `wording` the version of the text that was shown."""

    account_id: str
    venue_id: str
    purpose: Purpose
    granted: bool
    source: Source
    wording: str
    at: datetime
    actor: str = ""


class ConsentView(msgspec.Struct, frozen=True):
    venue_id: str
    purpose: Purpose
    granted: bool
    source: Source
    wording: str
    at: datetime


async def record_consents(tx: Tx, words: Sequence[Word]) -> int:
    """Add the words that count, in one statement; how many did.

    Left out: a second-hand yes to somebody who said no before, to this venue or to all.
    """
    asked = [w for w in words if w.granted and w.source in SECOND_HAND]
    refused = await _ever_refused(tx, {w.account_id for w in asked}) if asked else set()
    # An import may bring the no and the yes of one person in one list.
    refused |= {(w.account_id, w.venue_id, w.purpose) for w in words if not w.granted}
    rows = [
        {
            "id": new_id("con"),
            "venue_id": w.venue_id,
            "account_id": w.account_id,
            "purpose": w.purpose.value,
            "granted": w.granted,
            "source": w.source.value,
            "wording": w.wording,
            "actor": w.actor or w.account_id,
            "at": w.at,
        }
        for w in words
        if not (w.granted and w.source in SECOND_HAND and _barred(refused, w))
    ]
    if rows:
        await tx.execute(insert(Consent), rows)
    return len(rows)


async def withdraw_everywhere(
    tx: Tx, account_id: str, *, source: Source, wording: str, now: datetime, actor: str = ""
) -> None:
    """No to every purpose of every venue, with one row each: it outweighs all earlier words."""
    await record_consents(
        tx,
        [
            Word(
                account_id=account_id,
                venue_id=INSTALLATION,
                purpose=purpose,
                granted=False,
                source=source,
                wording=wording,
                at=now,
                actor=actor,
            )
            for purpose in Purpose
        ],
    )


async def consenting(
    tx: Tx, venue_id: str, purpose: Purpose, account_ids: Iterable[str] | None = None
) -> set[str]:
    """Accounts that may be written to now: last word to the venue is yes, and no later word to
    the whole installation is no. Addresses never proven are left out. Ask right before sending.

    A yes said while the venue tested was said by a tester: once it is live, it doesn't count.
    """
    latest = _latest().subquery()
    venue = latest.alias("here")
    everywhere = latest.alias("everywhere")
    query = (
        select(venue.c.account_id)
        .join(Account, Account.id == venue.c.account_id)
        .outerjoin(Venue, Venue.id == venue.c.venue_id)
        .outerjoin(
            everywhere,
            and_(
                everywhere.c.account_id == venue.c.account_id,
                everywhere.c.purpose == venue.c.purpose,
                everywhere.c.venue_id == INSTALLATION,
            ),
        )
        .where(
            venue.c.place == 1,
            venue.c.venue_id == venue_id,
            venue.c.purpose == purpose.value,
            venue.c.granted.is_(True),
            Account.email_proven_at.is_not(None),
            or_(Venue.live_since.is_(None), venue.c.at >= Venue.live_since),
            or_(everywhere.c.place.is_(None), everywhere.c.place == 1),
            or_(
                everywhere.c.granted.is_(None),
                everywhere.c.granted.is_(True),
                everywhere.c.at < venue.c.at,
            ),
        )
    )
    if account_ids is not None:
        query = query.where(venue.c.account_id.in_(list(account_ids)))
    return set((await tx.scalars(query)).all())


async def refusing(tx: Tx, venue_id: str, purpose: Purpose, account_ids: Iterable[str]) -> set[str]:
    """Those of the accounts whose last word is a no: to the venue, or later to everybody.

    Who never said anything is in neither this set nor in `consenting`.
    """
    query = (
        select(Consent.account_id, Consent.venue_id, Consent.granted, Consent.at)
        .where(
            Consent.account_id.in_(padded(account_ids)),
            Consent.venue_id.in_((venue_id, INSTALLATION)),
            Consent.purpose == purpose.value,
        )
        # The last of each pair stays; at one instant a no stands after a yes.
        .order_by(Consent.at, Consent.granted.desc(), Consent.id)
    )
    here: dict[str, tuple[bool, datetime]] = {}
    everywhere: dict[str, tuple[bool, datetime]] = {}
    for row in await tx.execute(query):
        said = everywhere if row.venue_id == INSTALLATION else here
        said[row.account_id] = (row.granted, row.at)
    refused = {account for account, (granted, _) in here.items() if not granted}
    for account, (granted, at) in everywhere.items():
        yes_later = account in here and here[account][0] and here[account][1] > at
        if not granted and not yes_later:
            refused.add(account)
    return refused


async def consents_of(tx: Tx, account_id: str, venue_id: str = "") -> list[ConsentView]:
    """The latest word of a person to each purpose, at one venue or everywhere."""
    latest = _latest(account_id).subquery()
    query = select(latest).where(latest.c.place == 1).order_by(latest.c.venue_id, latest.c.purpose)
    if venue_id:
        query = query.where(latest.c.venue_id == venue_id)
    return [
        ConsentView(r.venue_id, Purpose(r.purpose), r.granted, Source(r.source), r.wording, r.at)
        for r in await tx.execute(query)
    ]


def _latest(account_id: str = "") -> Select[*tuple[object, ...]]:
    """Words numbered from the latest; at one instant a no stands before a yes."""
    query = select(
        Consent.account_id,
        Consent.venue_id,
        Consent.purpose,
        Consent.granted,
        Consent.source,
        Consent.wording,
        Consent.at,
        func.row_number()
        .over(
            partition_by=(Consent.account_id, Consent.venue_id, Consent.purpose),
            order_by=(Consent.at.desc(), Consent.granted.asc(), Consent.id.desc()),
        )
        .label("place"),
    )
    return query.where(Consent.account_id == account_id) if account_id else query


async def _ever_refused(tx: Tx, account_ids: set[str]) -> set[tuple[str, str, str]]:
    query = (
        select(Consent.account_id, Consent.venue_id, Consent.purpose)
        .where(Consent.account_id.in_(account_ids), Consent.granted.is_(False))
        .distinct()
    )
    return {(a, v, p) for a, v, p in (await tx.execute(query)).all()}


def _barred(refused: set[tuple[str, str, str]], word: Word) -> bool:
    return (word.account_id, word.venue_id, word.purpose.value) in refused or (
        word.account_id,
        INSTALLATION,
        word.purpose.value,
    ) in refused
