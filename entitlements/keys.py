"""The installation's ES256 signing keys: made, published, used, kept and retired, in that order.

One ring for the installation: the process that holds one venue's key would hold them all, so
keys per venue would separate nothing; the `iss` claim tells venues apart. Machine time only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import ECAlgorithm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from entitlements.jose import Signer, VerifyKey
from entitlements.tables import KeyState, SigningKey
from entitlements.tokens import ENTITLEMENT_TYP, PROFILES
from infra.kernel.db import Tx
from infra.kernel.seal import Sealer

JWKS_MAX_AGE_S = 300
PUBLISHED_AHEAD = timedelta(seconds=600)
"""A key is in the JWKS this long before it signs: two lives of a cached JWKS."""
KEPT_AFTER = timedelta(seconds=PROFILES[ENTITLEMENT_TYP].max_life_s + 600)
"""A key stays in the JWKS this long after it stopped signing: the longest T1 and a margin for
web workers that still hold the ring they loaded before the turn."""
LIFE = timedelta(hours=24)

_PURPOSE = "entitlement signing key "


class KeyRing(msgspec.Struct, frozen=True):
    """What one process needs of the keys, loaded once and replaced when it is a minute old."""

    signer: Signer
    verifiers: Mapping[str, VerifyKey]
    jwks: dict[str, Any]
    """The public keys as a JWKS; serve it with `Cache-Control: max-age=300`."""


class Turned(msgspec.Struct, frozen=True):
    """What a rotation step did: kids by what became of them. Empty when nothing was due."""

    published: str = ""
    active: str = ""
    retired: tuple[str, ...] = ()


async def load_ring(tx: Tx, sealer: Sealer) -> KeyRing:
    """The ring as it stands. `ensure_key` must have run once in the installation's life."""
    rows = await _rows(tx)
    active = next((row for row in rows if row.state is KeyState.ACTIVE), None)
    assert active is not None, "no signing key is active; run ensure_key at start"
    private = load_der_private_key(sealer.unseal(active.sealed, _PURPOSE + active.id), None)
    jwks = [msgspec.json.decode(row.public_jwk) for row in rows]
    verifiers = {
        jwk["kid"]: VerifyKey(jwk["kid"], "ES256", ECAlgorithm.from_jwk(jwk)) for jwk in jwks
    }
    return KeyRing(Signer(active.id, "ES256", private), verifiers, {"keys": jwks})


async def ensure_key(tx: Tx, sealer: Sealer, now: datetime) -> str:
    """The active key's kid; makes one that is used at once when the installation has none."""
    for known in await _rows(tx):
        if known.state is KeyState.ACTIVE:
            return known.id
    row = _new_key(sealer, now, KeyState.ACTIVE)
    row.usable_at = row.active_at = now
    if await _added(tx, row):
        return row.id
    return await ensure_key(tx, sealer, now)


async def rotate(tx: Tx, sealer: Sealer, now: datetime) -> Turned:
    """Ask for a new key now: publishes the next one, which `turn` puts to use ten minutes later.

    Asking again while one is waiting changes nothing.
    """
    if any(row.state is KeyState.NEXT for row in await _rows(tx)):
        return await turn(tx, sealer, now)
    row = _new_key(sealer, now, KeyState.NEXT)
    return Turned(published=row.id) if await _added(tx, row) else Turned()


async def turn(tx: Tx, sealer: Sealer, now: datetime) -> Turned:
    """Whatever is due: the worker calls this each minute. Late or doubled calls do no harm.

    A published key that has waited long enough becomes active and the active one previous;
    previous keys whose time is over are retired; a day-old active key gets a successor published.
    """
    rows = await _rows(tx, lock=True)
    active = next((row for row in rows if row.state is KeyState.ACTIVE), None)
    coming = next((row for row in rows if row.state is KeyState.NEXT), None)
    retired = await _retire_over(tx, rows, now)
    if coming is not None and now >= coming.usable_at:
        if active is not None:
            active.move(KeyState.PREVIOUS)
            active.drop_at = now + KEPT_AFTER
            await tx.flush()  # the two states are unique: the old one leaves first
        coming.move(KeyState.ACTIVE)
        coming.active_at = now
        await tx.flush()
        return Turned(active=coming.id, retired=retired)
    if coming is None and active is not None and now >= (active.active_at or now) + LIFE:
        successor = _new_key(sealer, now, KeyState.NEXT)
        if await _added(tx, successor):
            return Turned(published=successor.id, retired=retired)
    return Turned(retired=retired)


async def drop(tx: Tx, sealer: Sealer, kid: str, now: datetime) -> Turned:
    """A key leaked: out of the JWKS at once, whatever its state; a new one signs at once.

    The waiting key takes over if there is one, as verifiers may know it already; else a fresh
    one, which they learn when they fetch the JWKS again. Until then (five minutes at most) they
    also still trust the dropped key: that is the price of not waiting.
    """
    rows = await _rows(tx, lock=True)
    row = next((row for row in rows if row.id == kid), None)
    if row is None:
        return Turned()
    coming = next((row for row in rows if row.state is KeyState.NEXT), None)
    was_active = row.state is KeyState.ACTIVE
    row.move(KeyState.RETIRED)
    row.sealed = ""
    await tx.flush()
    if was_active and coming is not None:
        coming.move(KeyState.ACTIVE)
        coming.active_at = now
        await tx.flush()
    return Turned(active=await ensure_key(tx, sealer, now), retired=(kid,))


async def _rows(tx: Tx, *, lock: bool = False) -> Sequence[SigningKey]:
    query = (
        select(SigningKey)
        .where(SigningKey.state != KeyState.RETIRED)
        .order_by(SigningKey.published_at, SigningKey.id)
    )
    return (await tx.scalars(query.with_for_update() if lock else query)).all()


async def _added(tx: Tx, row: SigningKey) -> bool:
    """False when another process added its key for this state first."""
    try:
        async with tx.begin_nested():
            tx.add(row)
            await tx.flush()
    except IntegrityError:
        return False
    return True


async def _retire_over(tx: Tx, rows: Sequence[SigningKey], now: datetime) -> tuple[str, ...]:
    over = [
        row
        for row in rows
        if row.state is KeyState.PREVIOUS and row.drop_at is not None and now >= row.drop_at
    ]
    for row in over:
        row.move(KeyState.RETIRED)
        row.sealed = ""
    await tx.flush()
    return tuple(row.id for row in over)


def _new_key(sealer: Sealer, now: datetime, state: KeyState) -> SigningKey:
    kid = "es" + secrets.token_hex(5)
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    public |= {"kid": kid, "alg": "ES256", "use": "sig"}
    return SigningKey(
        id=kid,
        state=state,
        sealed=sealer.seal(der, _PURPOSE + kid),
        public_jwk=msgspec.json.encode(public).decode(),
        published_at=now,
        usable_at=now + PUBLISHED_AHEAD,
    )
