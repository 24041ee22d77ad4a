"""Log-in sessions: opened by a proof, 30 days sliding, listed and ended by their owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import exists, insert, or_, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id, new_secret
from paywall.accounts.identify import SESSION_PREFIX, fingerprint
from paywall.accounts.principal import Principal
from paywall.accounts.proofs import Passkey
from paywall.accounts.tables import Account, ApiKey, AuthSession

LIFE: Final = timedelta(days=30)
STRONG: Final = timedelta(hours=12)
FRESH: Final = timedelta(minutes=10)
COARSE: Final = timedelta(hours=1)
"""How exactly "last used" is kept: a write an hour, not one a request."""


class Caller(msgspec.Struct, frozen=True):
    """Where a request comes from: for limits, and so that people recognise their sessions."""

    ip: str
    user_agent: str = ""


class OpenedSession(msgspec.Struct, frozen=True):
    """A session just opened. `secret` is shown only here; put it in a cookie."""

    secret: str
    session_id: str
    account_id: str
    expires_at: datetime
    strong: bool


class SessionView(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    current: bool


async def has_factor(tx: Tx, account_id: str) -> bool:
    """Whether the account has a passkey or a confirmed authenticator."""
    query = select(
        or_(
            exists().where(Passkey.account_id == account_id),
            exists().where(Account.id == account_id, Account.totp_confirmed_at.is_not(None)),
        )
    )
    return bool(await tx.scalar(query))


async def open_session(
    tx: Tx, account_id: str, now: datetime, *, strong: bool, user_agent: str = ""
) -> OpenedSession:
    """A new session in the caller's transaction. `strong`: a passkey or code was just given.

    A log-in is itself a fresh proof, unless the account has a stronger one that was not used.
    """
    secret = SESSION_PREFIX + new_secret()
    fresh = strong or not await has_factor(tx, account_id)
    opened = OpenedSession(secret, new_id("ses"), account_id, now + LIFE, strong)
    await tx.execute(
        insert(AuthSession).values(
            id=opened.session_id,
            secret_hash=fingerprint(secret),
            account_id=account_id,
            created_at=now,
            expires_at=opened.expires_at,
            last_seen_at=now,
            strong_until=now + STRONG if strong else None,
            fresh_until=now + FRESH if fresh else None,
            user_agent=user_agent[:200],
        )
    )
    return opened


async def mark_fresh(tx: Tx, session_id: str, now: datetime, *, strong: bool) -> datetime:
    """Note a proof given again in a running session; says until when it is fresh."""
    values: dict[str, datetime] = {"fresh_until": now + FRESH}
    if strong:
        values["strong_until"] = now + STRONG
    await tx.execute(update(AuthSession).where(AuthSession.id == session_id).values(values))
    return now + FRESH


async def end_sessions(tx: Tx, account_id: str, now: datetime, *, keep: str = "") -> int:
    """End every session of the account but `keep`; how many were ended."""
    ended = await tx.execute(
        update(AuthSession)
        .where(
            AuthSession.account_id == account_id,
            AuthSession.id != keep,
            AuthSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(AuthSession.id)
    )
    return len(ended.all())


async def touch(db: Database, principal: Principal, now: datetime) -> None:
    """Note that a session or key is in use and let the session live on; at most once an hour."""
    if principal.seen_at is not None and principal.seen_at > now - COARSE:
        return
    if principal.session_id:
        statement = (
            update(AuthSession)
            .where(AuthSession.id == principal.session_id, AuthSession.ended_at.is_(None))
            .values(last_seen_at=now, expires_at=now + LIFE)
        )
    elif principal.api_key_id:
        statement = update(ApiKey).where(ApiKey.id == principal.api_key_id).values(last_used_at=now)
    else:
        return
    async with db.transaction() as tx:
        await tx.execute(statement)


class Sessions:
    """What people may do with their own sessions."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, principal: Principal) -> list[SessionView]:
        """The running sessions of the caller's account, last used first."""
        principal.require_person()
        query = (
            select(AuthSession)
            .where(
                AuthSession.account_id == principal.account_id,
                AuthSession.ended_at.is_(None),
                AuthSession.expires_at > self._clock.machine(),
            )
            .order_by(AuthSession.last_seen_at.desc(), AuthSession.id.desc())
            .limit(200)
        )
        async with self._db.read() as tx:
            rows = (await tx.scalars(query)).all()
        return [
            SessionView(
                row.id,
                row.created_at,
                row.last_seen_at,
                row.expires_at,
                row.user_agent,
                current=row.id == principal.session_id,
            )
            for row in rows
        ]

    async def end(self, principal: Principal, session_id: str = "") -> None:
        """End one of the caller's sessions; without an id, the one that asks."""
        principal.require_person()
        async with self._db.transaction() as tx:
            ended = await tx.execute(
                update(AuthSession)
                .where(
                    AuthSession.id == (session_id or principal.session_id),
                    AuthSession.account_id == principal.account_id,
                    AuthSession.ended_at.is_(None),
                )
                .values(ended_at=self._clock.machine())
                .returning(AuthSession.id)
            )
            if ended.first() is None:
                raise NotFound("session")

    async def end_all(self, principal: Principal, *, keep_this: bool = False) -> int:
        """Sign out everywhere, or everywhere else."""
        principal.require_person()
        async with self._db.transaction() as tx:
            return await end_sessions(
                tx,
                principal.account_id,
                self._clock.machine(),
                keep=principal.session_id if keep_this else "",
            )
