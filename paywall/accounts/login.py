"""Log-in by password, with the authenticator's code where the account has one."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Unauthenticated
from infra.kernel.ids import new_id
from infra.kernel.seal import CannotUnseal, Sealer
from paywall.accounts.addresses import checked_email
from paywall.accounts.limits import (
    LOGIN_PER_ADDRESS,
    LOGIN_PER_ADDRESS_AND_NETWORK,
    LOGIN_PER_NETWORK,
    enforce,
    network,
)
from paywall.accounts.passwords import Passwords
from paywall.accounts.ports import Limiter
from paywall.accounts.proofs import Challenge
from paywall.accounts.sessions import Caller, OpenedSession, open_session
from paywall.accounts.tables import Account
from paywall.accounts.totp import Totp

CODE_WITHIN: Final = timedelta(minutes=5)
_PURPOSE: Final = "log-in continuation v1"


class CodeNeeded(Unauthenticated):
    """The password was right; the authenticator's code is missing.

    `continuation` stands for the password in the second step, so that no page has to carry it.
    """

    code = "code_needed"

    def __init__(self, continuation: str) -> None:
        super().__init__("Add the code from your authenticator app.", field="code")
        self.continuation = continuation


class ContinuationOver(Unauthenticated):
    """Waited too long, used already, or the password was changed meanwhile."""

    code = "continuation_over"


class _Waiting(msgspec.Struct, frozen=True):
    """What a continuation says, sealed. `state` names the password that was shown."""

    challenge_id: str
    account_id: str
    state: str


class LogIn:
    """A stranger with a wrong guess learns nothing: one answer, after the same work, for all."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        limiter: Limiter,
        passwords: Passwords,
        totp: Totp,
        sealer: Sealer,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._passwords = passwords
        self._totp = totp
        self._sealer = sealer

    async def __call__(
        self, email: str, password: str, caller: Caller, *, code: str = ""
    ) -> OpenedSession:
        """Open a session. Raises Unauthenticated; CodeNeeded when only the authenticator's code is
        missing. A password counts once the address is proven.
        """
        email = checked_email(email)
        place = network(caller.ip)
        await enforce(
            self._limiter,
            (LOGIN_PER_NETWORK, place),
            (LOGIN_PER_ADDRESS_AND_NETWORK, f"{email} {place}"),
            (LOGIN_PER_ADDRESS, email),
        )
        query = select(Account.id, Account.password_hash, Account.totp_confirmed_at).where(
            Account.email == email, Account.email_proven_at.is_not(None)
        )
        async with self._db.read() as tx:
            found = (await tx.execute(query)).first()
        stored = found.password_hash if found is not None else ""
        if not await self._passwords.verify(stored, password) or found is None:
            raise Unauthenticated(
                "The address or the password is not right. You can ask for a log-in link instead.",
                code="wrong_credentials",
            )
        strong = found.totp_confirmed_at is not None
        if strong and not code:
            raise CodeNeeded(await self._continuation(found.id, stored))
        if strong:
            await self._totp.check(found.id, code)
        renewed = await self._renewed(stored, password)
        return await self._open(found.id, stored, renewed, caller, strong=strong)

    async def finish(self, continuation: str, code: str, caller: Caller) -> OpenedSession:
        """The second step: the code, with what `CodeNeeded` gave. It works once, for 5 minutes.

        A wrong code leaves it as it is; tries are limited by account.
        """
        waiting = self._read(continuation)
        now = self._clock.machine()
        mine = (Challenge.id == waiting.challenge_id, Challenge.expires_at > now)
        async with self._db.read() as tx:
            running = await tx.scalar(select(Challenge.id).where(*mine))
            stored = await tx.scalar(
                select(Account.password_hash).where(Account.id == waiting.account_id)
            )
        if running is None or stored is None or _state(stored) != waiting.state:
            raise _over()
        await self._totp.check(waiting.account_id, code)
        async with self._db.transaction() as tx:
            spent = await tx.execute(delete(Challenge).where(*mine).returning(Challenge.id))
            if spent.first() is None:
                raise _over()
        return await self._open(waiting.account_id, stored, stored, caller, strong=True)

    async def _continuation(self, account_id: str, stored: str) -> str:
        """Kept as a row, so that it works once; sealed, so that nobody makes one."""
        now = self._clock.machine()
        waiting = _Waiting(new_id("cer"), account_id, _state(stored))
        async with self._db.transaction() as tx:
            row: dict[str, Any] = {
                "id": waiting.challenge_id,
                "purpose": "code",
                "session_id": "",
                "challenge": b"",
                "expires_at": now + CODE_WITHIN,
            }
            await tx.execute(insert(Challenge).values(**row))
        return self._sealer.seal(msgspec.json.encode(waiting), _PURPOSE)

    def _read(self, continuation: str) -> _Waiting:
        try:
            plain = self._sealer.unseal(continuation, _PURPOSE)
        except (CannotUnseal, ValueError) as error:
            raise _over() from error
        return msgspec.json.decode(plain, type=_Waiting)

    async def _open(
        self, account_id: str, stored: str, renewed: str, caller: Caller, *, strong: bool
    ) -> OpenedSession:
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            # The password may have been changed while it was being checked.
            same = await tx.execute(
                update(Account)
                .where(Account.id == account_id, Account.password_hash == stored)
                .values(password_hash=renewed)
                .returning(Account.id)
            )
            if same.first() is None:
                raise Unauthenticated("The password has just been changed. Sign in again.")
            return await open_session(
                tx, account_id, now, strong=strong, user_agent=caller.user_agent
            )

    async def _renewed(self, stored: str, password: str) -> str:
        if self._passwords.outdated(stored):
            return await self._passwords.hash(password)
        return stored


def _state(stored: str) -> str:
    return hashlib.sha256(stored.encode()).hexdigest()


def _over() -> ContinuationOver:
    return ContinuationOver(
        "Log in again: the code was waited for 5 minutes, or your password has changed."
    )
