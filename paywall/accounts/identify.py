"""From a cookie, bearer token or API key to a Principal. Reads only.

This runs on every request, so callers that wait together are read in one statement a kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx, UTCDateTime, padded
from infra.kernel.group import GroupCommit
from paywall.accounts.principal import NOBODY, Principal
from paywall.accounts.roles import Permission, Role
from paywall.accounts.tables import Account, ApiKey, AuthSession, Membership
from paywall.catalogue.tables import Mode, Venue

SESSION_PREFIX: Final = "pws_"
KEY_PREFIX: Final = "pwk_"

# A newer or older version beside this one may have written others, which must give nothing here
# and must not fail the crowd that is identified together.
_KNOWN: Final = frozenset(permission.value for permission in Permission)

# Built once: building a statement costs more than sending it.
_HASHES: BindParameter[str] = bindparam("hashes", expanding=True)
_SESSIONS = (
    select(
        AuthSession.secret_hash,
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
        AuthSession.secret_hash.in_(_HASHES),
        AuthSession.ended_at.is_(None),
        AuthSession.expires_at > bindparam("now", type_=UTCDateTime()),
    )
)
_KEYS = (
    select(
        ApiKey.secret_hash,
        ApiKey.id,
        ApiKey.venue_id,
        ApiKey.scopes,
        ApiKey.last_used_at,
        Venue.mode,
    )
    .join(Venue, Venue.id == ApiKey.venue_id)
    .where(ApiKey.secret_hash.in_(_HASHES), ApiKey.revoked_at.is_(None))
)


def fingerprint(secret: str) -> str:
    """What is stored of a secret: SHA-256. Secrets carry 256 bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_prefix(mode: Mode) -> str:
    """How a key for a venue in this mode begins: pwk_test_ or pwk_live_."""
    return f"{KEY_PREFIX}{mode.value}_"


class Identities:
    """Who callers are. One per process; keeps only who is waiting to be known."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._group: GroupCommit[str, Principal] = GroupCommit(self._identify, max_size=128)

    async def of(self, secret: str) -> Principal:
        """The holder of a session secret or API key, as the database says after this call."""
        if not secret.startswith((SESSION_PREFIX, KEY_PREFIX)):
            return NOBODY
        return await self._group.submit(secret)

    async def _identify(self, secrets: Sequence[str]) -> list[Principal | Exception]:
        async with self._db.glance() as reader:
            found = await identify(reader, secrets, self._clock.machine())
        return [found.get(secret, NOBODY) for secret in secrets]


async def identify(
    reader: Tx | AsyncConnection, secrets: Sequence[str], now: datetime
) -> dict[str, Principal]:
    """The holders of session secrets and API keys; unknown and ended ones are left out.

    A key made in the venue's other mode is unknown too (law 13). `now` is machine time.
    """
    by_hash = {fingerprint(secret): secret for secret in secrets}
    sessions = [h for h, secret in by_hash.items() if secret.startswith(SESSION_PREFIX)]
    keys = [h for h, secret in by_hash.items() if secret.startswith(KEY_PREFIX)]
    found: dict[str, Principal] = {}
    if sessions:
        rows = await reader.execute(_SESSIONS, {"hashes": padded(sessions), "now": now})
        together: dict[str, list[Any]] = {}
        for row in rows:
            together.setdefault(row[0], []).append(row[1:])
        found |= {by_hash[h]: _person(rows, now) for h, rows in together.items()}
    if keys:
        holders = await reader.execute(_KEYS, {"hashes": padded(keys)})
        for hashed, key_id, venue_id, scopes, used, mode in holders:
            secret = by_hash[hashed]
            if secret.startswith(key_prefix(mode)):
                found[secret] = Principal(
                    api_key_id=key_id,
                    key_venue_id=venue_id,
                    key_scopes=frozenset(map(Permission, _KNOWN & set(scopes.split()))),
                    seen_at=used,
                )
    return found


def _person(rows: Sequence[Any], now: datetime) -> Principal:
    """One session's rows, one for each membership of its account."""
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
