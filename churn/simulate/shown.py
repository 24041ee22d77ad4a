"""Simulated actions on a venue's list of actions, so that what they changed is measured and shown.

They have ended and never ran here: their people are in the lake alone. No numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

import msgspec
from sqlalchemy import delete

from churn.simulate.rules import ACTIONS
from churn.triggers.acts import Act, Coupon, FreeDays, LetterText, Mail, Webhook, stored
from churn.triggers.ready import BY_KEY
from churn.triggers.tables import SIMULATED, ActionEffect, Trigger, TriggerState
from infra.kernel.bounds import MoneyAsk
from infra.kernel.db import Tx

CURRENCY = "EUR"
"""What simulated people pay in."""


class Look(msgspec.Struct, frozen=True):
    """How one planted action stands on the list. `name` is English, for the catalogues."""

    name: str
    occasion: str
    level: float | None
    act: Act
    cost_minor: int


def _texts(key: str) -> dict[str, LetterText]:
    return BY_KEY[key].texts


LOOKS: Mapping[str, Look] = {
    "sim_free_weeks": Look(
        "Two free weeks after three quiet ones", "silent", 21,
        FreeDays(_texts("risk_rising"), season_id=SIMULATED.ljust(30, "0")), 462,
    ),
    "sim_coupon": Look(
        "5 euros off a ticket after three quiet weeks", "silent", 21,
        Coupon(_texts("bad_stream"), amount_off=MoneyAsk(500, CURRENCY)), 500,
    ),
    "sim_card_mail": Look(
        "A mail before the card expires", "card_expires", 30,
        Mail(_texts("card_expires"), service=True), 1,
    ),
    "sim_plan_advice": Look(
        "A cheaper plan proposed in the app", "always", None, Webhook("plan advice"), 1,
    ),
}  # fmt: skip


def ids(venue_id: str) -> dict[str, str]:
    """The planted actions' ids at one venue: other venues may have them too."""
    return {
        one.action_id: SIMULATED + sha256(f"{venue_id} {one.action_id}".encode()).hexdigest()[:26]
        for one in ACTIONS
    }


async def put(
    tx: Tx, venue_id: str, began: datetime, ended: datetime, machine_now: datetime
) -> None:
    """The planted actions as rows, in place of a former simulation's; due to be measured now."""
    await take_away(tx, venue_id)
    named = ids(venue_id)
    for one in ACTIONS:
        look = LOOKS[one.action_id]
        tx.add(
            Trigger(
                id=named[one.action_id], venue_id=venue_id, name=look.name,
                state=TriggerState.ENDED, occasion=look.occasion, level=look.level,
                who={"type": "all", "of": []}, act=stored(look.act), currency=CURRENCY,
                cost_minor=look.cost_minor, budget_minor=0,
                holdout_bps=round(one.held_out * 10_000), seed="", cursor="",
                created_at=began, started_at=began, ended_at=ended, measure_at=machine_now,
            )
        )  # fmt: skip
    await tx.flush()


async def take_away(tx: Tx, venue_id: str) -> None:
    """No simulated action, and nothing that was measured of one, is left at the venue."""
    mine = [*ids(venue_id).values()]
    await tx.execute(delete(ActionEffect).where(ActionEffect.trigger_id.in_(mine)))
    await tx.execute(delete(Trigger).where(Trigger.id.in_(mine)))
