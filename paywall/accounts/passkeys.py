"""Passkeys: WebAuthn registration and log-in with discoverable credentials and user verification.

What the browser and the authenticator say is made and checked in `ceremonies`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import delete, func, insert, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from infra.kernel.ids import new_id
from paywall.accounts.changed import tell_changed
from paywall.accounts.limits import CEREMONY_PER_NETWORK, enforce, network
from paywall.accounts.ports import Limiter, Notices
from paywall.accounts.principal import Principal
from paywall.accounts.proofs import Challenge, Passkey
from paywall.accounts.sessions import Caller, OpenedSession, mark_fresh, open_session

if TYPE_CHECKING:
    from paywall.accounts.ceremonies import Answered

CEREMONY: Final = timedelta(minutes=5)
PER_ACCOUNT: Final = 20


class RelyingParty(msgspec.Struct, frozen=True):
    """Who we are to an authenticator: a domain, the name it shows, and where pages may be.

    Apps add their own origins, such as "android:apk-key-hash:...".
    """

    id: str
    name: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, public_url: str, name: str, *more_origins: str) -> RelyingParty:
        parts = urlsplit(public_url)
        assert parts.hostname is not None, "the public URL names a host"
        return cls(parts.hostname, name, (f"{parts.scheme}://{parts.netloc}", *more_origins))


class Ceremony(msgspec.Struct, frozen=True):
    """`public_key` goes to navigator.credentials; `id` comes back with the answer."""

    id: str
    public_key: dict[str, Any]


class PasskeyView(msgspec.Struct, frozen=True):
    id: str
    name: str
    synced: bool
    created_at: datetime
    last_used_at: datetime | None


class Passkeys:
    """Add and remove one's passkeys; sign in with one; confirm with one that it is still you."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        limiter: Limiter,
        notices: Notices,
        party: RelyingParty,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._notices = notices
        self._party = party

    async def begin_registration(self, principal: Principal) -> Ceremony:
        """Options for navigator.credentials.create, for a freshly proven person."""
        from paywall.accounts import ceremonies  # on first use: it is large

        now = self._clock.machine()
        principal.require_proven()
        principal.require_fresh(now)
        async with self._db.transaction() as tx:
            query = select(Passkey.credential_id).where(Passkey.account_id == principal.account_id)
            known = (await tx.scalars(query)).all()
            if len(known) >= PER_ACCOUNT:
                raise Conflict(
                    f"An account holds at most {PER_ACCOUNT} passkeys. Remove one first.",
                    code="too_many_passkeys",
                )
            options = ceremonies.creation_options(
                rp_id=self._party.id,
                rp_name=self._party.name,
                user_name=principal.email,
                # The id is random and says nothing about the person.
                user_id=principal.account_id.encode(),
                known=known,
            )
            ceremony = await self._begin(
                tx, "registration", principal.session_id, options.challenge, now
            )
        return Ceremony(ceremony, options.public_key)

    async def finish_registration(
        self, principal: Principal, ceremony: str, credential: dict[str, Any], *, name: str
    ) -> PasskeyView:
        """Keep the new passkey. It was just used, so this session is strong and fresh."""
        now = self._clock.machine()
        principal.require_proven()
        principal.require_fresh(now)
        challenge = await self._spend(ceremony, "registration", principal.session_id, now)
        from paywall.accounts import ceremonies  # on first use: it is large

        try:
            created = ceremonies.verify_created(
                credential, challenge, rp_id=self._party.id, origins=self._party.origins
            )
        except ceremonies.NotVerified as error:
            raise Invalid(
                "credential",
                "The passkey could not be verified. Start again.",
                code="passkey_refused",
            ) from error
        view = PasskeyView(
            id=new_id("pk"),
            name=name.strip()[:80] or "Passkey",
            synced=created.synced,
            created_at=now,
            last_used_at=None,
        )
        async with self._db.transaction() as tx:
            taken = await tx.scalar(
                select(func.count()).where(Passkey.credential_id == created.credential_id)
            )
            if taken:
                raise Conflict("This passkey is in use already.", code="passkey_taken")
            await tx.execute(
                insert(Passkey).values(
                    id=view.id,
                    account_id=principal.account_id,
                    credential_id=created.credential_id,
                    public_key=created.public_key,
                    sign_count=created.sign_count,
                    name=view.name,
                    synced=view.synced,
                    created_at=now,
                )
            )
            await mark_fresh(tx, principal.session_id, now, strong=True)
            await tell_changed(tx, self._notices, principal, "passkey_added", now, passkey=view.id)
        return view

    async def begin_login(self, caller: Caller) -> Ceremony:
        """Options for navigator.credentials.get; the same for everybody, as no one is named."""
        await enforce(self._limiter, (CEREMONY_PER_NETWORK, network(caller.ip)))
        return await self._begin_get("login", "")

    async def finish_login(
        self, ceremony: str, credential: dict[str, Any], caller: Caller
    ) -> OpenedSession:
        """Open a strong session for the passkey's account."""
        now = self._clock.machine()
        challenge = await self._spend(ceremony, "login", "", now)
        passkey = await self._find(credential)
        answered = self._verify(credential, challenge, passkey)
        async with self._db.transaction() as tx:
            await self._used(tx, passkey, answered, now)
            return await open_session(
                tx, passkey.account_id, now, strong=True, user_agent=caller.user_agent
            )

    async def begin_fresh(self, principal: Principal) -> Ceremony:
        """Options to confirm in a running session that it is still the same person."""
        principal.require_person()
        return await self._begin_get("fresh", principal.session_id)

    async def finish_fresh(
        self, principal: Principal, ceremony: str, credential: dict[str, Any]
    ) -> datetime:
        """Says until when the session is fresh; it is strong as well."""
        now = self._clock.machine()
        principal.require_person()
        challenge = await self._spend(ceremony, "fresh", principal.session_id, now)
        passkey = await self._find(credential)
        if passkey.account_id != principal.account_id:
            raise _refused()
        answered = self._verify(credential, challenge, passkey)
        async with self._db.transaction() as tx:
            await self._used(tx, passkey, answered, now)
            return await mark_fresh(tx, principal.session_id, now, strong=True)

    async def of(self, principal: Principal) -> list[PasskeyView]:
        principal.require_person()
        query = (
            select(Passkey).where(Passkey.account_id == principal.account_id).order_by(Passkey.id)
        )
        async with self._db.read() as tx:
            rows = (await tx.scalars(query)).all()
        return [PasskeyView(r.id, r.name, r.synced, r.created_at, r.last_used_at) for r in rows]

    async def remove(self, principal: Principal, passkey_id: str) -> None:
        now = self._clock.machine()
        principal.require_fresh(now)
        async with self._db.transaction() as tx:
            gone = await tx.execute(
                delete(Passkey)
                .where(Passkey.id == passkey_id, Passkey.account_id == principal.account_id)
                .returning(Passkey.id)
            )
            if gone.first() is None:
                raise NotFound("passkey")
            await tell_changed(
                tx, self._notices, principal, "passkey_removed", now, passkey=passkey_id
            )

    async def _begin_get(self, purpose: str, session_id: str) -> Ceremony:
        from paywall.accounts import ceremonies  # on first use: it is large

        now = self._clock.machine()
        options = ceremonies.request_options(self._party.id)
        async with self._db.transaction() as tx:
            ceremony = await self._begin(tx, purpose, session_id, options.challenge, now)
        return Ceremony(ceremony, options.public_key)

    async def _begin(
        self, tx: Tx, purpose: str, session_id: str, challenge: bytes, now: datetime
    ) -> str:
        ceremony = new_id("cer")
        await tx.execute(
            insert(Challenge).values(
                id=ceremony,
                purpose=purpose,
                session_id=session_id,
                challenge=challenge,
                expires_at=now + CEREMONY,
            )
        )
        return ceremony

    async def _spend(self, ceremony: str, purpose: str, session_id: str, now: datetime) -> bytes:
        """The challenge, once: committed before anything is verified, so no answer is tried twice.

        Raises Conflict when it is unknown, old, spent, or another session's.
        """
        async with self._db.transaction() as tx:
            spent = await tx.execute(
                delete(Challenge)
                .where(
                    Challenge.id == ceremony,
                    Challenge.purpose == purpose,
                    Challenge.session_id == session_id,
                    Challenge.expires_at > now,
                )
                .returning(Challenge.challenge)
            )
            row = spent.first()
        if row is None:
            raise Conflict(
                "This took too long or was answered already. Start again.", code="ceremony_over"
            )
        return bytes(row.challenge)

    async def _find(self, credential: dict[str, Any]) -> Passkey:
        raw_id = credential.get("rawId")
        if not isinstance(raw_id, str) or len(raw_id) > 1364:
            raise _refused()
        from paywall.accounts import ceremonies  # on first use: it is large

        try:
            credential_id = ceremonies.credential_id_of(raw_id)
        except ceremonies.NotVerified:
            raise _refused() from None
        async with self._db.read() as tx:
            passkey = await tx.scalar(select(Passkey).where(Passkey.credential_id == credential_id))
        if passkey is None:
            raise _refused()
        return passkey

    def _verify(self, credential: dict[str, Any], challenge: bytes, passkey: Passkey) -> Answered:
        from paywall.accounts import ceremonies  # on first use: it is large

        try:
            answered = ceremonies.verify_answer(
                credential,
                challenge,
                rp_id=self._party.id,
                origins=self._party.origins,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
            )
        except ceremonies.NotVerified as error:
            raise _refused() from error
        if answered.user_handle != passkey.account_id.encode():
            raise _refused()
        return answered

    async def _used(self, tx: Tx, passkey: Passkey, answered: Answered, now: datetime) -> None:
        """Move the counter on from what was read; two answers with one counter can't both pass."""
        moved = await tx.execute(
            update(Passkey)
            .where(Passkey.id == passkey.id, Passkey.sign_count == passkey.sign_count)
            .values(sign_count=answered.sign_count, last_used_at=now)
            .returning(Passkey.id)
        )
        if moved.first() is None:
            raise _refused()


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "This passkey is not known here, or its answer is not right. Start again.",
        field="credential",
        code="passkey_refused",
    )
