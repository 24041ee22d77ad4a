"""What a venue's billing system elsewhere would export of simulated people: two plain CSV files.

`python -m tests.stories.elsewhere FOLDER --people 12000` writes them for a try at size.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from churn.simulate.run import Simulation, simulate
from infra.kernel.clock import SystemClock

TABLES = ("people", "subscriptions", "payments", "invoices")
SUBSCRIPTIONS = (
    "subscription_id", "customer_id", "email", "country", "started_on", "ended_on",
    "ended_because", "reason", "plan", "interval_months", "price", "currency",
)  # fmt: skip
PAYMENTS = (
    "payment_id", "invoice_id", "subscription_id", "customer_id", "email", "date", "outcome",
    "decline_reason", "amount", "currency", "attempt", "method", "card_expires", "period_start",
    "period_end",
)  # fmt: skip
ENDED = {"choice": "cancelled", "payment": "unpaid"}
OUTCOMES = {"captured": "paid", "declined": "failed"}


def export(simulation: Simulation, folder: Path) -> tuple[Path, Path]:
    """Write subscriptions.csv (one line a paid subscription) and payments.csv (one an attempt)."""
    one, other = folder / "subscriptions.csv", folder / "payments.csv"
    _write(one, SUBSCRIPTIONS, _subscriptions(simulation))
    _write(other, PAYMENTS, _payments(simulation))
    return one, other


def _write(file: Path, names: tuple[str, ...], lines: Iterator[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as handle:
        out = csv.DictWriter(handle, names)
        out.writeheader()
        out.writerows(lines)


def _rows(simulation: Simulation, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = simulation.tables[table].to_pylist()
    return sorted(rows, key=lambda row: row["event_at"])


def _subscriptions(simulation: Simulation) -> Iterator[dict[str, Any]]:
    country = {row["person"]: row["country"] for row in _rows(simulation, "people")}
    first: dict[str, dict[str, Any]] = {}
    ended: dict[str, dict[str, Any]] = {}
    for row in _rows(simulation, "subscriptions"):
        key = row["subscription_id"]
        if row["change"] == "ended":
            ended[key] = row
        elif row["change"] in {"started", "changed"} and row["price_minor"]:
            first.setdefault(key, row)
    for key, row in first.items():
        end = ended.get(key)
        yield {
            "subscription_id": key,
            "customer_id": row["person"],
            "email": f"{row['person']}@example.org",
            "country": country.get(row["person"], ""),
            "started_on": _time(row["event_at"]),
            "ended_on": _time(end["event_at"]) if end else "",
            "ended_because": ENDED[end["cause"]] if end else "",
            "reason": end["reason"] if end else "",
            "plan": row["plan"],
            "interval_months": row["interval_months"],
            "price": _units(row["price_minor"]),
            "currency": row["currency"],
        }


def _payments(simulation: Simulation) -> Iterator[dict[str, Any]]:
    invoices = {row["invoice_id"]: row for row in _rows(simulation, "invoices")}
    for row in _rows(simulation, "payments"):
        if not row["subscription_id"]:
            continue
        bill = invoices.get(row["invoice_id"], {})
        yield {
            "payment_id": row["payment_id"],
            "invoice_id": row["invoice_id"],
            "subscription_id": row["subscription_id"],
            "customer_id": row["person"],
            "email": "",
            "date": _time(row["event_at"]),
            "outcome": OUTCOMES.get(row["outcome"], row["outcome"]),
            "decline_reason": row["decline"],
            "amount": _units(row["amount_minor"]),
            "currency": row["currency"],
            "attempt": row["attempt"] or "",
            "method": row["method"],
            "card_expires": _time(row["card_expires_at"]),
            "period_start": _time(bill.get("period_start")),
            "period_end": _time(bill.get("period_end")),
        }


def _time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _units(minor: int) -> str:
    return str(Decimal(minor).scaleb(-2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    until = SystemClock().machine()
    export(simulate(given.seed, 2.0, given.people, until, only=TABLES), given.folder)


if __name__ == "__main__":
    main()
