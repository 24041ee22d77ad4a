"""From a cookie, bearer token or API key to a Principal. Reads only, one statement a caller."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.kernel.db import Tx, UTCDateTime
from paywall.accounts.principal import NOBODY, Principal
from paywall.accounts.roles import Permission, Role
from paywall.accounts.tables import Account, ApiKey, AuthSession, Membership
from paywall.catalogue.tables import Mode, Venue

SESSION_PREFIX: Final = "pws_"
KEY_PREFIX: Final = "pwk_"

# Built once: this runs on every request, and building a statement costs more than sending it.
_SESSION = (
    select(
        AuthSession.id,
        AuthSession.strong_until,
        AuthSession.fresh_until,
        Account.id,
        Account.email,
        Account.email_proven_at,
        Account.locale,
        AuthSession.last_seen_at,
        Membership.venue_id,
        Membership.role,
    )
    .join(Account, Account.id == AuthSession.account_id)
    .outerjoin(Membership, Membership.account_id == Account.id)
    .where(
        AuthSession.secret_hash == bindparam("hash"),
        AuthSession.ended_at.is_(None),
        AuthSession.expires_at > bindparam("now", type_=UTCDateTime()),
    )
)
_KEY = (
    select(ApiKey.id, ApiKey.venue_id, ApiKey.scopes, ApiKey.last_used_at, Venue.mode)
    .join(Venue, Venue.id == ApiKey.venue_id)
    .where(ApiKey.secret_hash == bindparam("hash"), ApiKey.revoked_at.is_(None))
)


def fingerprint(secret: str) -> str:
    """What is stored of a secret: SHA-256. Secrets carry 256 bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_prefix(mode: Mode) -> str:
    """How a key for a venue in this mode begins: pwk_test_ or pwk_live_."""
    return f"{KEY_PREFIX}{mode.value}_"


async def identify(tx: Tx | AsyncConnection, secret: str, now: datetime) -> Principal:
    """The holder of a session secret or API key; NOBODY for an unknown or ended one.

    A key made in the venue's other mode is unknown too (law 13). `now` is machine time.
    """
    if secret.startswith(SESSION_PREFIX):
        return await _by_session(tx, secret, now)
    if secret.startswith(KEY_PREFIX):
        return await _by_key(tx, secret)
    return NOBODY


async def _by_session(tx: Tx | AsyncConnection, secret: str, now: datetime) -> Principal:
    rows = (await tx.execute(_SESSION, {"hash": fingerprint(secret), "now": now})).all()
    if not rows:
        return NOBODY
    memberships: dict[str, frozenset[Role]] = {}
    for row in rows:
        if row[8] is not None:
            memberships[row[8]] = memberships.get(row[8], frozenset()) | {row[9]}
    session_id, strong_until, fresh_until, account_id, email, proven_at, locale, seen = rows[0][:8]
    return Principal(
        account_id=account_id,
        email=email,
        email_proven=proven_at is not None,
        session_id=session_id,
        strong=strong_until is not None and strong_until > now,
        fresh_until=fresh_until,
        memberships=memberships,
        locale=locale,
        seen_at=seen,
    )


async def _by_key(tx: Tx | AsyncConnection, secret: str) -> Principal:
    row = (await tx.execute(_KEY, {"hash": fingerprint(secret)})).first()
    if row is None:
        return NOBODY
    key_id, venue_id, scopes, used, mode = row
    if not secret.startswith(key_prefix(mode)):
        return NOBODY
    return Principal(
        api_key_id=key_id,
        key_venue_id=venue_id,
        key_scopes=frozenset(Permission(scope) for scope in scopes.split()),
        seen_at=used,
    )
