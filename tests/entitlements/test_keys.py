"""Keys turn while tokens live: nobody is ever handed a token that a patient reader can't check."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import select

from entitlements.jwks import read_jwks
from entitlements.keys import (
    JWKS_MAX_AGE_S,
    KEPT_AFTER,
    PUBLISHED_AHEAD,
    KeyRing,
    drop,
    ensure_key,
    load_ring,
    rotate,
    turn,
)
from entitlements.tables import KEY_TRANSITIONS, KeyState, SigningKey
from entitlements.tokens import ENTITLEMENT_TYP, EntitlementClaims, mint_entitlement, verify
from infra.kernel.clock import epoch_s
from infra.kernel.db import Database
from infra.kernel.errors import BadTransition
from infra.kernel.seal import CannotUnseal, Sealer
from tests.entitlements.builders import ISSUER, NOW, SEALER

LIFE_S = 900


async def ring(database: Database) -> KeyRing:
    async with database.transaction() as tx:
        return await load_ring(tx, SEALER)


def mint(with_ring: KeyRing, now: datetime) -> str:
    issued = epoch_s(now)
    claims = EntitlementClaims(
        iss=ISSUER,
        aud="app",
        sub="cus_1",
        sid="s" * 22,
        evt="evt_1",
        cls="live",  # type: ignore[arg-type]
        win=(issued, issued + 60),
        iat=issued,
        nbf=issued - 30,
        exp=issued + LIFE_S,
    )
    return mint_entitlement(with_ring.signer, claims)


def accepted(token: str, jwks: str, now: datetime) -> bool:
    keys = read_jwks(jwks)
    verdict = verify(token, keys, audience="app", issuer=ISSUER, typ=ENTITLEMENT_TYP, now=now)
    return isinstance(verdict, dict)


async def test_a_reader_with_a_five_minute_old_jwks_accepts_every_living_token(
    database: Database,
) -> None:
    """Thirty hours, a rotation asked for in between, workers whose ring is up to a minute old."""
    async with database.transaction() as tx:
        await ensure_key(tx, SEALER, NOW)
    step = timedelta(seconds=JWKS_MAX_AGE_S // 2)
    cached: list[str] = []  # JWKS as they were at each step
    tokens: list[tuple[datetime, str]] = []
    kids = set()
    worker = await ring(database)
    now = NOW
    for number in range(30 * 24):
        now = NOW + number * step
        async with database.transaction() as tx:
            if number in (100, 101):
                await rotate(tx, SEALER, now)
            await turn(tx, SEALER, now)
        stale, worker = worker, await ring(database)
        cached.append(msgspec.json.encode(worker.jwks).decode())
        tokens.append((now, mint(stale, now)))
        tokens.append((now, mint(worker, now)))
        kids.add(worker.signer.kid)
        tokens = [(at, token) for at, token in tokens if now < at + timedelta(seconds=LIFE_S)]
        oldest = cached[max(0, number - 2)]
        assert all(accepted(token, oldest, now) for at, token in tokens), number
    assert len(kids) == 3


async def test_the_next_key_is_published_before_it_signs_and_the_last_kept_after(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        first = await ensure_key(tx, SEALER, NOW)
        published = (await rotate(tx, SEALER, NOW)).published
        assert (await rotate(tx, SEALER, NOW)).published == ""  # one waits already
    assert {key["kid"] for key in (await ring(database)).jwks["keys"]} == {first, published}
    assert (await ring(database)).signer.kid == first
    async with database.transaction() as tx:
        early = await turn(tx, SEALER, NOW + PUBLISHED_AHEAD - timedelta(seconds=1))
        assert early.active == ""
    turned = NOW + PUBLISHED_AHEAD
    async with database.transaction() as tx:
        assert (await turn(tx, SEALER, turned)).active == published
    assert (await ring(database)).signer.kid == published
    assert first in (await ring(database)).verifiers
    async with database.transaction() as tx:
        assert (await turn(tx, SEALER, turned + KEPT_AFTER)).retired == (first,)
        row = await tx.get_one(SigningKey, first)
        assert row.sealed == ""
    assert first not in (await ring(database)).verifiers


async def test_a_dropped_key_leaves_at_once_and_another_signs(database: Database) -> None:
    async with database.transaction() as tx:
        first = await ensure_key(tx, SEALER, NOW)
    old = mint(await ring(database), NOW)
    async with database.transaction() as tx:
        dropped = await drop(tx, SEALER, first, NOW)
        assert dropped.retired == (first,)
        assert (await drop(tx, SEALER, first, NOW)).retired == ()
    now_ring = await ring(database)
    assert now_ring.signer.kid == dropped.active != first
    assert not accepted(old, msgspec.json.encode(now_ring.jwks).decode(), NOW)


async def test_a_dropped_active_key_is_followed_by_the_one_that_waits(database: Database) -> None:
    async with database.transaction() as tx:
        first = await ensure_key(tx, SEALER, NOW)
        waiting = (await rotate(tx, SEALER, NOW)).published
        assert (await drop(tx, SEALER, first, NOW)).active == waiting


async def test_processes_that_start_and_rotate_together_make_one_key_each_time(
    database: Database,
) -> None:
    async def start() -> str:
        async with database.transaction() as tx:
            return await ensure_key(tx, SEALER, NOW)

    async def ask() -> None:
        async with database.transaction() as tx:
            await rotate(tx, SEALER, NOW)

    assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1
    await asyncio.gather(*(ask() for _ in range(4)))

    async def tick() -> None:
        async with database.transaction() as tx:
            await turn(tx, SEALER, NOW + PUBLISHED_AHEAD)

    await asyncio.gather(*(tick() for _ in range(4)))
    async with database.read() as tx:
        states = sorted(await tx.scalars(select(SigningKey.state)))
    assert states == [KeyState.ACTIVE, KeyState.PREVIOUS]


async def test_the_jwks_holds_public_members_only_and_the_table_no_plain_key(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        kid = await ensure_key(tx, SEALER, NOW)
        row = await tx.get_one(SigningKey, kid)
        (key,) = (await load_ring(tx, SEALER)).jwks["keys"]
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        with pytest.raises(CannotUnseal):
            await load_ring(tx, Sealer(b"another master secret, 32 bytes!"))
        with pytest.raises(CannotUnseal):
            SEALER.unseal(row.sealed, "entitlement signing key es0000000000")


@pytest.mark.parametrize("source", KeyState)
@pytest.mark.parametrize("target", KeyState)
def test_keys_move_by_their_table(source: KeyState, target: KeyState) -> None:
    row = SigningKey(id="es-1", state=source)
    if target in KEY_TRANSITIONS[source]:
        row.move(target)
        assert row.state is target
    else:
        with pytest.raises(BadTransition):
            row.move(target)
