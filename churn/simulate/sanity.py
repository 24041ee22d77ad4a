"""Is the simulated audience believable? Its figures beside the published ones that they aim at."""

from __future__ import annotations

import duckdb
import msgspec
import numpy as np

from churn.simulate.run import Simulation


class Figure(msgspec.Struct, frozen=True):
    """One figure with the range that it should lie in, and where that range is from."""

    name: str
    value: float
    low: float
    high: float
    source: str

    @property
    def believable(self) -> bool:
        return self.low <= self.value <= self.high


BELIEF = "an assumption"
WANTED: tuple[tuple[str, str, float, float, str], ...] = (
    (
        "subscribers lost a month, % of those at its start",
        "SELECT 100.0 * sum(lost) / sum(base) FROM months WHERE base > 0 AND month > 3",
        4.0, 7.5,
        "5.3 video (Antenna, Sept. 2024), 6.4 media (Recurly), 6.8 consumers (Recurly, 2020)",
    ),
    (
        "of them lost to payments, %",
        "SELECT 100.0 * sum(lost_payment) / sum(lost) FROM months WHERE month > 3",
        18, 40,
        "20 to 40; 1.4 of 5.3 points (Recurly, 2020)",
    ),
    (
        "lost to payments a month, %",
        "SELECT 100.0 * sum(lost_payment) / sum(base) FROM months WHERE base > 0 AND month > 3",
        0.8, 1.9,
        "1.4 (Recurly, 2020)",
    ),
    (
        "trials that became paid, %",
        "SELECT 100.0 * count(*) FILTER (WHERE paid) / count(*) FROM trials",
        33, 57,
        "38.6 media (Recurly, 2021), 57 consumers (Recurly, 2017), 33 (Recurly, 2024)",
    ),
    (
        "first tries of a renewal declined, %",
        "SELECT 100.0 * count(*) FILTER (WHERE outcome = 'declined') / count(*) FROM payments "
        "WHERE invoice_id <> '' AND attempt = 1",
        3, 12,
        "10 to 15 of cards in the US; less where debits are common: " + BELIEF,
    ),
    (
        "declined bills that were paid in the end, %",
        "SELECT 100.0 * count(*) FILTER (WHERE won) / count(*) FROM declined_bills",
        45, 75,
        "47.6 median, 70 the best (vendors, 2026)",
    ),
    (
        "lives that last a year, %",
        "SELECT 100 * survival FROM survived",
        40, 62,
        "45 of first lives (Antenna, 2021-2022)",
    ),
    (
        "leavers who are back within a year, %",
        "SELECT 100.0 * count(*) FILTER (WHERE back) / count(*) FROM returned",
        12, 40,
        "35 (Antenna, 2023) of large services; a hall has less to come back to",
    ),
    (
        "subscribers who watched in a month, %",
        "SELECT 100 * avg(watched) FROM monthly",
        45, 85, BELIEF,
    ),
    (
        "minutes watched a month by those who watched, median",
        "SELECT median(minutes) FROM monthly WHERE minutes > 0",
        60, 260, BELIEF,
    ),
    (
        "the same, upper tenth",
        "SELECT quantile_cont(minutes, 0.9) FROM monthly WHERE minutes > 0",
        200, 800, BELIEF,
    ),
    (
        "live, % of what was watched",
        "SELECT 100 * sum(watched_s) FILTER (WHERE kind = 'live') / sum(watched_s) FROM viewing",
        40, 85, BELIEF,
    ),
    (
        "sessions that never began, %",
        "SELECT 100.0 * count(*) FILTER (WHERE failed) / count(*) FROM viewing",
        0.5, 2.6,
        "2.6 (Conviva, 2015)",
    ),
    (
        "waiting, % of watching",
        "SELECT 100 * sum(rebuffer_s) / sum(watched_s + rebuffer_s) FROM viewing",
        0.2, 1.0,
        "below 0.5 is the aim (Akamai, 2019)",
    ),
    (
        "mails opened by machines, % of all opened",
        "SELECT 100.0 * count(*) FILTER (WHERE change = 'machine_opened') / count(*) FROM messages "
        "WHERE change IN ('opened', 'machine_opened')",
        50, 85,
        "52.7 of opens by people and machines alike (Litmus, July 2022)",
    ),
    (
        "mails clicked, %",
        "SELECT 100.0 * count(*) FILTER (WHERE change = 'clicked') "
        "/ count(*) FILTER (WHERE change = 'sent') FROM messages WHERE kind = 'marketing'",
        1.0, 5.0, BELIEF,
    ),
    (
        "cases a year for 100 customers",
        "SELECT 100.0 * count(DISTINCT case_id) / (SELECT sum(date_diff('day', event_at, "
        "(SELECT max(known_at) FROM people))) / 365.0 FROM people) FROM support",
        10, 70, BELIEF,
    ),
)  # fmt: skip

VIEWS = """
CREATE VIEW lives AS
    SELECT person, subscription_id, min(event_at) FILTER (WHERE change = 'started') AS began,
           min(event_at) FILTER (WHERE change = 'ended') AS ended,
           any_value(cause) FILTER (WHERE change = 'ended') AS cause
    FROM subscriptions WHERE tier <> 'free' GROUP BY ALL HAVING began IS NOT NULL;
CREATE VIEW span AS SELECT min(event_at) AS first, max(known_at) AS last FROM people;
CREATE VIEW starts AS
    SELECT month, first + INTERVAL 30 DAY * month AS month_at FROM span, range(0, 40) t(month)
    WHERE first + INTERVAL 30 DAY * (month + 1) <= last;
CREATE VIEW months AS
    SELECT month, count(*) AS base,
           count(*) FILTER (WHERE ended < month_at + INTERVAL 30 DAY) AS lost,
           count(*) FILTER (WHERE ended < month_at + INTERVAL 30 DAY AND cause = 'payment')
               AS lost_payment
    FROM starts, lives WHERE began <= month_at AND (ended IS NULL OR ended > month_at) GROUP BY ALL;
CREATE VIEW trials AS
    SELECT subscription_id, bool_or(change = 'started' AND tier <> 'free') AS paid
    FROM subscriptions GROUP BY ALL
    HAVING min(event_at) FILTER (WHERE change = 'trial_started')
        < (SELECT last - INTERVAL 15 DAY FROM span);
CREATE VIEW declined_bills AS
    SELECT invoice_id, bool_or(outcome = 'captured') AS won FROM payments
    WHERE invoice_id <> '' GROUP BY ALL
    HAVING bool_or(outcome = 'declined')
       AND min(event_at) < (SELECT last - INTERVAL 20 DAY FROM span);
CREATE VIEW survived AS
    SELECT exp(sum(ln(1 - gone / greatest(here, 1)))) AS survival FROM (
        SELECT week, count(*) FILTER (WHERE weeks >= week) AS here,
               count(*) FILTER (WHERE weeks = week AND ended IS NOT NULL)::DOUBLE AS gone
        FROM range(0, 52) t(week),
             (SELECT ended, date_diff('week', began, coalesce(ended, last)) AS weeks
              FROM lives, span)
        GROUP BY week);
CREATE VIEW returned AS
    SELECT one.subscription_id, bool_or(two.began > one.ended
               AND two.began < one.ended + INTERVAL 365 DAY) AS back
    FROM lives one LEFT JOIN lives two USING (person)
    WHERE one.ended < (SELECT last - INTERVAL 365 DAY FROM span) GROUP BY ALL;
CREATE VIEW monthly AS
    SELECT month_at, lives.person, coalesce(sum(watched_s), 0) / 60 AS minutes,
           (minutes > 0)::INT AS watched
    FROM starts
    JOIN lives ON began <= month_at AND (ended IS NULL OR ended > month_at + INTERVAL 30 DAY)
    LEFT JOIN viewing v ON v.person = lives.person
         AND v.event_at >= month_at AND v.event_at < month_at + INTERVAL 30 DAY
    WHERE month >= 4 GROUP BY ALL;
"""


def figures(simulation: Simulation) -> list[Figure]:
    """What came out, beside what was aimed at."""
    con = duckdb.connect()
    for name, table in simulation.tables.items():
        con.register(name, table)
    con.execute(VIEWS)
    found = []
    for name, query, low, high, source in WANTED:
        row = con.execute(query).fetchone()
        value = float("nan") if row is None or row[0] is None else float(row[0])
        found.append(Figure(name, round(value, 3), low, high, source))
    auc = simulation.oracle_auc
    aim = "what good models of such data reach: " + BELIEF
    return [*found, Figure("ROC-AUC of the true chances, 30 days", round(auc, 4), 0.75, 0.85, aim)]


def effect_of_knowing(simulation: Simulation) -> tuple[float, float]:
    """Mean true chance of asking to leave within 30 days, and how many did: they should agree."""
    chance, came = simulation.truth.judged(simulation.days)
    return float(np.mean(chance)), float(np.mean(came))
