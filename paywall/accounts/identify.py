"""From a cookie, bearer token or API key to a Principal. Reads only."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.accounts.principal import NOBODY, Principal
from paywall.accounts.roles import Permission, Role
from paywall.accounts.tables import Account, ApiKey, AuthSession, Membership

SESSION_PREFIX = "pws_"
KEY_PREFIX = "pwk_"


def fingerprint(secret: str) -> str:
    """What is stored of a secret: SHA-256. Secrets carry 256 bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def identify(tx: Tx, secret: str, now: datetime) -> Principal:
    """The holder of a session secret or API key; NOBODY for an unknown or ended one.

    `now` is machine time.
    """
    if secret.startswith(KEY_PREFIX):
        return await _by_key(tx, secret)
    if secret.startswith(SESSION_PREFIX):
        return await _by_session(tx, secret, now)
    return NOBODY


async def _by_session(tx: Tx, secret: str, now: datetime) -> Principal:
    query = (
        select(
            AuthSession.id,
            AuthSession.strong,
            AuthSession.fresh_until,
            Account.id,
            Account.email,
            Account.email_proven_at,
            Account.locale,
            Membership.venue_id,
            Membership.role,
        )
        .join(Account, Account.id == AuthSession.account_id)
        .outerjoin(Membership, Membership.account_id == Account.id)
        .where(
            AuthSession.secret_hash == fingerprint(secret),
            AuthSession.ended_at.is_(None),
            AuthSession.expires_at > now,
        )
    )
    rows = (await tx.execute(query)).all()
    if not rows:
        return NOBODY
    memberships: dict[str, frozenset[Role]] = {}
    for row in rows:
        if row[7] is not None:
            memberships[row[7]] = memberships.get(row[7], frozenset()) | {row[8]}
    session_id, strong, fresh_until, account_id, email, proven_at, locale = rows[0][:7]
    return Principal(
        account_id=account_id,
        email=email,
        email_proven=proven_at is not None,
        session_id=session_id,
        strong=strong,
        fresh_until=fresh_until,
        memberships=memberships,
        locale=locale,
    )


async def _by_key(tx: Tx, secret: str) -> Principal:
    key = await tx.scalar(
        select(ApiKey).where(ApiKey.secret_hash == fingerprint(secret), ApiKey.revoked_at.is_(None))
    )
    if key is None:
        return NOBODY
    return Principal(
        api_key_id=key.id,
        key_venue_id=key.venue_id,
        key_scopes=frozenset(Permission(scope) for scope in key.scopes.split()),
    )
