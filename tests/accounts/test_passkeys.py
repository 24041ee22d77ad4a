"""Passkeys, with a software authenticator that signs for real."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Unauthenticated
from paywall.accounts.passkeys import RelyingParty
from paywall.accounts.principal import Principal
from paywall.accounts.sessions import OpenedSession
from tests.accounts.authenticator import Authenticator
from tests.accounts.world import HERE, World


async def add(world: World, principal: Principal, key: Authenticator) -> str:
    ceremony = await world.people.passkeys.begin_registration(principal)
    credential = key.create(ceremony.public_key)
    view = await world.people.passkeys.finish_registration(
        principal, ceremony.id, credential, name="Phone"
    )
    return view.id


async def log_in(world: World, key: Authenticator) -> OpenedSession:
    ceremony = await world.people.passkeys.begin_login(HERE)
    return await world.people.passkeys.finish_login(ceremony.id, key.get(ceremony.public_key), HERE)


async def test_a_passkey_signs_in_strongly_without_an_address(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)
    assert world.mailbox.last.data == {"what": "passkey_added"}
    opened = await log_in(world, key)
    assert opened.account_id == principal.account_id
    who = await world.who(opened)
    assert who.strong
    who.require_fresh(world.clock.machine())


async def test_adding_a_passkey_strengthens_the_session_that_did_it(world: World) -> None:
    opened = await world.sign_in("a@example.org")
    await add(world, await world.who(opened), Authenticator())
    assert (await world.who(opened)).strong


async def test_the_options_ask_for_a_discoverable_verified_key_and_exclude_known_ones(
    world: World,
) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)
    options = (await world.people.passkeys.begin_registration(principal)).public_key
    assert options["rp"] == {"name": "Paywall", "id": "localhost"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert len(options["excludeCredentials"]) == 1
    asked = (await world.people.passkeys.begin_login(HERE)).public_key
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")


async def test_a_synced_passkey_without_counter_works_again_and_again(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator(counts=False)
    await add(world, principal, key)
    assert (await world.people.passkeys.of(principal))[0].synced
    for _ in range(3):
        await log_in(world, key)


async def test_a_counter_that_stands_still_betrays_a_copy(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)
    await log_in(world, key)
    for kept in key.kept.values():
        kept.count -= 1
    with pytest.raises(Unauthenticated):
        await log_in(world, key)


async def test_an_answer_is_good_once_even_sent_eight_times_at_once(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator(counts=False)
    await add(world, principal, key)
    ceremony = await world.people.passkeys.begin_login(HERE)
    credential = key.get(ceremony.public_key)
    answers = await asyncio.gather(
        *(world.people.passkeys.finish_login(ceremony.id, credential, HERE) for _ in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(a, OpenedSession) for a in answers) == 1
    assert sum(isinstance(a, Conflict) for a in answers) == 7


async def test_a_ceremony_is_over_after_five_minutes(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)
    ceremony = await world.people.passkeys.begin_login(HERE)
    world.clock.move(minutes=5)
    with pytest.raises(Conflict):
        await world.people.passkeys.finish_login(ceremony.id, key.get(ceremony.public_key), HERE)


async def test_another_ceremonys_answer_another_site_and_no_verification_are_refused(
    world: World,
) -> None:
    passkeys = world.people.passkeys
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)

    one, two = await passkeys.begin_login(HERE), await passkeys.begin_login(HERE)
    with pytest.raises(Unauthenticated):
        await passkeys.finish_login(two.id, key.get(one.public_key), HERE)

    key.origin = "https://phish.example"
    with pytest.raises(Unauthenticated):
        await log_in(world, key)
    key.origin = "http://localhost:8000"

    key.verifies_user = False
    with pytest.raises(Unauthenticated):
        await log_in(world, key)


async def test_a_tampered_signature_and_an_unknown_key_are_refused(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    key = Authenticator()
    await add(world, principal, key)
    ceremony = await world.people.passkeys.begin_login(HERE)
    credential = key.get(ceremony.public_key)
    credential["response"]["signature"] = credential["response"]["signature"][:-8] + "AAAAAAAA"
    with pytest.raises(Unauthenticated):
        await world.people.passkeys.finish_login(ceremony.id, credential, HERE)

    stranger = Authenticator()
    begun = await world.people.passkeys.begin_registration(principal)
    stranger.create(begun.public_key)
    with pytest.raises(Unauthenticated):
        await log_in(world, stranger)


async def test_another_accounts_handle_is_refused(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    other = await world.sign_in("b@example.org")
    key = Authenticator()
    await add(world, principal, key)
    for kept in key.kept.values():
        kept.user_handle = other.account_id.encode()
    with pytest.raises(Unauthenticated):
        await log_in(world, key)


async def test_a_registration_belongs_to_the_session_that_began_it(world: World) -> None:
    mine = await world.who(await world.sign_in("a@example.org"))
    theirs = await world.who(await world.sign_in("b@example.org"))
    ceremony = await world.people.passkeys.begin_registration(mine)
    credential = Authenticator().create(ceremony.public_key)
    with pytest.raises(Conflict):
        await world.people.passkeys.finish_registration(theirs, ceremony.id, credential, name="x")


async def test_a_registration_for_another_site_is_refused(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    ceremony = await world.people.passkeys.begin_registration(principal)
    credential = Authenticator("https://phish.example").create(ceremony.public_key)
    with pytest.raises(Invalid):
        await world.people.passkeys.finish_registration(
            principal, ceremony.id, credential, name="x"
        )


async def test_a_fresh_check_by_passkey_takes_only_ones_own(world: World) -> None:
    opened = await world.sign_in("a@example.org")
    key, foreign = Authenticator(), Authenticator()
    await add(world, await world.who(opened), key)
    await add(world, await world.who(await world.sign_in("b@example.org")), foreign)
    world.clock.move(hours=13)
    stale = await world.who(opened)
    assert not stale.strong
    with pytest.raises(Forbidden):
        await world.people.passkeys.begin_registration(stale)

    passkeys = world.people.passkeys
    begun = await passkeys.begin_fresh(stale)
    with pytest.raises(Unauthenticated):
        await passkeys.finish_fresh(stale, begun.id, foreign.get(begun.public_key))
    begun = await passkeys.begin_fresh(stale)
    await passkeys.finish_fresh(stale, begun.id, key.get(begun.public_key))
    renewed = await world.who(opened)
    assert renewed.strong
    renewed.require_fresh(world.clock.machine())


async def test_a_removed_passkey_opens_nothing(world: World) -> None:
    principal = await world.who(await world.sign_in("a@example.org"))
    other = await world.who(await world.sign_in("b@example.org"))
    key = Authenticator()
    passkey_id = await add(world, principal, key)
    with pytest.raises(NotFound):
        await world.people.passkeys.remove(other, passkey_id)
    await world.people.passkeys.remove(principal, passkey_id)
    with pytest.raises(Unauthenticated):
        await log_in(world, key)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature",
             "userHandle", "attestationObject", "transports"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(garbage=st.dictionaries(st.sampled_from(["id", "rawId", "type", "response"]), _JSON),
       field=st.sampled_from(["clientDataJSON", "attestationObject", "rawId", "id", "type"]),
       value=_JSON)  # fmt: skip
async def test_garbage_is_refused_and_never_crashes(
    world: World, garbage: dict[str, Any], field: str, value: Any
) -> None:
    principal = await world.who(await _once(world))
    for make in (
        lambda good: garbage,
        lambda good: {**good, field: value} if field in good else
        {**good, "response": {**good["response"], field: value}},
    ):  # fmt: skip
        ceremony = await world.people.passkeys.begin_registration(principal)
        credential = make(Authenticator().create(ceremony.public_key))
        with pytest.raises(Problem):
            await world.people.passkeys.finish_registration(
                principal, ceremony.id, credential, name="x"
            )


_KEPT: dict[int, OpenedSession] = {}


async def _once(world: World) -> OpenedSession:
    """One sign-in a world, however many examples run in it."""
    if id(world) not in _KEPT:
        _KEPT[id(world)] = await world.sign_in("a@example.org")
    return _KEPT[id(world)]


def test_the_relying_party_is_the_public_host() -> None:
    party = RelyingParty.of("https://tickets.example.org", "Hall", "android:apk-key-hash:x")
    assert party.id == "tickets.example.org"
    assert party.origins == ("https://tickets.example.org", "android:apk-key-hash:x")
