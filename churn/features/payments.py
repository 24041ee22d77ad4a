"""What a person paid, and how it went: attempts to take money, and purchases beside them.

A purchase that no payment row belongs to (sold elsewhere, or imported without its payments) counts
as paid when it was made, and as given back to the extent its own row says.
"""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table

from churn.features.moments import DAY_S, days_since, past, second, within
from churn.lake import Facts
from infra.kernel.clock import epoch_s

BOUGHT = ("paid", "partly_refunded", "refunded")
"""States of an order that was paid, whatever came after."""
TAKING = ("captured", "declined")
GIVEN_BACK = ("refunded", "disputed")
NO_CARD = -1


def of_person(facts: Facts) -> Table:
    """A row a person who was ever charged or bought; all but the sum of money (`in_currency`)."""
    as_of = facts.as_of
    move = moves(facts)
    taking = move.outcome.isin(TAKING)
    declined = move.outcome == "declined"
    returned = move.outcome == "refunded"
    charged = move.group_by("person").agg(
        first_at=move.event_at.min(),
        paid_currency=move.currency.argmax(move.turn),
        last_outcome=move.outcome.argmax(move.turn, where=taking),
        last_expires=_card(move).argmax(move.turn, where=taking),
        last_paid_at=move.event_at.max(where=move.outcome == "captured"),
        declines_90=move.count(where=declined & within(move.event_at, as_of, 90)),
        refunds_365=move.count(where=returned & within(move.event_at, as_of, 365)),
    )
    order = _bought(facts)
    bought = order.group_by("person").agg(
        first_at=order.event_at.min(),
        orders_365=order.order_id.nunique(where=within(order.event_at, as_of, 365)),
    )
    both = charged.outer_join(bought, "person")
    return both.select(
        "declines_90",
        "refunds_365",
        "orders_365",
        "paid_currency",
        person=ibis.coalesce(both.person, both.person_right),
        first_at=ibis.least(both.first_at, both.first_at_right),
        payment_failed=both.last_outcome == "declined",
        days_since_payment=days_since(both.last_paid_at, as_of),
        card_expires_in_days=(both.last_expires.nullif(NO_CARD) - epoch_s(as_of)) // DAY_S,
    )


def in_currency(facts: Facts, table: Table) -> Table:
    """Adds `paid_365_minor`, what was taken less what went back, in the person's `currency`."""
    move = moves(facts)
    year = move.filter(within(move.event_at, facts.as_of, 365))
    taken = year.amount_minor.sum(where=year.outcome == "captured").fill_null(0)
    back = year.amount_minor.sum(where=year.outcome.isin(GIVEN_BACK)).fill_null(0)
    paid = year.group_by("person", "currency").agg(paid_365_minor=taken - back)
    return table.left_join(paid, ["person", "currency"]).drop("person_right", "currency_right")


def moves(facts: Facts) -> Table:
    """Every attempt to take money and every giving back; `turn` says which came last.

    Imports may know days only, so of one moment the higher try came later, and a success after
    a decline.
    """
    paid = past(facts, "payments").filter(lambda t: t.person != "")
    order = _bought(facts)
    unseen = order.filter(order.total_minor > 0).anti_join(
        paid.filter(paid.order_id != ""), "order_id"
    )
    sold = unseen.mutate(
        outcome=ibis.literal("captured"), amount_minor=unseen.total_minor, attempt=1,
        card_expires_at=ibis.null(paid.card_expires_at.type()),
    )  # fmt: skip
    back = unseen.filter(unseen.refunded_minor > 0)
    back = back.mutate(
        outcome=ibis.literal("refunded"), amount_minor=back.refunded_minor, attempt=1,
        card_expires_at=ibis.null(paid.card_expires_at.type()),
    )  # fmt: skip
    columns = ("person", "event_at", "outcome", "amount_minor", "currency", "card_expires_at")
    both = paid.select(*columns, attempt=paid.attempt.fill_null(1))
    for other in (sold, back):
        both = both.union(other.select(*columns, attempt=other.attempt.cast("int64")))
    rank = ibis.least(both.attempt, 63) * 2 + (both.outcome == "captured").cast("int64")
    return both.mutate(turn=second(both.event_at) * 128 + rank)


def _bought(facts: Facts) -> Table:
    bought = past(facts, "orders").filter(lambda t: (t.person != "") & t.state.isin(BOUGHT))
    return bought.mutate(refunded_minor=bought.refunded_minor.fill_null(0))


def _card(move: Table) -> IntegerValue:
    """The second at which the card ends. A number where there is none: engines differ in whether
    the last row's null counts as the last."""
    return second(move.card_expires_at).fill_null(NO_CARD)
