"""From a secret to a principal: one statement, and nobody for whatever is not right."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from infra.kernel.errors import Forbidden, NotFound, Unauthenticated
from paywall.accounts.principal import INSTALLATION, NOBODY
from paywall.accounts.roles import Permission, Role
from tests.accounts.world import World


async def test_a_session_with_many_roles_costs_one_statement(world: World) -> None:
    venue_id = await world.venue()
    opened = await world.sign_in("a@example.org")
    await world.staff("a@example.org", venue_id, Role.OWNER, Role.SCANNER)
    await world.staff("a@example.org", INSTALLATION, Role.REVIEWER)
    made = await world.people.api_keys.create(
        await world.strong(opened), venue_id, "Till", [Permission.ORDERS_READ]
    )
    sent: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(world.db.engine.sync_engine, "before_cursor_execute", note)
    principal = await world.who(opened)
    assert principal.memberships == {
        venue_id: frozenset({Role.OWNER, Role.SCANNER}),
        INSTALLATION: frozenset({Role.REVIEWER}),
    }
    assert (await world.who(made.secret)).api_key_id == made.key.id
    assert len(sent) == 2


@pytest.mark.parametrize("secret", ["", "x", "pws_", "pwk_", "pws_unknown", "pwk_test_unknown"])
async def test_anything_else_is_nobody(world: World, secret: str) -> None:
    assert await world.who(secret) == NOBODY


async def test_a_strong_permission_says_what_is_missing_in_order(world: World) -> None:
    venue_id = await world.venue()
    now = world.clock.machine()
    opened = await world.sign_in("o@example.org")
    with pytest.raises(Unauthenticated):
        NOBODY.require(Permission.ORDERS_REFUND, venue_id, now=now)
    with pytest.raises(NotFound):
        (await world.who(opened)).require(Permission.ORDERS_REFUND, venue_id, now=now)
    await world.staff("o@example.org", venue_id, Role.FINANCE)
    weak = await world.who(opened)
    with pytest.raises(Forbidden) as refusal:
        weak.require(Permission.ORDERS_REFUND, venue_id, now=now)
    assert refusal.value.code == "second_factor_needed"
    strong = await world.strong(opened)
    strong.require(Permission.ORDERS_REFUND, venue_id, now=now)
    world.clock.move(minutes=10)
    with pytest.raises(Forbidden) as refusal:
        strong.require(Permission.ORDERS_REFUND, venue_id, now=world.clock.machine())
    assert refusal.value.code == "fresh_check_needed"
