"""A venue's subscribers with a known truth, as facts in memory; seeds are printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table as Expression

from churn.feature_list import FEATURES, FeatureKind
from churn.lake import SCHEMAS, Facts
from infra.kernel.facts import BY_NAME, Kind

BEGAN = datetime(2025, 8, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)

Lake = dict[str, list[dict[str, Any]]]


def subscribers(
    people: int = 300, seed: int = 3, months: int = 15, began: datetime = BEGAN
) -> Lake:
    """Monthly subscribers, who come within 90 days. Who watches little leaves; whose card is old
    is declined."""
    print(f"lives: seed {seed}, {people} people")
    rng = np.random.default_rng(seed)
    lake: Lake = {name: [] for name in BY_NAME}
    for number in range(people):
        person, country = f"p{number:05d}", ("FR", "DE")[number % 2]
        begins = began + timedelta(days=int(rng.integers(0, 90)))
        lake["people"].append(_fact(person, begins, person=person, country=country, language="fr"))
        _change(lake, person, begins, "started")
        keen, card_old = bool(rng.random() < 0.6), bool(rng.random() < 0.3)
        for month in range(months):
            at = begins + timedelta(days=30 * month)
            if at >= NOW:
                break
            _pay(lake, person, at, declined=card_old and rng.random() < 0.5)
            keen = keen if rng.random() < 0.85 else not keen
            for visit in range(8 if keen else 1):
                moment = at + timedelta(days=2 + 3 * visit)
                if moment < NOW:
                    _watch(lake, person, moment)
            if month and rng.random() < (0.02 if keen else 0.25):
                ends = at + timedelta(days=30)
                _change(lake, person, at + timedelta(days=26), "cancel_asked")
                if ends < NOW:
                    _change(lake, person, ends, "ended", cause="choice")
                break
    return lake


def facts_of(lake: Lake, as_of: datetime = NOW) -> Facts:
    """The rows as a lake's tables; a column that a row lacks is empty text or null."""
    raw = {}
    for name, rows in lake.items():
        empty = {c.name: "" if c.kind is Kind.TEXT else None for c in BY_NAME[name].columns}
        table = pa.Table.from_pylist([{**empty, **row} for row in rows], SCHEMAS[name])
        raw[name] = ibis.memtable(table)
    return Facts(raw, as_of)


def few_features(facts: Facts) -> Expression:
    """A handful of the documented features, the rest empty: enough to learn these lives from."""
    as_of = ibis.literal(facts.as_of)
    people = facts.table("people")
    month = facts.as_of - timedelta(days=30)
    watched = (
        facts.table("viewing")
        .filter(lambda t: (t.event_at > ibis.literal(month)) & (t.event_at <= as_of))
        .group_by("person")
        .aggregate(minutes_30=lambda t: t.watched_s.sum() / 60, active_days_30=lambda t: t.count())
    )
    paid = (
        facts.table("payments")
        .filter(lambda t: t.event_at <= as_of)
        .group_by("person")
        .aggregate(
            declines_90=lambda t: (t.outcome == "declined").sum(),
            paid_365_minor=lambda t: t.amount_minor.sum(where=t.outcome == "captured"),
        )
    )
    joined = people.left_join(watched, "person").left_join(paid, "person")
    tenure = (as_of.epoch_seconds() - joined.event_at.epoch_seconds()) / 86400
    made = {
        "country": joined.country,
        "language": joined.language,
        "tenure_days": tenure,
        "minutes_30": joined.minutes_30.fill_null(0),
        "active_days_30": joined.active_days_30.fill_null(0),
        "declines_90": joined.declines_90.fill_null(0),
        "paid_365_minor": joined.paid_365_minor.fill_null(0),
        "month": ibis.literal(facts.as_of.strftime("%m")),
    }
    columns = {}
    for feature in FEATURES:
        kind = "string" if feature.kind is FeatureKind.CATEGORY else "float64"
        columns[feature.name] = made.get(feature.name, ibis.null()).cast(kind)
    return joined.select(person=joined.person, currency=ibis.literal("EUR"), **columns)


def _fact(fact_id: str, at: datetime, **columns: Any) -> dict[str, Any]:
    return {"fact_id": fact_id, "event_at": at, "known_at": at, "origin": "test", **columns}


def _change(lake: Lake, person: str, at: datetime, change: str, **more: Any) -> None:
    row = {
        "person": person, "subscription_id": f"s-{person}", "change": change, "plan": "all",
        "tier": "basic", "interval_months": 1, "price_minor": 900, "list_minor": 900,
        "currency": "EUR", **more,
    }  # fmt: skip
    lake["subscriptions"].append(_fact(f"{person}-{change}-{at:%y%m%d}", at, **row))


def _pay(lake: Lake, person: str, at: datetime, *, declined: bool) -> None:
    row = {
        "person": person, "subscription_id": f"s-{person}", "amount_minor": 900,
        "currency": "EUR", "attempt": 1, "outcome": "declined" if declined else "captured",
    }  # fmt: skip
    lake["payments"].append(_fact(f"{person}-pay-{at:%y%m%d}", at, **row))


def _watch(lake: Lake, person: str, at: datetime) -> None:
    row = {"person": person, "kind": "live", "watched_s": 3600.0, "device": "web"}
    lake["viewing"].append(_fact(f"{person}-see-{at:%y%m%d%H}", at, **row))
