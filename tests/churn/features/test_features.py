"""Features of people whose lives are told in rows, and the future, which must not be found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from churn.feature_list import FEATURES, FeatureKind
from churn.features import features
from churn.lake import Facts
from infra.kernel.facts import TABLES, Kind
from tests.churn.history import History, at

pytestmark = pytest.mark.slow
AS_OF = "2026-03-31 12:00"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def table(facts: Facts) -> dict[str, dict[str, Any]]:
    rows = features(facts).to_pyarrow().to_pylist()
    found = {row["person"]: row for row in rows}
    assert len(found) == len(rows), "one row a person"
    return found


def ann(history: History) -> dict[str, Any]:
    return table(history.facts(AS_OF))["ann"]


def test_every_feature_is_there_in_order_as_a_number_or_a_category(history: History) -> None:
    history.person("ann", "2026-01-01", country="FR")
    found = features(history.facts(AS_OF))
    assert list(found.columns) == ["person", "currency", *(f.name for f in FEATURES)]
    for feature in FEATURES:
        wanted = "string" if feature.kind is FeatureKind.CATEGORY else "float64"
        assert str(found[feature.name].type()) == wanted, feature.name


def test_nobody_known_gives_no_rows(history: History) -> None:
    assert table(history.facts(AS_OF)) == {}


def test_a_person_of_whom_nothing_more_is_known(history: History) -> None:
    history.person("ann", "2026-03-01", country="FR", language="fr", source="search")
    row = ann(history)
    assert (row["country"], row["language"], row["source"]) == ("FR", "fr", "search")
    assert row["tenure_days"] == 30
    assert row["subscribed"] == row["declines_90"] == row["paid_365_minor"] == row["may_write"] == 0
    assert row["minutes_trend"] == 0
    for name in ("plan", "renews_in_days", "days_since_watched", "satisfaction", "open_share_90"):
        assert row[name] is None, name


def test_the_latest_version_of_a_person_counts_and_the_earlier_one_before_it_was_known(
    history: History,
) -> None:
    history.person("ann", "2026-01-01", country="FR")
    history.person("ann", "2026-01-01", country="DE", known="2026-04-02")
    assert ann(history)["country"] == "FR"
    assert table(history.facts("2026-04-03"))["ann"]["country"] == "DE"


def test_who_only_watched_or_bought_is_known_too(history: History) -> None:
    history.watched("bea", "2026-03-01 20:00", 10)
    history.bought("cem", "2026-03-02")
    found = table(history.facts(AS_OF))
    assert found["bea"]["tenure_days"] == 29
    assert found["cem"]["currency"] == "EUR"


def test_the_future_is_not_found(history: History) -> None:
    """In every table: what happens later, and what happened before but was known later."""
    _a_year_of_everything(history)
    before = ann(history)
    _plant_the_future(history)
    assert ann(history) == before
    later = table(history.facts("2027-06-01"))["ann"]
    differing = {name for name in before if later[name] != before[name]}
    assert differing >= {
        "country", "tier", "paid_365_minor", "declines_90", "refunds_365", "minutes_30",
        "open_case", "may_write", "cancel_visits_30", "days_since_concert", "open_share_90",
    }, "the planted rows must have mattered, had they been seen"  # fmt: skip


def _a_year_of_everything(history: History) -> None:
    history.person("ann", "2025-04-01", country="FR")
    history.change("ann", "2025-04-01", "started", period_end="2026-04-10")
    history.paid("ann", "2026-03-10", card_expires_at="2027-01-31")
    history.bought("ann", "2026-02-01")
    history.watched("ann", "2026-03-20 20:00", 60)
    history.add("support", "2026-03-01", person="ann", case_id="c", state="solved", satisfaction=4)
    history.mailed("ann", "2026-03-15", "m1", "opened")
    history.said("ann", "2026-01-01", yes=True)
    history.add("visits", "2026-03-30", person="ann", visit_id="v", page="event")
    history.add("concerts", "2026-03-20", concert_id="con_1", state="published")
    history.add("concerts", "2026-04-20", known="2026-03-01", concert_id="con_2", state="published")
    history.add(
        "invoices", "2026-03-10", person="ann", invoice_id="i", subscription_id="sub-ann",
        state="paid", total_minor=1000, currency="EUR", period_end=at("2026-04-10"),
    )  # fmt: skip


def _plant_the_future(history: History) -> None:
    """Twice each: happened later and known at once; happened before and known later."""
    planted: dict[str, dict[str, Any]] = {
        "people": {"fact_id": "people-ann", "country": "XX"},
        "subscriptions": {
            "subscription_id": "sub-ann", "change": "changed", "plan": "x", "tier": "premium",
            "interval_months": 1, "price_minor": 9, "list_minor": 9, "currency": "USD",
        },
        "invoices": {
            "fact_id": "invoices-1", "subscription_id": "sub-ann", "state": "paid",
            "period_end": at("2028-01-01"),
        },
        "payments": {
            "outcome": "declined", "amount_minor": 5, "currency": "EUR", "attempt": 9,
            "card_expires_at": at("2030-01-01"),
        },
        "orders": {
            "order_id": "o9", "state": "paid", "total_minor": 77, "refunded_minor": 7,
            "currency": "EUR",
        },
        "viewing": {"watched_s": 6000.0, "failed": True, "device": "tv", "concert_id": "con_9"},
        "support": {"case_id": "c9", "state": "open", "satisfaction": 1},
        "messages": {"message_id": "m9", "kind": "marketing", "change": "sent"},
        "consents": {"purpose": "venue_news", "granted": False},
        "visits": {"visit_id": "v9", "page": "cancel"},
        "concerts": {"concert_id": "con_9", "state": "published"},
        "grants": {"grant_id": "g9", "state": "active"},
        "assignments": {"action_id": "a9", "arm": "treated"},
    }  # fmt: skip
    assert set(planted) == {table.name for table in TABLES}, "a new table needs its future here"
    for spec in TABLES:
        row = dict(planted[spec.name])
        if "person" in spec.names:
            row["person"] = "ann"
        for column in spec.columns:
            assert column.kind is not Kind.WHOLE or isinstance(row.get(column.name, 0), int)
        history.add(spec.name, "2026-03-30", known="2026-04-01", **row)
        history.add(spec.name, "2027-05-20", known="2027-05-20", **row)
        if spec.name != "concerts":  # what is announced may be known of
            early = at(AS_OF) - timedelta(days=1)
            history.add(
                spec.name, "2027-05-21", known=early, **{**row, "fact_id": f"{spec.name}-f"}
            )
