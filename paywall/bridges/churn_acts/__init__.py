"""Answers the ports of churn's actions with what the house has: one file an act.

Whatever an act needs is written in the caller's transaction, with the touch's id as its cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement

from churn.ports import Doing, Given, Outcome, Reach
from churn.triggers.acts import (
    Act,
    Coupon,
    FreeDays,
    FreeStream,
    Mail,
    Task,
    Webhook,
)
from infra.kernel.db import Tx
from paywall.bridges.churn_acts import coupon, free_days, free_stream, mail, task, webhook
from paywall.bridges.churn_acts.letters import Letters
from paywall.bridges.churn_acts.outcomes import became
from paywall.bridges.churn_acts.reach import open_case, reach
from paywall.mailings.clicks import Clicks
from paywall.mailings.unsubscribe import Unsubscribes
from paywall.notices.outbox import Outbox


class VenueActs:
    """`churn.ports.Acts` over the database."""

    def __init__(
        self, outbox: Outbox, unsubscribes: Unsubscribes, clicks: Clicks, public_url: str
    ) -> None:
        self._outbox = outbox
        self._letters = Letters(outbox, unsubscribes, clicks, public_url)

    async def reach(self, tx: Tx, venue_id: str, customers: Mapping[str, str]) -> dict[str, Reach]:
        return await reach(tx, venue_id, customers)

    def open_case(
        self, venue_id: str, customer_id: ColumnElement[str | None]
    ) -> ColumnElement[bool]:
        return open_case(venue_id, customer_id)

    async def check(self, tx: Tx, venue_id: str, act: Act, now: datetime) -> None:
        match act:
            case Coupon():
                await coupon.check(tx, venue_id, act)
            case FreeDays():
                await free_days.check(tx, venue_id, act, now)
            case FreeStream():
                await free_stream.check(tx, venue_id, act, now)
            case Webhook():
                await webhook.check(tx, venue_id)

    async def do(self, tx: Tx, doing: Doing) -> Given:
        match doing.act:
            case Mail():
                return await mail.do(tx, doing, doing.act, self._letters)
            case Coupon():
                return await coupon.do(tx, doing, doing.act, self._letters)
            case FreeDays():
                return await free_days.do(tx, doing, doing.act, self._letters, self._outbox)
            case FreeStream():
                return await free_stream.do(tx, doing, doing.act, self._letters, self._outbox)
            case Webhook():
                return await webhook.do(tx, doing, doing.act, self._outbox)
            case Task():
                return await task.do(tx, doing, doing.act)

    async def became(self, tx: Tx, touch_ids: Sequence[str]) -> dict[str, Outcome]:
        return await became(tx, touch_ids)
