"""Who works at a venue or at the installation: listed, and removed but for the last owner."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.errors import Conflict, Forbidden, NotFound
from paywall.accounts.audit import record
from paywall.accounts.invitations import staff_permission
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.proofs import Passkey
from paywall.accounts.roles import Role, grantable
from paywall.accounts.tables import Account, Membership

_KEEPS_ONE: Final = frozenset({Role.OWNER, Role.OPERATOR})


class StaffView(msgspec.Struct, frozen=True):
    membership_id: str
    account_id: str
    email: str
    name: str
    role: Role
    has_factor: bool
    since: datetime


class Staff:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, principal: Principal, venue_id: str) -> list[StaffView]:
        """Everyone with a role here, by address; who lacks a second factor is visible."""
        now = self._clock.machine()
        principal.require(staff_permission(venue_id), venue_id, now=now, reading=True)
        has_passkey = select(Passkey.id).where(Passkey.account_id == Account.id).exists()
        query = (
            select(Membership, Account, has_passkey)
            .join(Account, Account.id == Membership.account_id)
            .where(Membership.venue_id == venue_id)
            .order_by(Account.email, Membership.role)
            .limit(1000)
        )
        async with self._db.read() as tx:
            rows = (await tx.execute(query)).all()
        return [
            StaffView(
                member.id,
                account.id,
                account.email,
                account.name,
                member.role,
                bool(passkey) or account.totp_confirmed_at is not None,
                member.created_at,
            )
            for member, account, passkey in rows
        ]

    async def remove(self, principal: Principal, venue_id: str, membership_id: str) -> None:
        """Take a role away; it is gone from that person's next request on."""
        now = self._clock.machine()
        principal.require(staff_permission(venue_id), venue_id, now=now)
        async with self._db.transaction() as tx:
            # Every row that counts is locked in one order, so two removals can't cross.
            locked = (
                await tx.scalars(
                    select(Membership)
                    .where(Membership.venue_id == venue_id)
                    .order_by(Membership.id)
                    .with_for_update()
                )
            ).all()
            member = next((m for m in locked if m.id == membership_id), None)
            if member is None:
                raise NotFound("membership")
            if member.role not in grantable(principal.memberships.get(venue_id, frozenset())):
                raise Forbidden(
                    f"Your role can't take the role {member.role.value} away.",
                    code="role_not_grantable",
                )
            alone = sum(m.role is member.role for m in locked) == 1
            if member.role in _KEEPS_ONE and alone:
                place = "installation" if venue_id == INSTALLATION else "venue"
                raise Conflict(
                    f"This is the {place}'s last {member.role.value}. Name another one first.",
                    code="last_owner",
                )
            await tx.delete(member)
            await record(
                tx,
                venue_id=venue_id,
                actor=principal.actor,
                action="staff.removed",
                subject=member.account_id,
                data={"role": member.role.value},
                now=now,
            )
