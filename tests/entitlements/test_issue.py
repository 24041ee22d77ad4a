"""From a grant to an open door, and shut again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entitlements.denylist import Denylist
from entitlements.edge import Deny, Edge, Pass, Request
from entitlements.grants import Refused, give
from entitlements.issue import Admitted, IssueRequest, PlaybackAnswer, Terms, issue_many
from entitlements.ports import Kind, Window
from entitlements.sessions import Alive, Beat, Ended, beat, cut_silent, viewers_now, withdraw
from entitlements.tables import Transport
from entitlements.tokens import ENTITLEMENT_TYP, verify
from infra.kernel.db import Database
from tests.entitlements.builders import (
    HOUR,
    ISSUER,
    NOW,
    TERMS,
    edge_ring,
    issuer,
    key_ring,
    new_grant,
    request,
    watchable,
)

SEGMENT = "/ven_1/evt_1/live/v1/seg_00001.m4s"


async def let_in(
    database: Database, *requests: IssueRequest, terms: Terms = TERMS, now: Any = NOW
) -> list[Admitted | Refused]:
    async with database.transaction() as tx:
        return await issue_many(tx, requests, terms, now)


async def admitted(database: Database, **changes: Any) -> tuple[Admitted, PlaybackAnswer]:
    (answer,) = await let_in(database, request(**changes))
    assert isinstance(answer, Admitted)
    return answer, (await issuer(database)).answer(answer)


async def polled(database: Database, now: Any) -> Denylist:
    denylist = Denylist()
    async with database.read() as tx:
        await denylist.refresh(tx, now)
    return denylist


def ask(token: str, path: str = SEGMENT, *, transport: Transport = Transport.HEADER) -> Request:
    if transport is Transport.PATH:
        return Request(path=f"/media/t/{token}{path}")
    return Request(path=f"/media{path}", authorization=f"Bearer {token}")


@pytest.mark.parametrize("transport", list(Transport))
async def test_a_refund_closes_the_door_for_either_form_of_token(
    database: Database, transport: Transport
) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database, transport=transport)
    open_edge = Edge(edge_ring(), await polled(database, NOW))
    passed = open_edge.check(ask(answer.token, transport=transport), NOW)
    assert isinstance(passed, Pass)
    assert passed.path == SEGMENT

    later = NOW + timedelta(seconds=5)
    async with database.transaction() as tx:
        assert len(await withdraw(tx, later, later, reason="refunded", order_ids=["ord_1"])) == 1
        assert await withdraw(tx, later, later, reason="refunded", order_ids=["ord_1"]) == []
    shut = Edge(edge_ring(), await polled(database, later))
    assert shut.check(ask(answer.token, transport=transport), later) == Deny(403, "revoked")
    (again,) = await let_in(database, request(), now=later)
    assert isinstance(again, Refused)
    assert again.code == "revoked"


async def test_the_assertion_is_verified_with_nothing_but_the_jwks(database: Database) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database)
    ring = await key_ring(database)
    claims = verify(
        answer.entitlement,
        ring.verifiers,
        audience="entitlement",
        issuer=ISSUER,
        typ=ENTITLEMENT_TYP,
        now=NOW,
    )
    assert isinstance(claims, dict)
    assert (claims["sub"], claims["evt"], claims["sid"]) == ("cus_1", "evt_1", answer.session_id)


async def test_a_batch_answers_in_order_and_refuses_only_those_without_a_grant(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant(), new_grant(customer_id="cus_3", source_key="2:1")], NOW)
    answers = await let_in(
        database, *(request(customer_id=f"cus_{n}") for n in (1, 2, 3)), request()
    )
    assert [type(answer).__name__ for answer in answers] == [
        "Admitted",
        "Refused",
        "Admitted",
        "Admitted",
    ]
    async with database.read() as tx:
        assert await viewers_now(tx, ["evt_1"], NOW) == {"evt_1": 3}
        assert await viewers_now(tx, ["evt_1"], NOW + timedelta(seconds=150)) == {}


async def test_a_silent_client_is_cut_after_lease_and_grace(database: Database) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database, transport=Transport.PATH)
    async with database.transaction() as tx:
        assert await cut_silent(tx, NOW + timedelta(seconds=179)) == []
    late = NOW + timedelta(seconds=180)
    async with database.transaction() as tx:
        assert await cut_silent(tx, late) == [answer.session_id]
        assert await beat(tx, [Beat(sid=answer.session_id)], late) == [Ended("silent")]
    edge = Edge(edge_ring(), await polled(database, late))
    verdict = edge.check(ask(answer.token, transport=Transport.PATH), late)
    assert verdict == Deny(403, "revoked")


async def test_two_players_that_press_play_together_share_one_first_play(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant(play_window_s=3600, opens_live=False)], NOW)
    moments = [NOW + timedelta(seconds=n) for n in range(8)]
    answers = await asyncio.gather(
        *(let_in(database, request(kind=Kind.REPLAY), now=moment) for moment in moments)
    )
    ends = {answer.window.end for (answer,) in answers if isinstance(answer, Admitted)}
    assert len(ends) == 1
    (end,) = ends
    assert end - HOUR in moments
    (late,) = await let_in(database, request(kind=Kind.REPLAY), now=end)
    assert isinstance(late, Refused)
    assert late.code == "window"


async def test_a_header_token_is_renewed_in_the_second_half_of_its_life(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database)
    mint = await issuer(database)
    early, due = NOW + timedelta(seconds=60), NOW + timedelta(seconds=160)
    async with database.transaction() as tx:
        (first,) = await beat(tx, [Beat(sid=answer.session_id, token_exp=answer.exp)], early)
    assert isinstance(first, Alive)
    assert not first.renew
    async with database.transaction() as tx:
        (second,) = await beat(tx, [Beat(sid=answer.session_id, token_exp=answer.exp)], due)
    assert isinstance(second, Alive)
    assert second.renew
    renewed = mint.renewed(ISSUER, second, due)
    after_the_first = answer.exp + timedelta(seconds=30)
    edge = Edge(edge_ring(), await polled(database, due))
    assert edge.check(ask(answer.token), after_the_first) == Deny(401, "expired")
    assert isinstance(edge.check(ask(renewed.token), after_the_first), Pass)


@pytest.mark.parametrize("device_id", ["x" * 65, "a\0b", "é", "a\n"])
async def test_a_device_id_that_no_table_holds_refuses_its_own_request_only(
    database: Database, device_id: str
) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    bad, good = await let_in(database, request(device_id=device_id), request())
    assert isinstance(bad, Refused)
    assert bad.code == "device_id"
    assert isinstance(good, Admitted)


@pytest.mark.parametrize("transport", list(Transport))
async def test_tokens_live_as_their_transport_wants(
    database: Database, transport: Transport
) -> None:
    """Header: short and renewable. Path: the right's window and 30 minutes, at most six hours."""
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, live = await admitted(database, transport=transport)
    _, replay = await admitted(database, transport=transport, kind=Kind.REPLAY)
    if transport is Transport.HEADER:
        assert live.exp == replay.exp == NOW + timedelta(seconds=300)
        assert live.refresh_after is not None
        assert 150 <= live.refresh_after <= 240
        assert live.urls.hls == "https://cave.example/media/ven_1/evt_1/live/index.m3u8"
    else:
        assert live.exp == NOW + 2 * HOUR + timedelta(minutes=30)
        assert replay.exp == NOW + 6 * HOUR
        assert live.refresh_after is None
        folder = f"https://cave.example/media/t/{live.token}/ven_1/evt_1/live/"
        assert live.urls.hls == folder + "index.m3u8"


async def test_lives_can_be_shortened_and_header_tokens_never_outlive_the_right(
    database: Database,
) -> None:
    ends_at = NOW + timedelta(seconds=7)
    async with database.transaction() as tx:
        await give(tx, [new_grant(ends_at=ends_at)], NOW)
    terms = Terms(media_url="", api_url="", header_life_s=10, path_life_max_s=10)
    (header, path) = await let_in(
        database, request(), request(transport=Transport.PATH), terms=terms
    )
    assert isinstance(header, Admitted)
    assert isinstance(path, Admitted)
    assert header.token_until_at == ends_at
    assert path.token_until_at == NOW + timedelta(seconds=10)
    answer = (await issuer(database, terms)).answer(header)
    ring = await key_ring(database)
    at_the_end = verify(
        answer.entitlement,
        ring.verifiers,
        audience="entitlement",
        issuer=ISSUER,
        typ=ENTITLEMENT_TYP,
        now=ends_at,
    )
    assert getattr(at_the_end, "code", None) == "expired"


async def test_a_moved_business_clock_moves_windows_and_never_tokens(database: Database) -> None:
    """The venue's clock is a day ahead: its window is judged there, its tokens are real time."""
    ahead_s = 86_400
    tomorrow = NOW + timedelta(seconds=ahead_s)
    shown = Window(tomorrow - HOUR, tomorrow + HOUR / 30)
    moved = request(event=watchable(live=shown), clock_offset_s=ahead_s)
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    still, admitted_ahead = await let_in(database, request(event=watchable(live=shown)), moved)
    assert isinstance(still, Refused)
    assert still.code == "not_yet"
    assert still.opens_at == shown.start
    assert isinstance(admitted_ahead, Admitted)
    assert admitted_ahead.token_until_at == NOW + HOUR / 30
    answer = (await issuer(database)).answer(admitted_ahead)
    assert answer.window.until == shown.end
    edge = Edge(edge_ring(), await polled(database, NOW))
    assert isinstance(edge.check(ask(answer.token), NOW), Pass)


async def test_a_ticket_for_one_event_opens_no_other(database: Database) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database)
    edge = Edge(edge_ring(), await polled(database, NOW))
    other = "/ven_1/evt_2/live/v1/seg_00001.m4s"
    assert edge.check(ask(answer.token, other), NOW) == Deny(403, "prefix")
    (refused,) = await let_in(
        database, request(event=watchable(event_id="evt_2", path_prefix="/ven_1/evt_2/"))
    )
    assert isinstance(refused, Refused)
    assert refused.code == "not_bought"


async def test_tokens_name_the_person_by_a_pseudonym_of_the_event(database: Database) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant(), new_grant(scope_id="evt_2", source_key="2:1")], NOW)
    edge = Edge(edge_ring(), await polled(database, NOW))
    subjects = []
    for event_id in ("evt_1", "evt_1", "evt_2"):
        prefix = f"/ven_1/{event_id}/"
        _, answer = await admitted(database, event=watchable(event_id=event_id, path_prefix=prefix))
        passed = edge.check(ask(answer.token, f"{prefix}live/a.m4s"), NOW)
        assert isinstance(passed, Pass)
        subjects.append(passed.claims["sub"])
    assert subjects[0] == subjects[1] != subjects[2]
    assert "cus_1" not in "".join(subjects)


async def test_the_answer_has_the_members_that_apps_read(database: Database) -> None:
    async with database.transaction() as tx:
        await give(tx, [new_grant()], NOW)
    _, answer = await admitted(database)
    body = msgspec.json.decode(msgspec.json.encode(answer))
    assert set(body) == {
        "session_id",
        "urls",
        "transport",
        "token",
        "exp",
        "refresh_after",
        "heartbeat",
        "window",
        "entitlement",
    }
    assert set(body["heartbeat"]) == {"url", "interval_s", "jitter", "secret"}
    assert body["window"] == {"from": "2026-11-20T17:00:00Z", "until": "2026-11-20T20:00:00Z"}
    assert body["exp"] == "2026-11-20T18:05:00Z"
