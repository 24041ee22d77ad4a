"""A venue's history told in rows, for tests: `history.paid("ann", "2026-01-05", 900)`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from churn.lake import Facts, Lake

VENUE = "ven_1"


def at(moment: str | datetime) -> datetime:
    """`2026-01-05` or `2026-01-05 20:00`, in UTC."""
    if isinstance(moment, datetime):
        return moment
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


class History:
    """Collects rows; `facts` writes them to a lake and reads it as of a moment.

    What a row doesn't say is empty; `known` is when it happened unless told.
    """

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(str(folder / "lake"))
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def add(
        self, table: str, when: str | datetime, *, known: str | datetime = "", **row: Any
    ) -> None:
        rows = self.rows.setdefault(table, [])
        row.setdefault("fact_id", f"{table}-{len(rows) + 1}")
        rows.append({"event_at": at(when), "known_at": at(known or when), "origin": "test", **row})

    def person(self, person: str, when: str, **row: Any) -> None:
        self.add("people", when, person=person, **{"fact_id": f"people-{person}", **row})

    def change(
        self, person: str, when: str, change: str, price: int = 1000, *, months: int = 1, **row: Any
    ) -> None:
        """A change in the person's only subscription, 10.00 EUR monthly of `basic` unless told."""
        told = {
            "subscription_id": f"sub-{person}", "plan": "monthly", "tier": "basic",
            "list_minor": price, "currency": "EUR", **row,
        }  # fmt: skip
        for name in ("discount_until", "trial_until", "period_end"):
            if name in told:
                told[name] = at(told[name])
        self.add(
            "subscriptions", when, person=person, change=change, price_minor=price,
            interval_months=months, **told,
        )  # fmt: skip

    def paid(self, person: str, when: str, amount: int = 1000, **row: Any) -> None:
        told = {"outcome": "captured", "currency": "EUR", "attempt": 1, "method": "card", **row}
        if "card_expires_at" in told:
            told["card_expires_at"] = at(told["card_expires_at"])
        self.add("payments", when, person=person, amount_minor=amount, **told)

    def bought(self, person: str, when: str, total: int = 1200, **row: Any) -> None:
        told = {
            "order_id": f"order-{len(self.rows.get('orders', ()))}", "state": "paid",
            "currency": "EUR", "offer_kind": "stream_ticket", "quantity": 1, "list_minor": total,
            "refunded_minor": 0, **row,
        }  # fmt: skip
        self.add("orders", when, person=person, total_minor=total, **told)

    def watched(self, person: str, when: str, minutes: float, **row: Any) -> None:
        told = {"concert_id": "con_1", "kind": "live", "device": "web", "failed": False, **row}
        end = at(when) + timedelta(minutes=minutes)
        self.add(
            "viewing", when, **{"known": end, "person": person, "watched_s": minutes * 60.0, **told}
        )

    def said(self, person: str, when: str, *, yes: bool) -> None:
        self.add("consents", when, person=person, purpose="venue_news", granted=yes)

    def mailed(self, person: str, when: str, message_id: str, *changes: str) -> None:
        for change in ("sent", *changes):
            self.add(
                "messages", when, person=person, message_id=message_id, kind="marketing",
                change=change,
            )  # fmt: skip

    def facts(self, as_of: str) -> Facts:
        for table, rows in self.rows.items():
            self.lake.write_rows(table, VENUE, rows, "told")
        return Facts.of_lake(self.lake, VENUE, at(as_of))
