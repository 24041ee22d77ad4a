"""What a person may see and change of their own account."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import func, select, update

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from paywall.accounts.changed import tell_changed
from paywall.accounts.passwords import Passwords, check_new
from paywall.accounts.ports import Notices
from paywall.accounts.principal import Principal
from paywall.accounts.proofs import Passkey
from paywall.accounts.sessions import end_sessions
from paywall.accounts.tables import Account
from paywall.accounts.totp import Totp


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    email: str
    email_proven: bool
    name: str
    locale: str
    city: str
    has_password: bool
    has_totp: bool
    recovery_codes_left: int
    passkeys: int
    strong: bool
    fresh_until: datetime | None
    memberships: dict[str, list[str]]
    """Roles by venue id; "installation" stands for the installation."""


class Me:
    def __init__(
        self, db: Database, clock: Clock, *, passwords: Passwords, totp: Totp, notices: Notices
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._totp = totp
        self._notices = notices

    async def view(self, principal: Principal) -> AccountView:
        principal.require_person()
        async with self._db.read() as tx:
            account = await tx.get(Account, principal.account_id)
            assert account is not None
            passkeys = await tx.scalar(select(func.count()).where(Passkey.account_id == account.id))
            codes_left = await self._totp.codes_left(tx, account.id)
        return AccountView(
            id=account.id,
            email=account.email,
            email_proven=account.email_proven_at is not None,
            name=account.name,
            locale=account.locale,
            city=account.city,
            has_password=account.password_hash != "",
            has_totp=account.totp_confirmed_at is not None,
            recovery_codes_left=codes_left,
            passkeys=passkeys or 0,
            strong=principal.strong,
            fresh_until=principal.fresh_until,
            memberships={
                venue: sorted(role.value for role in roles)
                for venue, roles in principal.memberships.items()
            },
        )

    async def edit(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        locale: str | None = None,
        city: str | None = None,
    ) -> None:
        """Change the name, the language or the city; None leaves a field as it is."""
        principal.require_person()
        values: dict[str, str] = {}
        if name is not None:
            values["name"] = name.strip()
            if len(values["name"]) > 120:
                raise Invalid("name", "Use at most 120 characters.")
        if city is not None:
            values["city"] = " ".join(city.split())
            if len(values["city"]) > 80:
                raise Invalid("city", "Use at most 80 characters.")
        if locale is not None:
            if len(locale) > 8:
                raise Invalid("locale", "Use a language code such as en or pt-BR.")
            values["locale"] = locale
        if not values:
            return
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Account).where(Account.id == principal.account_id).values(values)
            )

    async def set_password(self, principal: Principal, password: str) -> None:
        """Set or change it in a fresh session of a proven address; other sessions end."""
        now = self._clock.machine()
        principal.require_proven()
        principal.require_fresh(now)
        check_new(password, email=principal.email)
        hashed = await self._passwords.hash(password)
        async with self._db.transaction() as tx:
            await tx.execute(
                update(Account)
                .where(Account.id == principal.account_id)
                .values(password_hash=hashed)
            )
            await end_sessions(tx, principal.account_id, now, keep=principal.session_id)
            await tell_changed(tx, self._notices, principal, "password_set", now)
