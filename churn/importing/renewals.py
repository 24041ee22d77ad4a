"""People who asked to leave and stayed, where a history says only that they asked.

Many billing systems export the asking and not its withdrawal. Who was charged again for what
comes after the end of the paid period has withdrawn, at the latest, at that end.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow.dataset as pads

from churn.lake import SCHEMAS, Lake

NOT_IMPORTED = ("paywall", "simulated")
"""Origins that say a withdrawal themselves."""
_READ = ("subscriptions", "payments", "invoices")
_STAYED = """
WITH asked AS (
    SELECT * FROM subscriptions
    WHERE change = 'cancel_asked' AND subscription_id <> '' AND origin NOT IN (SELECT unnest($ours))
),
money AS (
    SELECT subscription_id, event_at, known_at FROM payments WHERE outcome = 'captured'
    UNION ALL
    SELECT subscription_id, coalesce(period_start, event_at), known_at
    FROM invoices WHERE state = 'paid'
),
renewed AS (
    -- A day of grace: some charge the night before the period ends.
    SELECT a.*, m.event_at AS paid_at, m.known_at AS paid_known_at
    FROM asked a JOIN money m USING (subscription_id)
    WHERE m.event_at > a.event_at
        AND m.event_at >= coalesce(a.period_end - INTERVAL 1 DAY, a.event_at)
        AND NOT EXISTS (
            FROM subscriptions s
            WHERE s.subscription_id = a.subscription_id
                AND s.change IN ('cancel_withdrawn', 'ended', 'started', 'cancel_asked')
                AND s.event_at > a.event_at AND s.event_at <= m.event_at
        )
    QUALIFY row_number() OVER (PARTITION BY a.fact_id ORDER BY m.event_at, m.known_at) = 1
)
SELECT * EXCLUDE (paid_at, paid_known_at) REPLACE (
    fact_id || ':stayed' AS fact_id,
    'cancel_withdrawn' AS change,
    least(paid_at, coalesce(period_end, paid_at)) AS event_at,
    greatest(paid_known_at, known_at) AS known_at,
    CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS period_end
)
FROM renewed
"""


def stayed(lake: Lake, venue_id: str) -> list[dict[str, Any]]:
    """A `cancel_withdrawn` for each asking that a later charge contradicts, as rows of
    `subscriptions`. The same ones each time, so that what the lake has already is recognised.

    It happened when the paid period ended, or at the charge if that was earlier, and was known
    when the charge was: as of a moment between the two, the person had left.
    """
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as con:
        con.execute("SET TimeZone = 'UTC'")
        for table in _READ:
            paths = lake.files_of(table, venue_id)
            kept = pads.dataset(paths, SCHEMAS[table], format="parquet", filesystem=lake.files)
            con.register(table, kept)
        found = con.sql(_STAYED, params={"ours": list(NOT_IMPORTED)}).to_arrow_table()
    rows: list[dict[str, Any]] = found.select(SCHEMAS["subscriptions"].names).to_pylist()
    return rows
