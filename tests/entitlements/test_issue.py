"""From a grant to an open door, and shut again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from entitlements.denylist import Denylist
from entitlements.edge import Deny, Edge, Pass, Request
from entitlements.grants import Refused, give
from entitlements.issue import Admitted, IssueRequest, PlaybackAnswer, Terms, issue_many
from entitlements.ports import Kind
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
