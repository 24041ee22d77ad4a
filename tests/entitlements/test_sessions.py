"""Sessions live by beats, end once, and take their tokens with them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from entitlements.denylist import Denylist, denials_since, purge_denials
from entitlements.grants import Refused, give
from entitlements.issue import Admitted, IssueRequest, issue_many
from entitlements.sessions import (
    Alive,
    Beat,
    BeatSecrets,
    Ended,
    beat,
    bump_epoch,
    cut_silent,
    revoke_sessions,
    stop,
    viewers_now,
    withdraw,
)
from entitlements.tables import Denial, GrantState, PlaybackSession, Transport
from infra.kernel.db import Database
from tests.entitlements.builders import NOW, SEALER, TERMS, issuer, new_grant, request


async def opened(database: Database, *requests: IssueRequest, now: datetime = NOW) -> list[str]:
    async with database.transaction() as tx:
        answers = await issue_many(tx, requests or [request()], TERMS, now)
    return [answer.sid for answer in answers if isinstance(answer, Admitted)]


@pytest.fixture
async def bought(database: Database) -> Database:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    return database


async def session(database: Database, sid: str) -> PlaybackSession:
    async with database.read() as tx:
        return await tx.get_one(PlaybackSession, sid)


async def beat_at(database: Database, seconds: float, *beats: Beat) -> list[Alive | Ended]:
    async with database.transaction() as tx:
        return await beat(tx, beats, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("claimed_s", "after_s", "counted_s"),
    [
        (50, 60, 50),
        (60, 60, 60),
        (10_000, 60, 62),
        (-5, 60, 0),
        (float("nan"), 60, 0),
        (float("inf"), 60, 0),
        (1e300, 60, 0),
        (60, 0, 2),
    ],
)
async def test_watching_time_never_exceeds_the_time_that_passed(
    bought: Database, claimed_s: float, after_s: float, counted_s: float
) -> None:
    (sid,) = await opened(bought)
    claim = Beat(sid=sid, watched_s=claimed_s, position_s=claimed_s)
    (answer,) = await beat_at(bought, after_s, claim)
    assert isinstance(answer, Alive)
    row = await session(bought, sid)
    assert row.watched_s == counted_s
    assert 0 <= row.position_s <= 1e7


async def test_a_beat_sent_again_counts_once_and_totals_never_shrink(bought: Database) -> None:
    (sid,) = await opened(bought)
    for seconds, total in ((60, 60), (60.1, 60), (120, 120), (121, 3)):
        await beat_at(bought, seconds, Beat(sid=sid, watched_s=total))
    assert (await session(bought, sid)).watched_s == 120


async def test_a_flood_of_lying_beats_gains_no_more_than_real_time(bought: Database) -> None:
    (sid,) = await opened(bought)
    for number in range(50):
        await beat_at(bought, number / 10, Beat(sid=sid, watched_s=1e6))
    assert (await session(bought, sid)).watched_s <= 4.9 + 2.0


async def test_what_watching_was_like_is_kept_within_what_can_be(bought: Database) -> None:
    (sid,) = await opened(bought)
    await beat_at(bought, 60, Beat(sid=sid, startup_ms=900, rebuffer_s=2.5))
    await beat_at(bought, 120, Beat(sid=sid, startup_ms=5, rebuffer_s=1.0))
    row = await session(bought, sid)
    assert (row.startup_ms, row.rebuffer_s, row.failed) == (900, 2.5, False)
    await beat_at(bought, 180, Beat(sid=sid, rebuffer_s=1e9, failed=True))
    row = await session(bought, sid)
    assert (row.rebuffer_s, row.failed) == (182, False)  # there was a picture


async def test_a_player_that_measures_nothing_leaves_it_unknown(bought: Database) -> None:
    (sid,) = await opened(bought)
    await beat_at(bought, 60, Beat(sid=sid, watched_s=30))
    row = await session(bought, sid)
    assert (row.startup_ms, row.rebuffer_s, row.failed) == (None, None, None)


@pytest.mark.parametrize("nonsense", [-1.0, float("nan"), float("inf"), 1e300])
async def test_nonsense_of_a_player_is_bounded(bought: Database, nonsense: float) -> None:
    (sid,) = await opened(bought)
    await beat_at(bought, 60, Beat(sid=sid, startup_ms=nonsense, rebuffer_s=nonsense))
    row = await session(bought, sid)
    assert row.startup_ms is not None
    assert 0 <= row.startup_ms <= 62_000
    assert row.rebuffer_s is not None
    assert 0 <= row.rebuffer_s <= 62


async def test_a_start_that_failed_stays_failed_until_a_picture_comes(bought: Database) -> None:
    (sid,) = await opened(bought)
    await beat_at(bought, 10, Beat(sid=sid, failed=True))
    await beat_at(bought, 20, Beat(sid=sid))
    assert (await session(bought, sid)).failed is True
    await beat_at(bought, 30, Beat(sid=sid, startup_ms=28_000))
    assert (await session(bought, sid)).failed is False


async def test_one_batch_answers_living_ended_and_unknown_sessions_in_order(
    bought: Database,
) -> None:
    living, ended = await opened(bought, request(), request())
    async with bought.transaction() as tx:
        assert await stop(tx, [ended, "nobody"], NOW) == [ended]
        assert await stop(tx, [ended], NOW) == []
    beats = [Beat(sid=sid) for sid in (ended, "nobody", living, living)]
    answers = await beat_at(bought, 60, *beats)
    assert answers[:2] == [Ended("stopped"), Ended("unknown")]
    assert all(isinstance(answer, Alive) for answer in answers[2:])


async def test_a_beat_keeps_the_lease_and_saves_a_session_from_being_cut(
    bought: Database,
) -> None:
    quiet, lively = await opened(bought, request(), request())
    for seconds in (60, 120, 180):
        await beat_at(bought, seconds, Beat(sid=lively))
    async with bought.transaction() as tx:
        assert await cut_silent(tx, NOW + timedelta(seconds=200)) == [quiet]
        assert await viewers_now(tx, ["evt_1"], NOW + timedelta(seconds=200)) == {"evt_1": 1}


async def test_the_right_ends_and_beats_say_so(bought: Database) -> None:
    (sid,) = await opened(bought)
    for seconds in range(100, 7200, 100):
        await beat_at(bought, seconds, Beat(sid=sid))
    (last,) = await beat_at(bought, 7199, Beat(sid=sid))
    assert isinstance(last, Alive)
    assert last.token_until_at == NOW + timedelta(seconds=7200)  # not a second beyond the right
    assert await beat_at(bought, 7200, Beat(sid=sid)) == [Ended("over")]


async def test_a_path_session_is_never_offered_another_token(bought: Database) -> None:
    (sid,) = await opened(bought, request(transport=Transport.PATH))
    (answer,) = await beat_at(bought, 160, Beat(sid=sid))
    assert isinstance(answer, Alive)
    assert not answer.renew


async def test_a_denial_lasts_exactly_as_long_as_the_last_token(bought: Database) -> None:
    header, path = await opened(bought, request(), request(transport=Transport.PATH))
    (renewed,) = await beat_at(bought, 170, Beat(sid=header))
    assert isinstance(renewed, Alive)
    at = NOW + timedelta(seconds=171)
    async with bought.transaction() as tx:
        ended = await revoke_sessions(tx, at, reason="staff", customer_ids=["cus_1"])
        assert sorted(ended) == sorted([header, path])
    async with bought.read() as tx:
        until = {row.id: row.until_at for row in await tx.scalars(select(Denial))}
    assert until == {
        header: NOW + timedelta(seconds=170 + 300),
        path: NOW + timedelta(seconds=2 * 3600 + 1800),
    }


async def test_a_suspended_grant_closes_the_door_and_can_be_opened_again(
    bought: Database,
) -> None:
    (sid,) = await opened(bought)
    async with bought.transaction() as tx:
        (grant_id,) = await withdraw(
            tx, NOW, NOW, to=GrantState.SUSPENDED, reason="disputed", order_ids=["ord_1"]
        )
    assert await beat_at(bought, 10, Beat(sid=sid)) == [Ended("disputed")]
    async with bought.transaction() as tx:
        (refused,) = await issue_many(tx, [request()], TERMS, NOW)
        assert isinstance(refused, Refused)
        assert refused.code == "suspended"
        moved = await withdraw(
            tx, NOW, NOW, to=GrantState.ACTIVE, reason="dispute won", grant_ids=[grant_id]
        )
        assert moved == [grant_id]
    assert len(await opened(bought)) == 1


async def test_a_refund_racing_with_players_leaves_no_open_session(bought: Database) -> None:
    async def refund() -> None:
        async with bought.transaction() as tx:
            await withdraw(tx, NOW, NOW, reason="refunded", order_ids=["ord_1"])

    players = [opened(bought) for _ in range(12)]
    outcomes = await asyncio.gather(*players[:6], refund(), *players[6:])
    async with bought.read() as tx:
        still_open = select(PlaybackSession.id).where(PlaybackSession.ended_at.is_(None))
        assert list(await tx.scalars(still_open)) == []
        denied = set(await tx.scalars(select(Denial.id)))
    assert denied == {sid for outcome in outcomes if outcome for sid in outcome}


async def test_a_beat_racing_with_a_stop_never_brings_a_session_back(bought: Database) -> None:
    (sid,) = await opened(bought)

    async def end() -> None:
        async with bought.transaction() as tx:
            await stop(tx, [sid], NOW + timedelta(seconds=60))

    await asyncio.gather(*(beat_at(bought, 60, Beat(sid=sid)) for _ in range(4)), end())
    row = await session(bought, sid)
    assert row.ended_reason == "stopped"
    async with bought.transaction() as tx:
        assert await cut_silent(tx, NOW + timedelta(days=1)) == []


async def test_a_bumped_epoch_reaches_edges_new_sessions_and_renewals(bought: Database) -> None:
    (sid,) = await opened(bought)
    async with bought.transaction() as tx:
        assert await bump_epoch(tx, "ven_1", "evt_1") == 1
    (alive,) = await beat_at(bought, 5, Beat(sid=sid))  # refused at the edge, so no token_exp
    assert isinstance(alive, Alive)
    assert alive.renew
    assert alive.min_epoch == 1
    async with bought.transaction() as tx:
        (fresh,) = await issue_many(tx, [request()], TERMS, NOW)
    assert isinstance(fresh, Admitted)
    assert fresh.epoch == 1
    denylist = Denylist()
    async with bought.read() as tx:
        await denylist.refresh(tx, NOW)
    assert (denylist.min_epoch("evt_1"), denylist.min_epoch("evt_2")) == (1, 0)


async def test_crowds_of_beats_stops_refunds_and_cuts_never_deadlock(database: Database) -> None:
    """Batches in opposite orders over the same sessions and grants, all at once."""
    people = [f"cus_{number}" for number in range(12)]
    async with database.transaction() as tx:
        for n, customer_id in enumerate(people):
            both = [
                new_grant(customer_id=customer_id, order_id=f"ord_{n}", source_key=key)
                for key in ("1:1", "1:2")
            ]
            await give(tx, both, NOW)
    sids = await opened(database, *(request(customer_id=person) for person in people))
    silent = NOW + timedelta(seconds=180)

    async def beats(order: list[str]) -> None:
        await beat_at(database, 179, *(Beat(sid=sid) for sid in order))

    async def refund(orders: list[str]) -> None:
        async with database.transaction() as tx:
            await withdraw(tx, silent, silent, reason="refunded", order_ids=orders)

    async def cut() -> None:
        async with database.transaction() as tx:
            await cut_silent(tx, silent)

    async def let_in(order: list[str]) -> None:
        await opened(database, *(request(customer_id=person) for person in order), now=silent)

    orders = [f"ord_{n}" for n in range(6)]
    await asyncio.gather(
        *(
            step
            for _ in range(3)
            for step in (
                beats(sids),
                beats(sids[::-1]),
                refund(orders),
                refund(orders[::-1]),
                cut(),
                let_in(people),
                let_in(people[::-1]),
            )
        )
    )
    async with database.read() as tx:
        open_now = select(PlaybackSession.customer_id).where(PlaybackSession.ended_at.is_(None))
        assert set(await tx.scalars(open_now)) == set(people[6:])


def test_a_beat_secret_fits_its_own_session_only() -> None:
    secrets = BeatSecrets(SEALER)
    assert secrets.fits("a" * 22, secrets.of("a" * 22))
    for wrong in ("", "é", "\ud800", secrets.of("b" * 22), secrets.of("a" * 22) + "="):
        assert not secrets.fits("a" * 22, wrong)


async def test_the_beat_secret_of_the_answer_is_the_one_that_fits(bought: Database) -> None:
    async with bought.transaction() as tx:
        (admitted,) = await issue_many(tx, [request()], TERMS, NOW)
    assert isinstance(admitted, Admitted)
    mint = await issuer(bought)
    answer = mint.answer(admitted)
    assert mint.beat_secret_fits(answer.session_id, answer.heartbeat.secret)


async def test_a_denylist_denies_everybody_before_its_first_poll() -> None:
    assert Denylist().denies("anybody")
    assert Denylist().age(NOW) is None


async def test_a_denial_that_commits_late_is_still_found(database: Database) -> None:
    """Its row was stamped before a poll that could not see it yet."""
    denylist = Denylist()
    async with database.read() as tx:
        await denylist.refresh(tx, NOW)
    async with database.transaction() as tx:
        stamped = NOW - timedelta(seconds=15)
        until = NOW + timedelta(hours=1)
        tx.add(Denial(id="late", venue_id="ven_1", until_at=until, created_at=stamped))
    assert not denylist.denies("late")
    async with database.read() as tx:
        await denylist.refresh(tx, NOW + timedelta(seconds=1))
    assert denylist.denies("late")
    assert denylist.age(NOW + timedelta(seconds=3)) == timedelta(seconds=2)


async def test_denials_whose_tokens_are_dead_are_neither_read_nor_kept(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        for number in range(1500):
            until = NOW + timedelta(seconds=1 if number else 7200)
            tx.add(Denial(id=f"{number}", venue_id="ven_1", until_at=until, created_at=NOW))
    denylist = Denylist()
    async with database.read() as tx:
        denylist.apply(await denials_since(tx, None, NOW))
    assert denylist.size == 1500
    async with database.read() as tx:
        denylist.apply(await denials_since(tx, NOW, NOW + timedelta(hours=1)))
    assert denylist.size == 1
    assert denylist.denies("0")
    async with database.transaction() as tx:
        assert await purge_denials(tx, NOW + timedelta(seconds=61)) == 1499
