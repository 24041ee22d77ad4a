"""Who may watch what, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from entitlements.grants import (
    Allowed,
    NewGrant,
    Refused,
    change,
    decide,
    give,
    start_first_play,
)
from entitlements.ports import Kind, Watchable, Window
from entitlements.tables import GRANT_TRANSITIONS, Grant, GrantState, ScopeKind
from infra.kernel.db import Database
from infra.kernel.errors import BadTransition
from tests.entitlements.builders import HOUR, NOW, new_grant, watchable


def grant(**changes: Any) -> Grant:
    facts: dict[str, Any] = {
        "id": "grt_1",
        "scope_kind": ScopeKind.EVENT,
        "scope_id": "evt_1",
        "opens_live": True,
        "opens_replay": True,
        "starts_at": NOW - 24 * HOUR,
        "ends_at": NOW + 48 * HOUR,
        "play_window_s": None,
        "first_played_at": None,
        "state": GrantState.ACTIVE,
    }
    return Grant(**(facts | changes))


def code(*held: Grant, kind: Kind = Kind.LIVE, now: datetime = NOW, **event: Any) -> str:
    verdict = decide(held, watchable(**event), kind, now)
    return verdict.code if isinstance(verdict, Refused) else "allowed"


def test_a_ticket_opens_its_event_and_a_pass_its_season() -> None:
    season_pass = grant(scope_kind=ScopeKind.SEASON, scope_id="sea_1")
    assert code(grant()) == code(season_pass) == "allowed"
    assert code(grant(), event_id="evt_2") == "not_bought"
    assert code(season_pass, season_id="sea_2") == "not_bought"
    assert code(season_pass, season_id="") == "not_bought"
    # An id of the other kind never matches by accident.
    assert code(grant(scope_kind=ScopeKind.SEASON, scope_id="evt_1")) == "not_bought"


def test_live_and_replay_are_bought_apart() -> None:
    assert code(grant(opens_live=False)) == "not_bought"
    assert code(grant(opens_live=False), kind=Kind.REPLAY) == "allowed"
    assert code(grant(opens_replay=False), kind=Kind.REPLAY) == "not_bought"


@pytest.mark.parametrize(
    ("held", "event", "expected"),
    [
        ({}, {"live": None}, "not_available"),
        ({}, {"stopped": "cancelled"}, "suspended"),
        ({"state": GrantState.SUSPENDED}, {}, "suspended"),
        ({"state": GrantState.REVOKED}, {}, "revoked"),
        ({"starts_at": NOW + timedelta(seconds=1)}, {}, "not_yet"),
        ({"starts_at": NOW}, {}, "allowed"),
        ({"ends_at": NOW}, {}, "over"),
        ({"ends_at": NOW + timedelta(microseconds=1)}, {}, "allowed"),
        ({}, {"live": Window(NOW, NOW + HOUR)}, "allowed"),
        ({}, {"live": Window(NOW - HOUR, NOW)}, "over"),
        ({}, {"live": Window(NOW + HOUR, NOW + 2 * HOUR)}, "not_yet"),
        ({"ends_at": NOW + HOUR}, {"live": Window(NOW + HOUR, NOW + 2 * HOUR)}, "over"),
    ],
    ids=str,
)
def test_refusals_say_why(held: dict[str, Any], event: dict[str, Any], expected: str) -> None:
    assert code(grant(**held), **event) == expected


def test_a_play_window_begins_with_the_first_play_and_ends_hard() -> None:
    rental = grant(opens_live=False, play_window_s=3600)
    assert decide([rental], watchable(), Kind.REPLAY, NOW) == Allowed(
        "grt_1", Window(NOW - HOUR, NOW + HOUR), starts_play=True
    )
    playing = grant(opens_live=False, play_window_s=3600, first_played_at=NOW - HOUR / 2)
    assert decide([playing], watchable(), Kind.REPLAY, NOW) == Allowed(
        "grt_1", Window(NOW - HOUR, NOW + HOUR / 2)
    )
    assert code(playing, kind=Kind.REPLAY, now=NOW + HOUR / 2) == "window"
    ending = grant(play_window_s=3600, ends_at=NOW + timedelta(minutes=5))
    cut = decide([ending], watchable(), Kind.REPLAY, NOW)
    assert isinstance(cut, Allowed)
    assert cut.window.end == NOW + timedelta(minutes=5)


def test_watching_live_never_uses_up_the_hours_of_the_replay() -> None:
    both = grant(play_window_s=60)
    answer = decide([both], watchable(), Kind.LIVE, NOW)
    assert answer == Allowed("grt_1", Window(NOW - HOUR, NOW + 2 * HOUR))


def test_a_grant_that_need_not_begin_its_hours_is_used_first() -> None:
    rental = grant(id="grt_1", play_window_s=3600 * 40)
    season_pass = grant(id="grt_2", ends_at=NOW + HOUR)
    chosen = decide([rental, season_pass], watchable(), Kind.REPLAY, NOW)
    assert isinstance(chosen, Allowed)
    assert chosen.grant_id == "grt_2"


moments = st.integers(-50, 50).map(lambda hours: NOW + hours * HOUR)
spans = st.tuples(moments, st.integers(1, 60)).map(
    lambda span: Window(span[0], span[0] + span[1] * HOUR)
)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    span = draw(spans)
    return grant(
        id=draw(st.sampled_from(["grt_1", "grt_2", "grt_3"])),
        scope_id=draw(st.sampled_from(["evt_1", "evt_2"])),
        starts_at=span.start,
        ends_at=span.end,
        opens_live=draw(st.booleans()),
        play_window_s=draw(st.none() | st.integers(1, 72).map(lambda hours: hours * 3600)),
        first_played_at=draw(st.none() | moments),
        state=draw(st.sampled_from(GrantState)),
    )


@given(st.lists(grants(), max_size=4), spans, moments, st.sampled_from(Kind))
def test_a_yes_lies_inside_every_limit_and_a_no_means_that_no_grant_allows(
    held: list[Grant], shown: Window, now: datetime, kind: Kind
) -> None:
    event: Watchable = watchable(live=shown, replay=shown)
    verdict = decide(held, event, kind, now)
    assert verdict == decide(reversed(held), event, kind, now)
    alone = [decide([one], event, kind, now) for one in held]
    if isinstance(verdict, Refused):
        assert not any(isinstance(one, Allowed) for one in alone)
        return
    window = verdict.window
    assert window.start <= now < window.end
    assert shown.start <= window.start
    assert window.end <= shown.end
    assert any(
        one.id == verdict.grant_id
        and one.state is GrantState.ACTIVE
        and one.starts_at <= now < one.ends_at
        and window.end <= one.ends_at
        for one in held
    )


@given(grants(), spans, moments, st.integers(0, 200))
def test_what_is_over_stays_over(held: Grant, shown: Window, now: datetime, hours: int) -> None:
    held.first_played_at = held.first_played_at or now
    event = watchable(replay=shown)
    first = decide([held], event, Kind.REPLAY, now)
    if isinstance(first, Refused) and first.code in {"over", "window"}:
        later = decide([held], event, Kind.REPLAY, now + hours * HOUR)
        assert isinstance(later, Refused)
        assert later.code in {"over", "window"}


@pytest.mark.parametrize("source", GrantState)
@pytest.mark.parametrize("target", GrantState)
async def test_grants_move_by_their_table_in_python_and_in_sql(
    database: Database, source: GrantState, target: GrantState
) -> None:
    one = grant(state=source)
    allowed = target in GRANT_TRANSITIONS[source]
    if allowed:
        one.move(target)
    else:
        with pytest.raises(BadTransition):
            one.move(target)
    async with database.transaction() as tx:
        (grant_id,) = await give(tx, [new_grant()], NOW)
        row = await tx.get_one(Grant, grant_id)
        for step in {"active": [], "suspended": ["suspended"], "revoked": ["revoked"]}[source]:
            row.move(GrantState(step))
        await tx.flush()
        moved = await change(tx, target, NOW, reason="test", grant_ids=[grant_id])
        assert moved == ([grant_id] if allowed else [])
        state = await tx.scalar(select(Grant.state).where(Grant.id == grant_id))
        assert state is (target if allowed else source)


async def test_one_part_of_an_order_gives_once(database: Database) -> None:
    async with database.transaction() as tx:
        ids = await give(tx, [new_grant(), new_grant(source_key="1:2")], NOW)
        assert len(set(ids)) == 2
        # Gifts of the house have no order and no such limit.
        gifts: list[NewGrant] = [new_grant(order_id=None, source_key="")] * 2
        assert len(await give(tx, gifts, NOW)) == 2
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await give(tx, [new_grant()], NOW)


async def test_a_set_first_play_never_moves_and_a_revoked_grant_never_plays(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        one, two = await give(tx, [new_grant(), new_grant(source_key="1:2")], NOW)
        await change(tx, GrantState.REVOKED, NOW, reason="refunded", grant_ids=[two])
    async with database.transaction() as tx:
        assert await start_first_play(tx, [one, two], NOW) == {one: NOW}
    async with database.transaction() as tx:
        assert await start_first_play(tx, [one], NOW + HOUR) == {one: NOW}
