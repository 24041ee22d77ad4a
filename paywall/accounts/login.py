"""Log-in by password, with the authenticator's code where the account has one."""

from __future__ import annotations

from sqlalchemy import select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Unauthenticated
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
from paywall.accounts.sessions import Caller, OpenedSession, open_session
from paywall.accounts.tables import Account
from paywall.accounts.totp import Totp


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
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._passwords = passwords
        self._totp = totp

    async def __call__(
        self, email: str, password: str, caller: Caller, *, code: str = ""
    ) -> OpenedSession:
        """Open a session. Raises Unauthenticated, with code "code_needed" when only the
        authenticator's code is missing. A password counts once the address is proven.
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
            raise Unauthenticated(
                "Add the code from your authenticator app.", field="code", code="code_needed"
            )
        if strong:
            await self._totp.check(found.id, code)
        renewed = await self._renewed(stored, password)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            # The password may have been changed while it was being checked.
            values = {"password_hash": renewed}
            same = await tx.execute(
                update(Account)
                .where(Account.id == found.id, Account.password_hash == stored)
                .values(values)
                .returning(Account.id)
            )
            if same.first() is None:
                raise Unauthenticated("The password has just been changed. Sign in again.")
            return await open_session(
                tx, found.id, now, strong=strong, user_agent=caller.user_agent
            )

    async def _renewed(self, stored: str, password: str) -> str:
        if self._passwords.outdated(stored):
            return await self._passwords.hash(password)
        return stored
