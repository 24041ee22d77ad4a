"""The simulated facts are facts: of the contract's shape, in order, and nobody's real."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow.compute as pc
import pytest

from churn.lake import SCHEMAS
from churn.simulate.rules import ACTIONS
from churn.simulate.run import Simulation, simulate
from infra.kernel.facts import TABLES
from tests.churn.simulate.audience import UNTIL, audience

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return audience()


def ask(simulation: Simulation, query: str) -> list[tuple[Any, ...]]:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    for name, table in simulation.tables.items():
        con.register(name, table)
    return con.execute(query).fetchall()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_of_the_contract_is_filled(simulation: Simulation, table: Any) -> None:
    rows = simulation.tables[table.name]
    assert rows.schema == SCHEMAS[table.name]
    assert rows.num_rows > 100
    assert set(pc.unique(rows["origin"]).to_pylist()) == {"simulated"}
    assert pc.max(rows["known_at"]).as_py() <= UNTIL
    if not table.versioned:
        assert len(pc.unique(rows["fact_id"])) == rows.num_rows
    if "person" in table.names:
        assert pc.all(pc.starts_with(rows["person"], "sim7_")).as_py()
    if table.name != "concerts":
        assert pc.all(pc.less_equal(rows["event_at"], rows["known_at"])).as_py()


def test_the_same_seed_gives_the_same_facts_and_another_gives_others() -> None:
    one, again, other = (simulate(seed, 0.5, 300, UNTIL) for seed in (3, 3, 4))
    assert one.tables == again.tables
    assert one.tables["viewing"] != other.tables["viewing"]


def test_no_table_that_is_left_out_changes_who_the_people_are(simulation: Simulation) -> None:
    alone = audience(only=("assignments", "subscriptions"))
    assert set(alone.tables) == {"assignments", "subscriptions"}
    kept = ("person", "event_at", "arm")
    assert alone.tables["assignments"].select(kept) == simulation.tables["assignments"].select(kept)


def test_a_subscription_begins_once_goes_on_and_ends_once(simulation: Simulation) -> None:
    lives = ask(
        simulation,
        "SELECT list(change ORDER BY event_at, known_at) FROM subscriptions "
        "GROUP BY subscription_id",
    )
    after = {
        "": {"trial_started", "started"},
        "trial_started": {"started", "cancel_asked"},
        "started": {"changed", "cancel_asked", "ended", "trial_started"},
        "changed": {"changed", "cancel_asked", "ended"},
        "cancel_asked": {"ended", "cancel_withdrawn", "changed"},
        "cancel_withdrawn": {"changed", "cancel_asked", "ended"},
        "ended": set(),
    }
    for (changes,) in lives:
        for before, change in zip(["", *changes[:-1]], changes, strict=True):
            assert change in after[before], changes


def test_nothing_is_asked_after_the_end_nor_taken_back_before_it_was_asked(
    simulation: Simulation,
) -> None:
    [(late,)] = ask(
        simulation,
        "SELECT count(*) FROM subscriptions a JOIN subscriptions e USING (subscription_id) "
        "WHERE e.change = 'ended' AND a.event_at > e.event_at",
    )
    assert late == 0
    [(early,)] = ask(
        simulation,
        "SELECT count(*) FROM (SELECT change, lag(change) OVER (PARTITION BY subscription_id "
        "ORDER BY event_at) AS before FROM subscriptions WHERE change LIKE 'cancel%') "
        "WHERE change = 'cancel_withdrawn' AND before IS DISTINCT FROM 'cancel_asked'",
    )
    assert early == 0


def test_every_payment_of_a_bill_is_of_its_amount_and_settles_it(simulation: Simulation) -> None:
    wrong = ask(
        simulation,
        """
        WITH bills AS (SELECT invoice_id, max(total_minor) AS total,
                              bool_or(state = 'paid') AS paid FROM invoices GROUP BY ALL)
        SELECT count(*) FROM bills JOIN payments USING (invoice_id)
        WHERE amount_minor <> total OR (outcome = 'captured' AND NOT paid)
        """,
    )
    assert wrong == [(0,)]
    ((bills, paid),) = ask(
        simulation,
        "SELECT count(DISTINCT invoice_id), count(DISTINCT invoice_id) FILTER (WHERE state = "
        "'paid') FROM invoices",
    )
    assert 0.95 < paid / bills < 1


def test_people_watch_less_before_they_leave(simulation: Simulation) -> None:
    """The last month against the one two months before, beside those who stayed in these weeks."""
    (stay,), (leave,) = ask(
        simulation,
        """
        WITH lives AS (SELECT person, min(event_at) FILTER (change = 'started') AS began,
                              min(event_at) FILTER (change = 'cancel_asked') AS went,
                              max(event_at) FILTER (change IN ('ended', 'cancel_asked')) AS over
                       FROM subscriptions WHERE tier <> 'free' GROUP BY person),
             pairs AS (SELECT o.person, l.went, l.person = o.person AS leaves
                       FROM lives l JOIN lives o ON o.began < l.went - INTERVAL 120 DAY
                        AND (o.person = l.person OR o.over IS NULL
                             OR o.over > l.went + INTERVAL 90 DAY)
                       WHERE l.began < l.went - INTERVAL 120 DAY)
        SELECT sum(watched_s) FILTER (event_at > went - INTERVAL 30 DAY)
               / sum(watched_s) FILTER (event_at <= went - INTERVAL 60 DAY)
        FROM pairs JOIN viewing USING (person)
        WHERE event_at < went AND event_at > went - INTERVAL 90 DAY
        GROUP BY leaves ORDER BY leaves
        """,
    )
    assert leave < 0.9 * stay


def test_no_live_concert_is_watched_in_the_summer_pause(simulation: Simulation) -> None:
    found = ask(
        simulation,
        "SELECT count(*) FROM concerts WHERE month(event_at) = 8 "
        "OR (month(event_at) = 7 AND day(event_at) > 12)",
    )
    assert found == [(0,)]
    ((july,),) = ask(simulation, "SELECT count(*) FROM concerts WHERE month(event_at) = 7")
    assert july >= 18  # two festivals


def test_the_held_out_get_nothing_and_cost_nothing(simulation: Simulation) -> None:
    found = ask(
        simulation,
        """
        SELECT action_id, arm, count(*), count(DISTINCT person), sum(cost_minor),
               count(m.person)
        FROM assignments LEFT JOIN (SELECT DISTINCT person, action_id FROM messages
                                    WHERE kind = 'action') m USING (person, action_id)
        GROUP BY ALL
        """,
    )
    counts = {(action, arm): (rows, cost, mailed) for action, arm, rows, _, cost, mailed in found}
    assert all(rows == people for _, _, rows, people, _, _ in found)
    for action in ACTIONS:
        treated, spent, mailed = counts[action.action_id, "treated"]
        held_out, nothing, none = counts[action.action_id, "held_out"]
        assert (nothing, none) == (0, 0)
        assert spent > 0
        assert mailed == (0 if action.act == "webhook" else treated)
        share = held_out / (treated + held_out)
        spread = np.sqrt(action.held_out * (1 - action.held_out) / (treated + held_out))
        assert abs(share - action.held_out) < 3.5 * spread


def test_one_action_a_person(simulation: Simulation) -> None:
    people = simulation.tables["assignments"]["person"]
    assert len(pc.unique(people)) == len(people)


def test_nobody_who_said_no_gets_marketing(simulation: Simulation) -> None:
    found = ask(
        simulation,
        """
        SELECT count(*) FROM messages m ASOF JOIN consents c
        ON m.person = c.person AND m.event_at >= c.event_at
        WHERE m.kind = 'marketing' AND m.change = 'sent' AND NOT c.granted
        """,
    )
    assert found == [(0,)]


def test_cards_expire_and_some_are_renewed_before_they_are_declined(
    simulation: Simulation,
) -> None:
    ((expired, renewed),) = ask(
        simulation,
        """
        SELECT (SELECT count(*) FROM payments WHERE decline = 'expired_card'),
               (SELECT count(*) FROM (SELECT person FROM payments WHERE invoice_id <> ''
                GROUP BY person HAVING count(DISTINCT card_expires_at) > 1))
        """,
    )
    assert expired > 20
    assert renewed > 20
