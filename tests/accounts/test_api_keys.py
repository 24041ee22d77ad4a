"""API keys: shown once, scoped, of one mode, revoked at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from infra.kernel.errors import Forbidden, Invalid, NotFound
from paywall.accounts.identify import fingerprint, identify
from paywall.accounts.principal import NOBODY
from paywall.accounts.roles import API_KEY_SCOPES, Permission, Role
from paywall.accounts.sessions import touch
from paywall.accounts.tables import ApiKey
from paywall.catalogue.tables import Mode, Venue
from tests.accounts.world import World

SCOPES = [Permission.ORDERS_READ, Permission.CATALOGUE_READ]


async def test_a_key_acts_for_its_venue_within_its_scopes(world: World) -> None:
    venue_id, other = await world.venue(), await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    made = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    assert made.secret.startswith("pwk_test_")
    assert made.secret.startswith(made.key.shown)
    assert len(made.secret) - len(made.key.shown) >= 39
    key = await world.who(made.secret)
    now = world.clock.machine()
    key.require(Permission.ORDERS_READ, venue_id, now=now)
    with pytest.raises(Forbidden):
        key.require(Permission.ORDERS_REFUND, venue_id, now=now)
    with pytest.raises(NotFound):
        key.require(Permission.ORDERS_READ, other, now=now)


async def test_only_a_hash_and_the_first_characters_are_kept(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    made = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    async with world.db.read() as tx:
        row = await tx.scalar(select(ApiKey))
    assert row is not None
    assert row.secret_hash == fingerprint(made.secret)
    assert made.secret not in str(vars(row))


async def test_a_revoked_key_is_nobody_and_revoking_again_changes_nothing(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    made = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    await world.people.api_keys.revoke(owner, venue_id, made.key.id)
    await world.people.api_keys.revoke(owner, venue_id, made.key.id)
    assert await world.who(made.secret) == NOBODY
    assert (await world.people.api_keys.of(owner, venue_id))[0].revoked_at is not None
    with pytest.raises(NotFound):
        await world.people.api_keys.revoke(owner, venue_id, "key_unknown")


async def test_a_test_key_ends_when_the_venue_goes_live(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    made = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    async with world.db.transaction() as tx:
        await tx.execute(update(Venue).values(mode=Mode.LIVE))
    assert await world.who(made.secret) == NOBODY
    live = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    assert live.secret.startswith("pwk_live_")
    assert (await world.who(live.secret)).key_venue_id == venue_id


async def test_a_scope_of_another_version_gives_nothing_and_fails_nobody(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    odd = await world.people.api_keys.create(owner, venue_id, "Newer", SCOPES)
    other = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    async with world.db.transaction() as tx:
        scopes = "orders.read moon.fly"
        await tx.execute(update(ApiKey).where(ApiKey.id == odd.key.id).values(scopes=scopes))
    async with world.db.glance() as reader:
        secrets = [odd.secret, other.secret]
        found = await identify(reader, secrets, world.clock.machine())
    assert found[odd.secret].key_scopes == {Permission.ORDERS_READ}
    assert found[other.secret].key_scopes == frozenset(SCOPES)


@pytest.mark.parametrize("scope", sorted(set(Permission) - API_KEY_SCOPES))
async def test_what_stays_with_people_is_no_scope(world: World, scope: Permission) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    with pytest.raises(Invalid) as refusal:
        await world.people.api_keys.create(owner, venue_id, "Till", [scope])
    assert refusal.value.field == "scopes"


async def test_a_key_without_scopes_or_name_is_refused(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    with pytest.raises(Invalid):
        await world.people.api_keys.create(owner, venue_id, "Till", [])
    with pytest.raises(Invalid):
        await world.people.api_keys.create(owner, venue_id, "  ", SCOPES)


async def test_last_use_is_noted_once_an_hour(world: World) -> None:
    venue_id = await world.venue()
    owner = await world.staff("o@example.org", venue_id, Role.OWNER)
    made = await world.people.api_keys.create(owner, venue_id, "Till", SCOPES)
    first = world.clock.machine()
    await touch(world.db, await world.who(made.secret), first)
    world.clock.move(minutes=30)
    await touch(world.db, await world.who(made.secret), world.clock.machine())
    assert (await world.people.api_keys.of(owner, venue_id))[0].last_used_at == first
