"""Mailed links: one use, fifteen minutes, proof of the address; registration by password."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from infra.kernel.errors import Forbidden, Gone, Invalid, TooMany, Unauthenticated
from paywall.accounts.customers import accounts_for
from paywall.accounts.identify import fingerprint
from paywall.accounts.principal import NOBODY
from paywall.accounts.proofs import LoginLink
from paywall.accounts.sessions import Caller, OpenedSession, open_session
from paywall.accounts.tables import Account
from tests.accounts.world import HERE, PASSWORD, World


async def test_a_link_signs_in_and_proves_the_address(world: World) -> None:
    opened = await world.sign_in(" Jeanne@Example.org ")
    principal = await world.who(opened)
    assert principal.email == "jeanne@example.org"
    assert principal.email_proven
    assert not principal.strong
    principal.require_fresh(world.clock.machine())


async def test_only_a_hash_of_the_token_is_kept(world: World) -> None:
    await world.people.links.request("a@example.org", HERE)
    token = world.mailbox.last.token
    async with world.db.read() as tx:
        link = await tx.scalar(select(LoginLink))
    assert link is not None
    assert link.token_hash == fingerprint(token)
    assert link.id == world.mailbox.last.cause_id


async def test_a_link_works_once(world: World) -> None:
    await world.people.links.request("a@example.org", HERE)
    token = world.mailbox.last.token
    await world.people.links.redeem(token, HERE)
    with pytest.raises(Gone):
        await world.people.links.redeem(token, HERE)


async def test_of_sixteen_who_open_one_link_at_once_one_gets_in(world: World) -> None:
    await world.people.links.request("a@example.org", HERE)
    token = world.mailbox.last.token
    answers = await asyncio.gather(
        *(world.people.links.redeem(token, HERE) for _ in range(16)), return_exceptions=True
    )
    assert sum(isinstance(a, OpenedSession) for a in answers) == 1
    assert sum(isinstance(a, Gone) for a in answers) == 15


async def test_a_link_is_void_after_fifteen_minutes_and_after_its_sibling(world: World) -> None:
    links = world.people.links
    await links.request("a@example.org", HERE)
    first = world.mailbox.last.token
    world.clock.move(minutes=15)
    with pytest.raises(Gone):
        await links.redeem(first, HERE)
    await links.request("a@example.org", HERE)
    second = world.mailbox.last.token
    await links.request("a@example.org", HERE)
    await links.redeem(world.mailbox.last.token, HERE)
    with pytest.raises(Gone):
        await links.redeem(second, HERE)


async def test_asking_says_the_same_and_does_the_same_for_known_and_unknown(world: World) -> None:
    await world.sign_in("known@example.org")
    world.mailbox.mails.clear()
    answers = [
        await world.people.links.request(email, HERE)
        for email in ("known@example.org", "unknown@example.org")
    ]
    assert answers == [None, None]
    assert [m.template for m in world.mailbox.mails] == ["login_link", "login_link"]
    assert [len(m.token) for m in world.mailbox.mails] == [43, 43]


async def test_asking_makes_no_account(world: World) -> None:
    await world.people.links.request("a@example.org", HERE)
    async with world.db.read() as tx:
        assert await tx.scalar(select(Account)) is None


async def test_asking_too_often_for_one_address_is_refused_from_anywhere(world: World) -> None:
    for i in range(5):
        await world.people.links.request("a@example.org", Caller(f"198.51.100.{i}"))
    with pytest.raises(TooMany) as refusal:
        await world.people.links.request("a@example.org", Caller("198.51.100.99"))
    assert 1 <= refusal.value.retry_after_s <= 900
    world.clock.move(seconds=refusal.value.retry_after_s)
    await world.people.links.request("a@example.org", Caller("198.51.100.99"))


@pytest.mark.parametrize(
    ("back_to", "ends"),
    [
        ("/events/maud", "&next=/events/maud"),
        ("//evil.example/x", ""),
        ("/\\evil.example", ""),
        ("https://evil.example", ""),
    ],
)
async def test_a_link_leads_on_only_inside_the_house(world: World, back_to: str, ends: str) -> None:
    await world.people.links.request("a@example.org", HERE, back_to=back_to)
    mail = world.mailbox.last
    assert mail.data["url"] == f"http://localhost:8000/login/link?token={mail.token}{ends}"


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.de", "a@c.de\nBcc: x@y.zz", "a@b@c.de"])
async def test_what_is_no_address_is_named(world: World, email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.people.links.request(email, HERE)
    assert refusal.value.field == "email"


async def test_a_registered_password_lives_when_the_same_browser_opens_the_mail(
    world: World,
) -> None:
    await world.with_password("a@example.org")
    assert world.mailbox.last.template == "proof"
    opened = await world.people.login("a@example.org", PASSWORD, HERE)
    assert (await world.who(opened)).email_proven


async def test_a_strangers_password_dies_when_the_owner_opens_the_mail(world: World) -> None:
    await world.people.links.register("victim@example.org", "attacker knows this", HERE)
    await world.people.links.redeem(world.mailbox.last.token, HERE)
    with pytest.raises(Unauthenticated):
        await world.people.login("victim@example.org", "attacker knows this", HERE)


async def test_a_registered_password_does_not_open_before_the_proof(world: World) -> None:
    await world.people.links.register("a@example.org", PASSWORD, HERE)
    with pytest.raises(Unauthenticated):
        await world.people.login("a@example.org", PASSWORD, HERE)


async def test_registering_never_tells_whether_the_address_is_known(world: World) -> None:
    await world.with_password("known@example.org")
    world.mailbox.mails.clear()
    known = await world.people.links.register("known@example.org", "other words here", HERE)
    unknown = await world.people.links.register("unknown@example.org", "other words here", HERE)
    assert len(known) == len(unknown)
    assert [m.template for m in world.mailbox.mails] == [
        "already_registered",
        "proof",
    ]
    # The mail for the known address still lets its owner in, and their password stays.
    await world.people.links.redeem(world.mailbox.mails[0].token, HERE, browser=known)
    await world.people.login("known@example.org", PASSWORD, HERE)
    with pytest.raises(Unauthenticated):
        await world.people.login("known@example.org", "other words here", HERE)


async def test_whatever_was_set_up_before_the_proof_dies_with_it(world: World) -> None:
    now = world.clock.machine()
    async with world.db.transaction() as tx:
        account_id = (await accounts_for(tx, ["a@example.org"], now))["a@example.org"]
        await tx.execute(update(Account).values(password_hash="x", totp_sealed="y"))
        early = await open_session(tx, account_id, now, strong=False)
    principal = await world.who(early)
    assert not principal.email_proven
    with pytest.raises(Forbidden):
        principal.require_proven()
    await world.sign_in("a@example.org")
    assert await world.who(early) == NOBODY
    async with world.db.read() as tx:
        account = await tx.get(Account, account_id)
    assert account is not None
    assert (account.password_hash, account.totp_sealed) == ("", "")


async def test_a_second_proof_leaves_a_proven_account_alone(world: World) -> None:
    first = await world.with_password("a@example.org")
    world.clock.move(hours=1)
    await world.sign_in("a@example.org")
    assert (await world.who(first)).is_person
    await world.people.login("a@example.org", PASSWORD, HERE)


async def test_links_die_by_machine_time_to_the_second(world: World) -> None:
    await world.people.links.request("a@example.org", HERE)
    world.clock.move(seconds=timedelta(minutes=15).total_seconds() - 1)
    await world.people.links.redeem(world.mailbox.last.token, HERE)
