"""The fresh check: show again that it is you, good for ten minutes in this session.

By passkey (see `passkeys.finish_fresh`), by an authenticator's code, or by password for an
account that has neither. A password never makes a session strong.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Forbidden, Unauthenticated
from paywall.accounts.limits import PASSWORD_PER_ACCOUNT, enforce
from paywall.accounts.passwords import Passwords
from paywall.accounts.ports import Limiter
from paywall.accounts.principal import Principal
from paywall.accounts.sessions import has_factor, mark_fresh
from paywall.accounts.tables import Account
from paywall.accounts.totp import Totp


class Fresh:
    def __init__(
        self, db: Database, clock: Clock, *, limiter: Limiter, passwords: Passwords, totp: Totp
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._passwords = passwords
        self._totp = totp

    async def by_code(self, principal: Principal, code: str) -> datetime:
        """An authenticator's code or a recovery code; says until when the session is fresh."""
        principal.require_person()
        await self._totp.check(principal.account_id, code)
        async with self._db.transaction() as tx:
            return await mark_fresh(tx, principal.session_id, self._clock.machine(), strong=True)

    async def by_password(self, principal: Principal, password: str) -> datetime:
        """Only for an account without passkey and authenticator."""
        principal.require_person()
        await enforce(self._limiter, (PASSWORD_PER_ACCOUNT, principal.account_id))
        async with self._db.read() as tx:
            if await has_factor(tx, principal.account_id):
                raise Forbidden(
                    "Confirm with your passkey or authenticator code.", code="factor_needed"
                )
            stored = await tx.scalar(
                select(Account.password_hash).where(Account.id == principal.account_id)
            )
        if not await self._passwords.verify(stored or "", password):
            raise Unauthenticated(
                "The password is not right.", field="password", code="wrong_credentials"
            )
        async with self._db.transaction() as tx:
            return await mark_fresh(tx, principal.session_id, self._clock.machine(), strong=False)
