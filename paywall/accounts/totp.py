"""Authenticator codes (RFC 6238) and the recovery codes for the day when the app is lost."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

import msgspec
import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, insert, select, update

from infra.kernel.clock import Clock, epoch_s
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Unauthenticated
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from paywall.accounts.changed import tell_changed
from paywall.accounts.limits import CODE_PER_ACCOUNT, enforce
from paywall.accounts.ports import Limiter, Notices
from paywall.accounts.principal import Principal
from paywall.accounts.proofs import RecoveryCode
from paywall.accounts.sessions import mark_fresh
from paywall.accounts.tables import Account

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
RECOVERY_CODES: Final = 10
_PURPOSE: Final = "account totp v1"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0, 1


class Enrolment(msgspec.Struct, frozen=True):
    """What the app needs: the secret to type, or its address to show as a QR code."""

    secret: str
    uri: str


class Totp:
    """Enrol, confirm, check, renew recovery codes, turn off."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        sealer: Sealer,
        limiter: Limiter,
        notices: Notices,
        issuer: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._limiter = limiter
        self._notices = notices
        self._issuer = issuer

    async def enrol(self, principal: Principal) -> Enrolment:
        """A new secret that counts only once a code made with it was confirmed."""
        now = self._clock.machine()
        principal.require_proven()
        principal.require_fresh(now)
        secret = pyotp.random_base32()
        async with self._db.transaction() as tx:
            changed = await tx.execute(
                update(Account)
                .where(Account.id == principal.account_id, Account.totp_confirmed_at.is_(None))
                .values(totp_sealed=sealed_secret(self._sealer, principal.account_id, secret))
                .returning(Account.id)
            )
            if changed.first() is None:
                raise Conflict(
                    "An authenticator is set up already. Turn it off before you set up another.",
                    code="totp_already_on",
                )
        uri = pyotp.TOTP(secret).provisioning_uri(name=principal.email, issuer_name=self._issuer)
        return Enrolment(secret, uri)

    async def confirm(self, principal: Principal, code: str) -> list[str]:
        """Turn it on with a first code; the session is strong from here. Returns recovery codes,
        shown only now.
        """
        now = self._clock.machine()
        principal.require_fresh(now)
        await self._limit(principal.account_id)
        async with self._db.transaction() as tx:
            account = await self._locked(tx, principal.account_id)
            if account.totp_confirmed_at is not None or not account.totp_sealed:
                raise Conflict("Ask for a new authenticator secret first.", code="totp_not_begun")
            self._accept(account, code, now)
            account.totp_confirmed_at = now
            codes = await self._new_codes(tx, account.id)
            await mark_fresh(tx, principal.session_id, now, strong=True)
            await tell_changed(tx, self._notices, principal, "totp_on", now)
        return codes

    async def check(self, account_id: str, code: str) -> None:
        """Accept a code of the app or a recovery code, once; raise Unauthenticated otherwise."""
        await self._limit(account_id)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            await self.spend(tx, account_id, code, now)

    async def spend(self, tx: Tx, account_id: str, code: str, now: datetime) -> None:
        """As `check`, in the caller's transaction and without counting the attempt."""
        account = await self._locked(tx, account_id)
        if account.totp_confirmed_at is None:
            raise Conflict("No authenticator is set up for this account.", code="totp_off")
        typed = "".join(code.split()).replace("-", "").lower()
        if typed.isdigit() and len(typed) == 6:
            self._accept(account, typed, now)
            return
        used = await tx.execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.account_id == account_id,
                RecoveryCode.code_hash == self._code_hash(account_id, typed),
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(RecoveryCode.id)
        )
        if used.first() is None:
            raise _wrong()

    async def renew_codes(self, principal: Principal) -> list[str]:
        """Ten new recovery codes; the old ones are void."""
        now = self._clock.machine()
        principal.require_fresh(now)
        async with self._db.transaction() as tx:
            account = await self._locked(tx, principal.account_id)
            if account.totp_confirmed_at is None:
                raise Conflict("No authenticator is set up for this account.", code="totp_off")
            codes = await self._new_codes(tx, account.id)
            await tell_changed(tx, self._notices, principal, "recovery_codes_renewed", now)
        return codes

    async def turn_off(self, principal: Principal) -> None:
        now = self._clock.machine()
        principal.require_fresh(now)
        async with self._db.transaction() as tx:
            account = await self._locked(tx, principal.account_id)
            was_on = account.totp_confirmed_at is not None
            account.totp_sealed = ""
            account.totp_confirmed_at = None
            await tx.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
            if was_on:
                await tell_changed(tx, self._notices, principal, "totp_off", now)

    async def codes_left(self, tx: Tx, account_id: str) -> int:
        query = select(func.count()).where(
            RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None)
        )
        return await tx.scalar(query) or 0

    def _accept(self, account: Account, code: str, now: datetime) -> None:
        """Check against the row, which the caller holds locked, and move its last step on."""
        secret = self._sealer.unseal(account.totp_sealed, f"{_PURPOSE} {account.id}").decode()
        try:
            step = pyotp.TOTP(secret, interval=STEP_S).verify_and_get_timecode(
                code, for_time=epoch_s(now), valid_window=DRIFT_STEPS
            )
        except OTPVerificationError:
            raise _wrong() from None
        if step <= account.totp_last_step:
            raise Unauthenticated(
                "This code was used already. Wait for the next one.", field="code", code="code_used"
            )
        account.totp_last_step = step

    async def _locked(self, tx: Tx, account_id: str) -> Account:
        account = await tx.get(Account, account_id, with_for_update=True, populate_existing=True)
        assert account is not None, "a principal has an account"
        return account

    async def _new_codes(self, tx: Tx, account_id: str) -> list[str]:
        await tx.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        rows = [
            {
                "id": new_id("rec"),
                "account_id": account_id,
                "code_hash": self._code_hash(account_id, code.replace("-", "")),
            }
            for code in codes
        ]
        await tx.execute(insert(RecoveryCode), rows)
        return codes

    def _code_hash(self, account_id: str, code: str) -> str:
        # A code has 50 bits: a plain hash of it could be searched through, a keyed one can't.
        key = self._sealer.key("recovery codes v1")
        return hmac.new(key, f"{account_id}:{code}".encode(), hashlib.sha256).hexdigest()

    async def _limit(self, account_id: str) -> None:
        await enforce(self._limiter, (CODE_PER_ACCOUNT, account_id))


def sealed_secret(sealer: Sealer, account_id: str, secret: str) -> str:
    """An authenticator's base32 secret as it is kept."""
    return sealer.seal(secret.encode(), f"{_PURPOSE} {account_id}")


def _recovery_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return f"{text[:5]}-{text[5:]}"


def _wrong() -> Unauthenticated:
    return Unauthenticated("The code is not right.", field="code", code="wrong_code")
