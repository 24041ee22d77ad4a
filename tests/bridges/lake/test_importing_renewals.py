"""Who asked to leave and was charged again stayed, though no file says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from churn.importing.mapping import parse
from churn.lake import Facts, Lake
from churn.metrics.states import lives
from tests.bridges.lake.test_importing import Desk
from tests.bridges.lake.world import World

CONTRACTS = parse("""
name = "oldbox"
[[facts]]
table = "subscriptions"
id = ["contract", "what", "day"]
person = "client"
[facts.columns]
event_at = "day"
subscription_id = "contract"
change = "what"
interval_months = "=1"
price_minor = { column = "cents", money = "minor" }
list_minor = { column = "cents", money = "minor" }
currency = "=EUR"
period_end = "paid_until"
""")
MONEY = parse("""
name = "oldbox"
[[facts]]
table = "payments"
id = ["ref"]
person = "client"
[facts.columns]
event_at = "day"
subscription_id = "contract"
outcome = "how"
amount_minor = { column = "cents", money = "minor" }
currency = "=EUR"
""")
HEAD = "contract,client,what,day,cents,paid_until\n"
ASKED = "A,ana,started,2025-01-05,990,2025-02-05\nA,ana,cancel_asked,2025-03-20,990,2025-04-05\n"
PAID = "ref,contract,client,day,how,cents\n"


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path)


def still_paying(world: World, on: datetime) -> int:
    facts = Facts.of_lake(Lake(world.root), world.venue.id, on)
    return len([row for row in lives(facts).to_pyarrow().to_pylist() if row["left_at"] is None])


def withdrawn(world: World) -> list[datetime]:
    found = world.rows("subscriptions")
    return [row["event_at"] for row in found if row["change"] == "cancel_withdrawn"]


async def test_a_charge_after_the_paid_period_is_a_change_of_mind(desk: Desk) -> None:
    world = desk.world
    await desk.bring(HEAD + ASKED, CONTRACTS)
    assert still_paying(world, datetime(2025, 6, 1, tzinfo=UTC)) == 0
    paid = PAID + "r1,A,ana,2025-04-05T09:00:00Z,captured,990\n"
    done = await desk.bring(paid, MONEY)
    assert done.stayed == 1
    assert withdrawn(world) == [datetime(2025, 4, 5, tzinfo=UTC)]
    assert still_paying(world, datetime(2025, 6, 1, tzinfo=UTC)) == 1


async def test_the_same_files_again_add_nothing(desk: Desk) -> None:
    paid = PAID + "r1,A,ana,2025-04-05T09:00:00Z,captured,990\n"
    await desk.bring(HEAD + ASKED, CONTRACTS)
    await desk.bring(paid, MONEY)
    assert (await desk.bring(paid, MONEY)).stayed == 0
    assert (await desk.bring(HEAD + ASKED, CONTRACTS)).stayed == 0
    assert len(withdrawn(desk.world)) == 1


@pytest.mark.parametrize(
    ("changes", "money"),
    [
        ("", "r1,A,ana,2025-03-25,captured,990\n"),  # still of the period that runs
        ("", "r1,A,ana,2025-04-05,declined,990\n"),
        ("", "r1,B,ana,2025-04-05,captured,990\n"),
        ("A,ana,ended,2025-04-05,990,\n", "r1,A,ana,2025-05-05,captured,990\n"),
        ("A,ana,cancel_withdrawn,2025-03-30,990,\n", "r1,A,ana,2025-04-05,captured,990\n"),
    ],
)
async def test_what_says_nothing_of_staying_adds_nothing(
    desk: Desk, changes: str, money: str
) -> None:
    await desk.bring(PAID + money, MONEY)
    done = await desk.bring(HEAD + ASKED + changes, CONTRACTS)
    assert done.stayed == 0


async def test_who_stayed_and_left_later_left_later(desk: Desk) -> None:
    await desk.bring(PAID + "r1,A,ana,2025-04-04T23:00:00Z,captured,990\n", MONEY)
    await desk.bring(HEAD + ASKED + "A,ana,ended,2025-08-05,990,\n", CONTRACTS)
    assert withdrawn(desk.world) == [datetime(2025, 4, 4, 23, tzinfo=UTC)]
    facts = Facts.of_lake(
        Lake(desk.world.root), desk.world.venue.id, datetime(2026, 1, 1, tzinfo=UTC)
    )
    (life,) = lives(facts).to_pyarrow().to_pylist()
    assert life["left_at"] == datetime(2025, 8, 5, tzinfo=UTC)
