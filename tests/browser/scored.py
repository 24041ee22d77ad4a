"""Writes scores, a model and measured actions into the installation of the environment.

A process of its own (`python -m tests.browser.scored`): Playwright keeps a test's event loop.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select

from churn.effects import Arm, judge
from churn.prediction.causes import Cause
from churn.prediction.tables import ModelFile, ModelRecord, ModelState, PastScore
from churn.simulate import shown
from churn.tables import PersonToday
from churn.triggers.tables import Trigger
from infra.kernel.db import Tx
from infra.kernel.ids import new_id
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.bridges.churn_acts.measure import row_of
from paywall.catalogue.tables import Venue
from tests.churn.prediction.card_figures import figures

PEOPLE = 60
ARMS = {
    "sim_free_weeks": (Arm(900, 830, 900_000, 1_000_000_000, 415_800), Arm(160, 110, 110_000)),
    "sim_plan_advice": (Arm(1100, 850, 900_000, 1_000_000_000, 1_100), Arm(260, 232, 240_000)),
    "sim_coupon": (Arm(300, 260, 280_000, 300_000_000, 150_000), Arm(52, 45, 48_000)),
    "sim_card_mail": (Arm(0, 0), Arm(0, 0)),
}
"""One that helped, one that did harm, one of which it is too early to say, one without people."""


async def write() -> None:
    parts = assemble(load_settings())
    async with parts.db.transaction() as tx:
        venue = await tx.scalar(select(Venue).where(Venue.slug == "la-verriere"))
        assert venue is not None
        now = parts.clock.now(venue.clock_offset_s)
        _people(tx, venue.id, now)
        _model(tx, venue.id, now)
        await shown.put(tx, venue.id, now - timedelta(days=730), now, now + timedelta(days=1))
        for action_id, trigger_id in shown.ids(venue.id).items():
            trigger = await tx.get_one(Trigger, trigger_id)
            tx.add(row_of(trigger, judge(*ARMS[action_id]), now))
    await parts.close()


def _people(tx: Tx, venue_id: str, now: datetime) -> None:
    for number in range(PEOPLE):
        person, risk = f"lea{number:03}", 0.5 / (number + 1)
        reasons = [
            {"feature": "renews_in_days", "value": 12.0, "points": 3.0},
            {"feature": "days_since_watched", "value": 31.0 + number, "points": 9.4},
            {"feature": "country", "value": "BE", "points": -1.0},
        ]
        tx.add(
            PersonToday(
                venue_id=venue_id, person=person, as_of=now, currency="EUR", reasons=reasons,
                plan="Essentiel", value_month_minor=990.0, payment_risk=0.03, risk=risk,
                risk_before=risk / 2, country="BE", days_since_watched=31.0 + number % 20,
            )
        )  # fmt: skip
        for back in (0, 7):
            day = (now - timedelta(days=back)).date()
            tx.add(PastScore(venue_id=venue_id, person=person, day=day, risk=risk))


def _model(tx: Tx, venue_id: str, now: datetime) -> None:
    bands = [
        {"low": 0.0, "high": 1.0, "people": 93, "said": said, "left": came}
        for said, came in ((0.01, 0.0), (0.02, 0.02), (0.05, 0.04), (0.11, 0.13), (0.3, 0.24))
    ]
    model_id = new_id("mdl")
    tx.add(
        ModelRecord(
            id=model_id, venue_id=venue_id, cause=Cause.CHOICE, state=ModelState.CURRENT,
            trained_at=now, learned_from=now - timedelta(days=700), learned_until=now,
            judged_from=now - timedelta(days=60), figures=figures() | {"calibration": bands},
            card="# Choice\n",
        )
    )  # fmt: skip
    tx.add(ModelFile(model_id=model_id, venue_id=venue_id, content=b"model"))


if __name__ == "__main__":
    asyncio.run(write())
