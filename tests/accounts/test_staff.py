"""Invitations, staff and the last owner."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from infra.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unauthenticated
from infra.kernel.paging import Wanted
from infra.kernel.states import move
from paywall.accounts.audit import audit_page
from paywall.accounts.invitations import Accepted
from paywall.accounts.principal import INSTALLATION, NOBODY, Principal
from paywall.accounts.roles import GRANTS, INSTALLATION_ROLES, VENUE_ROLES, Role, grantable
from paywall.accounts.tables import (
    INVITATION_TRANSITIONS,
    AuditEntry,
    Invitation,
    InvitationState,
)
from tests.accounts.world import HERE, World


async def owner_of(world: World, email: str = "owner@example.org") -> tuple[Principal, str]:
    venue_id = await world.venue()
    return await world.staff(email, venue_id, Role.OWNER), venue_id


async def test_an_invited_stranger_accepts_and_is_signed_in(world: World) -> None:
    owner, venue_id = await owner_of(world)
    await world.people.invitations.invite(owner, venue_id, "New@example.org", Role.SUPPORT)
    mail = world.mailbox.last
    assert (mail.to, mail.template, mail.venue_id) == (
        "new@example.org",
        "invitation",
        venue_id,
    )
    assert mail.data["venue_name"] == "Salle des Ondes"
    accepted = await world.people.invitations.accept(NOBODY, mail.token, HERE)
    assert accepted.session is not None
    principal = await world.who(accepted.session)
    assert principal.memberships == {venue_id: frozenset({Role.SUPPORT})}
    assert principal.email_proven
    assert not principal.strong


async def test_who_has_an_account_signs_in_to_it_first(world: World) -> None:
    owner, venue_id = await owner_of(world)
    known = await world.sign_in("known@example.org")
    other = await world.who(await world.sign_in("other@example.org"))
    await world.people.invitations.invite(owner, venue_id, "known@example.org", Role.MANAGER)
    token = world.mailbox.last.token
    for principal in (NOBODY, other):
        with pytest.raises(Unauthenticated) as refusal:
            await world.people.invitations.accept(principal, token, HERE)
        assert refusal.value.code == "sign_in_to_accept"
    accepted = await world.people.invitations.accept(await world.who(known), token, HERE)
    assert accepted == Accepted(venue_id, Role.MANAGER, None)
    assert (await world.who(known)).memberships[venue_id] == frozenset({Role.MANAGER})


async def test_an_invitation_is_accepted_once_even_sixteen_times_at_once(world: World) -> None:
    owner, venue_id = await owner_of(world)
    await world.people.invitations.invite(owner, venue_id, "new@example.org", Role.SCANNER)
    token = world.mailbox.last.token
    answers = await asyncio.gather(
        *(world.people.invitations.accept(NOBODY, token, HERE) for _ in range(16)),
        return_exceptions=True,
    )
    assert sum(isinstance(a, Accepted) for a in answers) == 1
    assert sum(isinstance(a, Gone) for a in answers) == 15


async def test_an_invitation_ends_after_seven_days_when_revoked_and_when_repeated(
    world: World,
) -> None:
    owner, venue_id = await owner_of(world)
    invitations = world.people.invitations
    await invitations.invite(owner, venue_id, "a@example.org", Role.SUPPORT)
    first = world.mailbox.last.token
    again = await invitations.invite(owner, venue_id, "a@example.org", Role.SUPPORT)
    second = world.mailbox.last.token
    assert [v.id for v in await invitations.pending(owner, venue_id)] == [again.id]
    with pytest.raises(Gone):
        await invitations.accept(NOBODY, first, HERE)
    await invitations.revoke(owner, venue_id, again.id)
    with pytest.raises(Gone):
        await invitations.accept(NOBODY, second, HERE)
    with pytest.raises(Conflict):
        await invitations.revoke(owner, venue_id, again.id)
    await invitations.invite(owner, venue_id, "a@example.org", Role.SUPPORT)
    world.clock.move(days=7)
    with pytest.raises(Gone):
        await invitations.accept(NOBODY, world.mailbox.last.token, HERE)


async def test_roles_are_given_only_in_their_own_place(world: World) -> None:
    owner, venue_id = await owner_of(world)
    operator = await world.operator()
    invitations = world.people.invitations
    with pytest.raises(Forbidden):
        await invitations.invite(owner, venue_id, "a@example.org", Role.OPERATOR)
    with pytest.raises(Forbidden):
        await invitations.invite(owner, INSTALLATION, "a@example.org", Role.OPERATOR)
    with pytest.raises(Forbidden):
        await invitations.invite(operator, INSTALLATION, "a@example.org", Role.OWNER)
    await invitations.invite(operator, INSTALLATION, "a@example.org", Role.REVIEWER)


async def test_an_operator_names_a_venues_first_owner_and_no_second(world: World) -> None:
    operator = await world.operator()
    venue_id = await world.venue()
    invitations = world.people.invitations
    with pytest.raises(NotFound):
        await invitations.invite(operator, venue_id, "x@example.org", Role.MANAGER)
    await invitations.invite(operator, venue_id, "first@example.org", Role.OWNER)
    await invitations.accept(NOBODY, world.mailbox.last.token, HERE)
    with pytest.raises(NotFound):
        await invitations.invite(operator, venue_id, "op@example.org", Role.OWNER)


@pytest.mark.parametrize("role", sorted(VENUE_ROLES - {Role.OWNER}))
async def test_nobody_but_an_owner_manages_staff(world: World, role: Role) -> None:
    venue_id = await world.venue()
    principal = await world.staff("x@example.org", venue_id, role)
    with pytest.raises(Forbidden):
        await world.people.invitations.invite(principal, venue_id, "a@example.org", Role.SCANNER)
    with pytest.raises(Forbidden):
        await world.people.staff.of(principal, venue_id)


async def test_another_venues_owner_is_told_that_there_is_no_such_venue(world: World) -> None:
    owner, _ = await owner_of(world)
    other = await world.venue()
    with pytest.raises(NotFound):
        await world.people.invitations.invite(owner, other, "a@example.org", Role.SCANNER)
    with pytest.raises(NotFound):
        await world.people.staff.of(owner, other)


async def test_inviting_needs_a_fresh_proof(world: World) -> None:
    owner, venue_id = await owner_of(world)
    world.clock.move(minutes=10)
    with pytest.raises(Forbidden) as refusal:
        await world.people.invitations.invite(owner, venue_id, "a@example.org", Role.SCANNER)
    assert refusal.value.code == "fresh_check_needed"


async def test_staff_are_listed_with_who_lacks_a_factor_and_removed(world: World) -> None:
    owner, venue_id = await owner_of(world)
    helper = await world.staff("a@example.org", venue_id, Role.SUPPORT)
    listed = await world.people.staff.of(owner, venue_id)
    assert [(s.email, s.role, s.has_factor) for s in listed] == [
        ("a@example.org", Role.SUPPORT, False),
        ("owner@example.org", Role.OWNER, False),
    ]
    await world.people.staff.remove(owner, venue_id, listed[0].membership_id)
    entry = (await audit_page(world.db, venue_id, Wanted())).rows[0]
    assert (entry.action, entry.subject) == ("staff.removed", helper.account_id)
    assert len(await world.people.staff.of(owner, venue_id)) == 1


async def test_the_last_owner_stays(world: World) -> None:
    owner, venue_id = await owner_of(world)
    mine = (await world.people.staff.of(owner, venue_id))[0]
    with pytest.raises(Conflict) as refusal:
        await world.people.staff.remove(owner, venue_id, mine.membership_id)
    assert refusal.value.code == "last_owner"


async def test_two_owners_who_remove_each_other_at_once_leave_one(world: World) -> None:
    owner, venue_id = await owner_of(world)
    second = await world.staff("second@example.org", venue_id, Role.OWNER)
    members = {s.account_id: s.membership_id for s in await world.people.staff.of(owner, venue_id)}
    answers = await asyncio.gather(
        world.people.staff.remove(owner, venue_id, members[second.account_id]),
        world.people.staff.remove(second, venue_id, members[owner.account_id]),
        return_exceptions=True,
    )
    assert sum(a is None for a in answers) == 1
    assert sum(isinstance(a, Conflict) for a in answers) == 1


async def test_every_staff_act_is_in_the_audit_log_without_addresses(world: World) -> None:
    owner, venue_id = await owner_of(world)
    invitations = world.people.invitations
    first = await invitations.invite(owner, venue_id, "a@example.org", Role.SUPPORT)
    await invitations.revoke(owner, venue_id, first.id)
    await invitations.invite(owner, venue_id, "b@example.org", Role.SUPPORT)
    await invitations.accept(NOBODY, world.mailbox.last.token, HERE)
    async with world.db.read() as tx:
        entries = (
            await tx.scalars(select(AuditEntry).where(AuditEntry.venue_id == venue_id))
        ).all()
    assert sorted(e.action for e in entries) == [
        "staff.invitation_revoked",
        "staff.invited",
        "staff.invited",
        "staff.joined",
    ]
    assert "@" not in "".join(f"{e.data}{e.subject}" for e in entries)


async def test_a_wrong_address_is_named(world: World) -> None:
    owner, venue_id = await owner_of(world)
    with pytest.raises(Invalid):
        await world.people.invitations.invite(owner, venue_id, "nonsense", Role.SUPPORT)


def test_grants_stay_in_their_place() -> None:
    for giver, given in GRANTS.items():
        place = INSTALLATION_ROLES if giver in INSTALLATION_ROLES else VENUE_ROLES
        assert given <= place
    assert grantable(frozenset({Role.MANAGER, Role.FINANCE})) == frozenset()


@pytest.mark.parametrize("start", InvitationState)
@pytest.mark.parametrize("target", InvitationState)
def test_an_invitation_moves_only_by_its_table(
    start: InvitationState, target: InvitationState
) -> None:
    invitation = Invitation(id="inv_1", state=start)
    if target in INVITATION_TRANSITIONS[start]:
        move(invitation, target, INVITATION_TRANSITIONS)
        assert invitation.state is target
    else:
        with pytest.raises(Conflict):
            invitation.move(target)
