"""Every feature of every person as of a moment, as one Ibis expression over the facts.

Only expressions that compile on DuckDB and on Spark alike: no functions of our own inside. Facts
enter through `Facts.table`, so nothing that was known later is seen; what happened later is taken
away here, but for what is announced (concerts) or agreed (ends of periods, cards, discounts).

Days are whole days of 24 hours counted back or forward from the moment, rounded down; where a
calendar day matters (days with watching) it is the day in UTC.
"""

from __future__ import annotations

from ibis.expr.types import Table, Value

from churn.feature_list import FEATURES, Feature, FeatureKind
from churn.features import contacts, payments, people, season, subscriptions, watching
from churn.lake import Facts

ALWAYS = {
    "may_write": 0, "subscribed": 0, "trial": 0, "plan_changes_365": 0, "came_back": 0,
    "payment_failed": 0, "declines_90": 0, "paid_365_minor": 0, "orders_365": 0, "refunds_365": 0,
    "active_days_30": 0, "active_days_90": 0, "minutes_30": 0, "minutes_before_30": 0,
    "minutes_trend": 0, "concerts_90": 0, "devices_90": 0, "failed_starts_30": 0,
    "bad_stream_1": 0, "cases_90": 0, "open_case": 0, "mails_30": 0, "visits_30": 0,
    "cancel_visits_30": 0, "concerts_next_30": 0,
}  # fmt: skip
"""What is true of a person of whom the tables say nothing; all other features are null then."""


def features(facts: Facts) -> Table:
    """One row a person known at `facts.as_of`: `person`, `currency`, then FEATURES in order.

    A person is known from the first people, subscription, payment, order or viewing row. Numbers
    are float64 and null where there is nothing to know; categories are text, null where unknown.
    Money is in the person's currency (of the subscription, else of the last payment or purchase);
    amounts in another currency are not in it.
    """
    subscribed = subscriptions.of_person(facts)
    paid = payments.of_person(facts)
    watched = watching.of_person(facts)
    table = people.of_person(facts, [subscribed, paid, watched])
    for block in (subscribed, paid, watched):
        table = _join(table, block.drop("first_at"))
    for block in (
        contacts.support(facts), contacts.messages(facts), contacts.consents(facts),
        contacts.visits(facts),
    ):  # fmt: skip
        table = _join(table, block)
    table = season.beside(facts, payments.in_currency(facts, people.with_currency(table)))
    return table.select("person", "currency", **{f.name: _cast(table, f) for f in FEATURES})


def _join(table: Table, block: Table) -> Table:
    return table.left_join(block, "person").drop("person_right")


def _cast(table: Table, feature: Feature) -> Value:
    value = table[feature.name]
    if feature.kind is FeatureKind.CATEGORY:
        return value.nullif("")
    number = value.cast("int64") if value.type().is_boolean() else value
    number = number.cast("float64")
    return number.fill_null(ALWAYS[feature.name]) if feature.name in ALWAYS else number
