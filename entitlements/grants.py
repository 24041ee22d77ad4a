"""Grants: who may watch what, and until when. `decide` is pure; the rest works on lists in a tx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import msgspec
from sqlalchemy import bindparam, func, literal, select, tuple_, update

from entitlements.ports import Kind, Watchable, Window
from entitlements.tables import GRANT_TRANSITIONS, Grant, GrantState, ScopeKind
from infra.kernel.db import Tx, UTCDateTime, add_rows, padded
from infra.kernel.ids import new_id


class GrantFacts(Protocol):
    """What `decide` reads of a grant: a row of the table, or what `grants_of` returns."""

    @property
    def id(self) -> str: ...
    @property
    def scope_kind(self) -> ScopeKind: ...
    @property
    def scope_id(self) -> str: ...
    @property
    def opens_live(self) -> bool: ...
    @property
    def opens_replay(self) -> bool: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def play_window_s(self) -> int | None: ...
    @property
    def first_played_at(self) -> datetime | None: ...
    @property
    def state(self) -> GrantState: ...


class Allowed(msgspec.Struct, frozen=True):
    """Yes. `window` holds now; `starts_play` means that a play window begins with this play."""

    grant_id: str
    window: Window
    starts_play: bool = False


class Refused(msgspec.Struct, frozen=True):
    """No, with a code for machines and a sentence for people.

    Codes: not_bought, not_yet, over, window (the hours from first play are used up), suspended,
    revoked, not_available (the event has nothing of that kind).
    """

    code: str
    detail: str
    opens_at: datetime | None = None
    """With `not_yet`: when to come back."""


Decision = Allowed | Refused

NOT_BOUGHT = Refused("not_bought", "Nothing you bought opens this.")

# When several grants refuse, the person hears the refusal that leaves the most hope.
_HOPE = ("not_yet", "suspended", "window", "over", "revoked")


def decide(
    grants: Iterable[GrantFacts], event: Watchable, kind: Kind, now: datetime
) -> Allowed | Refused:
    """May the holder of these grants watch this event now (business time), and on which grant?

    Grants for other scopes are ignored, so a caller may pass all of a customer's. The best
    grant is one whose play window needn't be begun or is already running, then the one that ends
    last, then the one with the lowest id: the same answer in whatever order they come.
    """
    fitting = [grant for grant in grants if _fits(grant, event, kind)]
    if not fitting:
        return NOT_BOUGHT
    if event.stopped:
        return Refused("suspended", f"This can't be watched at the moment: {event.stopped}.")
    shown = event.window(kind)
    if shown is None:
        return Refused("not_available", f"There is no {kind.value} picture of this event yet.")
    answers = [_judge(grant, shown, kind, now) for grant in fitting]
    allowed = [answer for answer in answers if isinstance(answer, Allowed)]
    if allowed:
        return min(allowed, key=lambda a: (a.starts_play, -a.window.end.timestamp(), a.grant_id))
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    return min(refused, key=lambda r: (_HOPE.index(r.code), r.opens_at or now, r.detail))


def _fits(grant: GrantFacts, event: Watchable, kind: Kind) -> bool:
    wanted = event.event_id if grant.scope_kind is ScopeKind.EVENT else event.season_id
    if not wanted or grant.scope_id != wanted:
        return False
    return grant.opens_live if kind is Kind.LIVE else grant.opens_replay


def _judge(grant: GrantFacts, shown: Window, kind: Kind, now: datetime) -> Decision:
    if grant.state is GrantState.REVOKED:
        return Refused("revoked", "This was refunded or taken back.")
    if grant.state is GrantState.SUSPENDED:
        return Refused("suspended", "This is on hold. Ask the venue why.")
    window = Window(grant.starts_at, grant.ends_at).overlap(shown)
    if window is None or now >= window.end:
        return Refused("over", "The time to watch this is over.")
    if now < window.start:
        return Refused("not_yet", "This can't be watched yet.", window.start)
    if grant.play_window_s is None or kind is Kind.LIVE:
        return Allowed(grant.id, window)
    begun = grant.first_played_at or now
    end = min(window.end, begun + timedelta(seconds=grant.play_window_s))
    if now >= end:
        return Refused("window", "The hours to watch this from its first play are used up.")
    return Allowed(grant.id, Window(window.start, end), starts_play=grant.first_played_at is None)


class NewGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What to give. `source_key` tells several grants of one order apart (`<line>:<n>`)."""

    venue_id: str
    customer_id: str
    scope_kind: ScopeKind
    scope_id: str
    starts_at: datetime
    ends_at: datetime
    opens_live: bool = False
    opens_replay: bool = False
    play_window_s: int | None = None
    order_id: str | None = None
    source_key: str = ""


async def give(tx: Tx, grants: Sequence[NewGrant], now: datetime) -> list[str]:
    """Write the grants in one statement, in the transaction that marks their orders paid.

    Returns their ids in order. The same (order_id, source_key) twice is an IntegrityError.
    """
    rows = [_row(grant, now) for grant in grants]
    await add_rows(tx, Grant, rows)
    return [row["id"] for row in rows]


def _row(grant: NewGrant, now: datetime) -> dict[str, Any]:
    assert grant.ends_at > grant.starts_at, "a grant's window is not empty"
    assert grant.opens_live or grant.opens_replay, "a grant opens something"
    assert grant.play_window_s is None or grant.play_window_s > 0
    return msgspec.structs.asdict(grant) | {
        "id": new_id("grt"),
        "first_played_at": None,
        "state": GrantState.ACTIVE,
        "revoked_at": None,
        "reason": "",
        "created_at": now,
    }


_FACTS = (
    Grant.id,
    Grant.customer_id,
    Grant.scope_kind,
    Grant.scope_id,
    Grant.opens_live,
    Grant.opens_replay,
    Grant.starts_at,
    Grant.ends_at,
    Grant.play_window_s,
    Grant.first_played_at,
    Grant.state,
)


_HELD = (
    select(*_FACTS)
    .where(tuple_(Grant.customer_id, Grant.scope_id).in_(bindparam("pairs", expanding=True)))
    .order_by(Grant.id)
)
_LOCKED = _HELD.with_for_update(key_share=True)


async def grants_of(
    tx: Tx, holders: Iterable[tuple[str, Watchable]], *, lock: bool = False
) -> dict[str, list[GrantFacts]]:
    """The grants of each (customer, event) that concern the event, by customer id.

    `lock` holds them against change until the transaction ends: a session admitted under a grant
    and a refund of that grant then happen one after the other, and the later one sees the earlier.
    PostgreSQL takes FOR NO KEY UPDATE in id order (a shared lock would deadlock two players of
    one person that both go on to begin the play window); an SQLite write transaction is alone.
    """
    pairs = {
        (customer_id, scope_id)
        for customer_id, event in holders
        for scope_id in (event.event_id, event.season_id)
        if scope_id
    }
    found: dict[str, list[GrantFacts]] = {}
    if not pairs:
        return found
    query = _LOCKED if lock else _HELD
    for row in await tx.execute(query, {"pairs": padded(pairs)}):
        found.setdefault(row.customer_id, []).append(cast("GrantFacts", row))
    return found


async def start_first_play(tx: Tx, grant_ids: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Begin the play windows; returns the first play of each grant that is still active.

    One atomic statement: of two players that press play together the first one's moment stays,
    and both are told that moment. A set first_played_at never moves.
    """
    if not grant_ids:
        return {}
    statement = (
        update(Grant)
        .where(Grant.id.in_(sorted(set(grant_ids))), Grant.state == GrantState.ACTIVE)
        .values(first_played_at=func.coalesce(Grant.first_played_at, literal(now, UTCDateTime())))
        .returning(Grant.id, Grant.first_played_at)
        .execution_options(synchronize_session=False)
    )
    return {row.id: row.first_played_at for row in await tx.execute(statement)}


async def change(
    tx: Tx, to: GrantState, now: datetime, *, reason: str, **which: Sequence[str]
) -> list[str]:
    """Move grants chosen by order_ids, grant_ids or customer_ids; returns those that moved.

    Grants whose state has no such step (a refund told twice) stay as they are. Closing the door
    on players takes `entitlements.sessions.withdraw`, which calls this.
    """
    columns = {
        "order_ids": Grant.order_id,
        "grant_ids": Grant.id,
        "customer_ids": Grant.customer_id,
    }
    assert len(which) == 1, "choose by one thing"
    ((by, values),) = which.items()
    sources = [state for state, targets in GRANT_TRANSITIONS.items() if to in targets]
    # Locked in id order, as issuing locks them: an UPDATE alone would take them in any order,
    # and a refund of several grants could deadlock with a player that is being let in.
    found = await tx.scalars(
        select(Grant.id)
        .where(columns[by].in_(sorted(set(values))), Grant.state.in_(sources))
        .order_by(Grant.id)
        .with_for_update()
    )
    moved = list(found)
    if moved:
        await tx.execute(
            update(Grant)
            .where(Grant.id.in_(moved))
            .values(
                state=to,
                reason=reason,
                revoked_at=now if to is GrantState.REVOKED else Grant.revoked_at,
            )
            .execution_options(synchronize_session=False)
        )
    return moved
