"""Staff invitations: a role mailed to an address, accepted by whoever reads that mailbox."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import func, select

from infra.kernel.clock import Clock, iso
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Forbidden, Gone, NotFound, Unauthenticated
from infra.kernel.ids import new_id, new_secret
from paywall.accounts.addresses import checked_email
from paywall.accounts.audit import record
from paywall.accounts.identify import fingerprint
from paywall.accounts.limits import INVITE_PER_VENUE, REDEEM_PER_NETWORK, enforce, network
from paywall.accounts.ports import Limiter, Notices
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.prove import prove
from paywall.accounts.roles import Permission, Role, grantable
from paywall.accounts.sessions import Caller, OpenedSession, open_session
from paywall.accounts.tables import Account, Invitation, InvitationState, Membership
from paywall.catalogue.tables import Venue

LIFE: Final = timedelta(days=7)
PAGE: Final = "/login/invitation"


class InvitationView(msgspec.Struct, frozen=True):
    id: str
    venue_id: str
    email: str
    role: Role
    state: InvitationState
    created_at: datetime
    expires_at: datetime


class Accepted(msgspec.Struct, frozen=True):
    """`session` is None for who was signed in already."""

    venue_id: str
    role: Role
    session: OpenedSession | None


def staff_permission(venue_id: str) -> Permission:
    """What one needs to change the staff of a venue, or of the installation."""
    if venue_id == INSTALLATION:
        return Permission.INSTALLATION_STAFF
    return Permission.STAFF_MANAGE


class Invitations:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        limiter: Limiter,
        notices: Notices,
        public_url: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._limiter = limiter
        self._notices = notices
        self._page = public_url.rstrip("/") + PAGE

    async def invite(
        self, principal: Principal, venue_id: str, email: str, role: Role, *, locale: str = ""
    ) -> InvitationView:
        """Offer a role. A pending offer of the same role to the same address is replaced."""
        now = self._clock.machine()
        email = checked_email(email)
        async with self._db.read() as tx:
            place = await _place(tx, venue_id)
            await self._may_grant(tx, principal, venue_id, role, now)
        await enforce(self._limiter, (INVITE_PER_VENUE, venue_id))
        token = new_secret()
        async with self._db.transaction() as tx:
            earlier = select(Invitation).where(
                Invitation.venue_id == venue_id,
                Invitation.email == email,
                Invitation.role == role,
                Invitation.state == InvitationState.PENDING,
            )
            for old in await tx.scalars(earlier.with_for_update()):
                old.move(InvitationState.REVOKED)
                old.answered_at = now
            invitation = Invitation(
                id=new_id("inv"),
                venue_id=venue_id,
                email=email,
                role=role,
                token_hash=fingerprint(token),
                state=InvitationState.PENDING,
                invited_by=principal.actor,
                created_at=now,
                expires_at=now + LIFE,
            )
            tx.add(invitation)
            await self._note(tx, principal.actor, "staff.invited", invitation, now)
            await self._notices.mail(
                tx,
                venue_id=venue_id,
                to=email,
                template="invitation",
                locale=locale,
                data={
                    "inviter": principal.email,
                    "venue_name": place.name,
                    "role": role.value,
                    "until": iso(now + LIFE),
                    "tz": place.timezone,
                },
                secrets={"url": f"{self._page}?token={token}"},
                cause_id=invitation.id,
                now=now,
            )
            return _view(invitation)

    async def accept(self, principal: Principal, token: str, caller: Caller) -> Accepted:
        """Take the role. The token proves the address, as only the mail holds it.

        Who has a proven account there must be signed in to it: a token that lives for a week is
        no log-in. Anybody else is signed in with it, once.
        """
        await enforce(self._limiter, (REDEEM_PER_NETWORK, network(caller.ip)))
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            invitation = await tx.scalar(
                select(Invitation)
                .where(Invitation.token_hash == fingerprint(token))
                .with_for_update()
            )
            if (
                invitation is None
                or invitation.state is not InvitationState.PENDING
                or invitation.expires_at <= now
            ):
                raise Gone(
                    "This invitation was answered, withdrawn or is older than 7 days. "
                    "Ask for a new one.",
                    code="invitation_over",
                )
            proven = await tx.scalar(
                select(func.count()).where(
                    Account.email == invitation.email, Account.email_proven_at.is_not(None)
                )
            )
            if proven and principal.email != invitation.email:
                raise Unauthenticated(
                    "Sign in with the address that was invited, then open the invitation again.",
                    code="sign_in_to_accept",
                )
            account = await prove(tx, invitation.email, now)
            invitation.move(InvitationState.ACCEPTED)
            invitation.answered_at = now
            await _give(tx, invitation.venue_id, account.id, invitation.role, now)
            await self._note(tx, account.id, "staff.joined", invitation, now)
            await tx.flush()
            session = None
            if not proven:
                session = await open_session(
                    tx, account.id, now, strong=False, user_agent=caller.user_agent
                )
            return Accepted(invitation.venue_id, invitation.role, session)

    async def pending(self, principal: Principal, venue_id: str) -> list[InvitationView]:
        """Open invitations, newest first."""
        now = self._clock.machine()
        principal.require(staff_permission(venue_id), venue_id, now=now, reading=True)
        query = (
            select(Invitation)
            .where(
                Invitation.venue_id == venue_id,
                Invitation.state == InvitationState.PENDING,
                Invitation.expires_at > now,
            )
            .order_by(Invitation.id.desc())
            .limit(500)
        )
        async with self._db.read() as tx:
            return [_view(row) for row in await tx.scalars(query)]

    async def revoke(self, principal: Principal, venue_id: str, invitation_id: str) -> None:
        now = self._clock.machine()
        principal.require(staff_permission(venue_id), venue_id, now=now)
        async with self._db.transaction() as tx:
            invitation = await tx.scalar(
                select(Invitation)
                .where(Invitation.id == invitation_id, Invitation.venue_id == venue_id)
                .with_for_update()
            )
            if invitation is None:
                raise NotFound("invitation")
            invitation.move(InvitationState.REVOKED)
            invitation.answered_at = now
            await self._note(tx, principal.actor, "staff.invitation_revoked", invitation, now)

    async def _may_grant(
        self, tx: Tx, principal: Principal, venue_id: str, role: Role, now: datetime
    ) -> None:
        names_first_owner = (
            venue_id != INSTALLATION
            and role is Role.OWNER
            and principal.may(Permission.INSTALLATION_VENUES)
            and not principal.may(Permission.STAFF_MANAGE, venue_id)
            and not await _has_owner(tx, venue_id)
        )
        if names_first_owner:
            principal.require(Permission.INSTALLATION_VENUES, now=now)
            return
        principal.require(staff_permission(venue_id), venue_id, now=now)
        if role not in grantable(principal.memberships.get(venue_id, frozenset())):
            raise Forbidden(
                f"Your role can't give the role {role.value} here.", code="role_not_grantable"
            )

    async def _note(
        self, tx: Tx, actor: str, action: str, invitation: Invitation, now: datetime
    ) -> None:
        await record(
            tx,
            venue_id=invitation.venue_id,
            actor=actor,
            action=action,
            subject=invitation.id,
            data={"role": invitation.role.value},
            now=now,
        )


class _Place(msgspec.Struct, frozen=True):
    """What the mail says of where one is invited to; the installation has no name of its own."""

    name: str = ""
    timezone: str = "UTC"


async def _place(tx: Tx, venue_id: str) -> _Place:
    if venue_id == INSTALLATION:
        return _Place()
    query = select(Venue.name, Venue.timezone).where(Venue.id == venue_id)
    found = (await tx.execute(query)).first()
    if found is None:
        raise NotFound("venue")
    return _Place(found.name, found.timezone)


async def _has_owner(tx: Tx, venue_id: str) -> bool:
    query = select(func.count()).where(
        Membership.venue_id == venue_id, Membership.role == Role.OWNER
    )
    return bool(await tx.scalar(query))


async def _give(tx: Tx, venue_id: str, account_id: str, role: Role, now: datetime) -> None:
    held = await tx.scalar(
        select(func.count()).where(
            Membership.venue_id == venue_id,
            Membership.account_id == account_id,
            Membership.role == role,
        )
    )
    if held:
        raise Conflict("You hold this role already.", code="role_held")
    tx.add(
        Membership(
            id=new_id("mem"), venue_id=venue_id, account_id=account_id, role=role, created_at=now
        )
    )


def _view(row: Invitation) -> InvitationView:
    return InvitationView(
        row.id, row.venue_id, row.email, row.role, row.state, row.created_at, row.expires_at
    )
