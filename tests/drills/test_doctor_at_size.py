"""The doctor over a hundred thousand paid orders: how long, how large, and what it still names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec
import pytest

from infra.kernel.clock import SystemClock
from infra.kernel.ids import new_id
from paywall.checkout.announce import Announcer
from paywall.checkout.deliver import deliver
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.place_orders import paid_order, place, take_places
from tests.cli.breaches import APART, BREACHES, Scene, planted
from tests.stories.hall import MASTER, URL, Hall
from tests.stories.test_money import on_air

pytestmark = pytest.mark.drill
ORDERS = int(os.environ.get("PAYWALL_TEST_ORDERS", "100000"))
GOOD = "4242 4242 4242 4242"


# A child's peak counts its parent's size until exec, so a small parent starts it.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


class Report(msgspec.Struct, frozen=True):
    """One run of `paywall doctor` as a process."""

    wrong: list[str]
    took_s: float
    resident_mib: float


async def sold(hall: Hall, requests: Sequence[OrderRequest]) -> list[str]:
    now = hall.clock.machine()
    announcer = Announcer(hall.parts.outbox, URL)
    async with hall.db.transaction() as tx:
        placed = await place(tx, requests, paid=True, machine_now=now)
        shelves = {item.shelf.offer.id: item.shelf for item in placed}
        paid = [paid_order(item) for item in placed]
        await deliver(tx, paid, announcer, machine_now=now, shelves=shelves)
        await take_places(tx, placed, announcer, now)
    return [request.order_id for request in requests]


async def many_orders(hall: Hall) -> Scene:
    _, offer_id = await on_air(hall)
    till: list[str] = []
    for start in range(0, ORDERS, 1000):
        batch = [
            OrderRequest(
                order_id=new_id("ord"),
                venue_id=hall.venue_id,
                offer_id=offer_id,
                email=f"b{n}@example.org",
            )
            for n in range(start, min(start + 1000, ORDERS))
        ]
        ordered = await sold(hall, batch)
        till = till or ordered
    card = (await (await hall.buyer()).checkout(offer_id, GOOD)).json()["order_id"]
    return Scene(
        now=hall.clock.machine(), venue_id=hall.venue_id, offer_id=offer_id, till=till, card=card
    )


def doctor(hall: Hall) -> Report:
    """The command as an operator runs it; its memory is the most that it ever held."""
    environment = os.environ | {
        "PAYWALL_DATABASE_URL": hall.db.engine.url.render_as_string(hide_password=False),
        "PAYWALL_DATA_DIR": str(hall.settings.data_dir),
        "PAYWALL_MASTER_SECRET": MASTER,
    }
    watch = SystemClock()
    begun = watch.monotonic()
    command = [sys.executable, "-m", "paywall.cli", "doctor", "--json"]
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took_s = watch.monotonic() - begun
    wrong = [finding["what"] for finding in json.loads(ran.stdout) if not finding["good"]]
    assert ran.returncode == (1 if wrong else 0), ran.stderr
    return Report(wrong, took_s, int(ran.stderr.split()[-1]) / 1024)


async def test_the_doctor_names_every_breach_among_many_orders(hall: Hall) -> None:
    watch = SystemClock()
    begun = watch.monotonic()
    scene = await many_orders(hall)
    written_s = watch.monotonic() - begun
    well = doctor(hall)
    assert not well.wrong, well.wrong
    begun = watch.monotonic()
    await hall.healthy()
    here_s = watch.monotonic() - begun
    # What makes the venue live comes last: nothing of a live venue's tests waits for anybody.
    for late in (False, True):
        expected = [
            (breach.sentence, await planted(hall.db, breach, scene))
            for breach in BREACHES
            if (breach.sentence == APART) is late
        ]
        ill = doctor(hall)
        for sentence, named in expected:
            about = [what for what in ill.wrong if what.startswith(sentence)]
            assert about, (sentence, ill.wrong)
            assert all(name in about[0] for name in named), (about, named)
    kind = "SQLite" if hall.db.is_sqlite else "PostgreSQL"
    print(
        f"drill doctor on {kind}: ok, {ORDERS} orders written in {written_s:.0f} s, examined in"
        f" {here_s:.1f} s (as a command {well.took_s:.1f} s and {well.resident_mib:.0f} MiB),"
        f" {len(BREACHES)} planted breaches all named in {ill.took_s:.1f} s, no random choice"
    )
