"""A venue's API keys: made and shown once, listed by their first characters, revoked at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import delete, func, insert, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.ids import new_id, new_secret
from paywall.accounts.audit import record
from paywall.accounts.identify import fingerprint, key_prefix
from paywall.accounts.principal import Principal
from paywall.accounts.roles import API_KEY_SCOPES, Permission
from paywall.accounts.tables import ApiKey
from paywall.catalogue.tables import Venue

PER_VENUE: Final = 100


class ApiKeyView(msgspec.Struct, frozen=True):
    id: str
    name: str
    shown: str
    scopes: list[Permission]
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKey(msgspec.Struct, frozen=True):
    """`secret` is shown only here."""

    key: ApiKeyView
    secret: str


class ApiKeys:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        venue_id: str,
        name: str,
        scopes: Iterable[Permission],
        *,
        key_id: str = "",
    ) -> NewApiKey:
        """A key for the venue's present mode; it ends when the venue goes live (law 13).

        With a `key_id` it can be repeated: a key whose secret nobody saw, as the process died
        before it answered, is replaced.
        """
        now = self._clock.machine()
        principal.require(Permission.KEYS_MANAGE, venue_id, now=now)
        name = name.strip()
        if not 1 <= len(name) <= 80:
            raise Invalid("name", "Give the key a name of 1 to 80 characters.")
        chosen = sorted(set(scopes))
        _check_scopes(principal, venue_id, chosen)
        async with self._db.transaction() as tx:
            mode = await tx.scalar(select(Venue.mode).where(Venue.id == venue_id))
            if mode is None:
                raise NotFound("venue")
            running = await tx.scalar(
                select(func.count()).where(ApiKey.venue_id == venue_id, ApiKey.revoked_at.is_(None))
            )
            if (running or 0) >= PER_VENUE:
                raise Conflict(
                    f"A venue has at most {PER_VENUE} keys. Revoke one first.", code="too_many_keys"
                )
            if key_id:
                await tx.execute(
                    delete(ApiKey).where(ApiKey.id == key_id, ApiKey.venue_id == venue_id)
                )
            secret = key_prefix(mode) + new_secret()
            key = ApiKeyView(
                id=key_id or new_id("key"),
                name=name,
                shown=secret[: len(key_prefix(mode)) + 4],
                scopes=chosen,
                created_by=principal.actor,
                created_at=now,
                last_used_at=None,
                revoked_at=None,
            )
            await tx.execute(
                insert(ApiKey).values(
                    id=key.id,
                    venue_id=venue_id,
                    name=name,
                    secret_hash=fingerprint(secret),
                    shown=key.shown,
                    scopes=" ".join(scope.value for scope in chosen),
                    created_by=key.created_by,
                    created_at=now,
                )
            )
            await record(
                tx,
                venue_id=venue_id,
                actor=principal.actor,
                action="api_key.created",
                subject=key.id,
                data={"scopes": [scope.value for scope in chosen]},
                now=now,
            )
        return NewApiKey(key, secret)

    async def of(self, principal: Principal, venue_id: str) -> list[ApiKeyView]:
        """Every key of the venue, newest first, revoked ones too."""
        now = self._clock.machine()
        principal.require(Permission.KEYS_MANAGE, venue_id, now=now, reading=True)
        query = (
            select(ApiKey).where(ApiKey.venue_id == venue_id).order_by(ApiKey.id.desc()).limit(500)
        )
        async with self._db.read() as tx:
            return [_view(row) for row in await tx.scalars(query)]

    async def revoke(self, principal: Principal, venue_id: str, key_id: str) -> None:
        """The key stops at its next request. Revoking twice changes nothing."""
        now = self._clock.machine()
        principal.require(Permission.KEYS_MANAGE, venue_id, now=now)
        async with self._db.transaction() as tx:
            ours = (ApiKey.id == key_id, ApiKey.venue_id == venue_id)
            revoked = await tx.execute(
                update(ApiKey)
                .where(*ours, ApiKey.revoked_at.is_(None))
                .values(revoked_at=now)
                .returning(ApiKey.id)
            )
            if revoked.first() is None:
                if not await tx.scalar(select(func.count()).where(*ours)):
                    raise NotFound("API key")
                return
            await record(
                tx,
                venue_id=venue_id,
                actor=principal.actor,
                action="api_key.revoked",
                subject=key_id,
                data={},
                now=now,
            )


def _check_scopes(principal: Principal, venue_id: str, scopes: list[Permission]) -> None:
    if not scopes:
        raise Invalid("scopes", "Choose at least one scope.")
    for scope in scopes:
        if scope not in API_KEY_SCOPES:
            known = ", ".join(sorted(API_KEY_SCOPES))
            raise Invalid("scopes", f"A key can't have {scope.value}; possible are {known}.")
        if not principal.may(scope, venue_id):
            raise Invalid("scopes", f"You can't give {scope.value}: your own role lacks it.")


def _view(row: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        row.id,
        row.name,
        row.shown,
        [Permission(scope) for scope in row.scopes.split()],
        row.created_by,
        row.created_at,
        row.last_used_at,
        row.revoked_at,
    )
