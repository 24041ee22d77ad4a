"""The doctor names every kind of breach, and nothing else."""

from __future__ import annotations

import pytest

from infra.kernel.ids import new_id
from paywall.cli.doctor import examine
from tests.cli.breaches import BREACHES, Breach, Scene, planted
from tests.stories.hall import Hall
from tests.stories.test_money import on_air

GOOD = "4242 4242 4242 4242"


async def healthy_scene(hall: Hall) -> Scene:
    """Four orders of a till and one paid by card, all in order."""
    _, offer_id = await on_air(hall)
    till = []
    for number in range(4):
        body = {
            "offer_id": offer_id,
            "email": f"b{number}@example.org",
            "payment": {"kind": "external"},
        }
        key = {"Idempotency-Key": new_id("idem")}
        answer = await hall.staff.post("/v1/orders", json=body, headers=key)
        till.append(str(answer.json()["id"]))
    card = (await (await hall.buyer()).checkout(offer_id, GOOD)).json()["order_id"]
    await hall.healthy()
    return Scene(
        now=hall.clock.machine(), venue_id=hall.venue_id, offer_id=offer_id, till=till, card=card
    )


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.plant.__name__)
async def test_a_breach_is_named(hall: Hall, breach: Breach) -> None:
    scene = await healthy_scene(hall)
    named = await planted(hall.db, breach, scene)
    wrong = [finding.what for finding in await examine(hall.parts) if not finding.good]
    (about,) = [what for what in wrong if what.startswith(breach.sentence)]
    assert all(name in about for name in named), (about, named)


async def test_stopped_access_is_no_breach(hall: Hall) -> None:
    scene = await healthy_scene(hall)
    stopped = await hall.staff.post(
        f"{hall.at}/orders/{scene.till[0]}/stop", json={"reason": "A shared password."}
    )
    assert stopped.is_success, stopped.text
    await hall.healthy()
