"""`python -m tests.bench.features`: the feature table of 200,000 subscribers, 10 million viewings.

Beside it the machine's own limit in the same run: DuckDB's plain count and sum a person over the
viewing files. Each is measured in a process of its own: seconds, CPU seconds, peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from churn.features import features
from churn.lake import Facts, Lake
from infra.kernel.facts import BY_NAME, Kind

VENUE = "ven_bench"
AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
TYPES = {
    Kind.TEXT: "VARCHAR", Kind.WHOLE: "BIGINT", Kind.NUMBER: "DOUBLE", Kind.YES: "BOOLEAN",
    Kind.TIME: "TIMESTAMPTZ",
}  # fmt: skip
CONCERTS = 200


class Measured(msgspec.Struct):
    """What one process took."""

    name: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float


def generate(root: Path, people: int, viewings: int) -> None:
    """Two years of facts, drawn by DuckDB from hashes: the same ones each time."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    con.execute(
        "CREATE MACRO draw(i, salt) AS (hash(i * 64 + salt) % 1000000) / 1000000.0;"
        "CREATE MACRO named(n) AS 'p' || lpad(n::VARCHAR, 9, '0');"
        "CREATE MACRO gone(days) AS"
        " TIMESTAMPTZ '2026-10-01 00:00:00Z' - to_seconds(days * 86400.0);"
    )
    for table, count, columns in _tables(people, viewings):
        told = {"fact_id": f"'{table}-' || i", "origin": "'bench'", **columns}
        told.setdefault("known_at", told["event_at"])
        chosen = ", ".join(
            f"({told.get(c.name, _nothing(c.kind))})::{TYPES[c.kind]} AS {c.name}"
            for c in BY_NAME[table].columns
        )
        con.execute(
            f"COPY (SELECT *, '{VENUE}' AS venue, strftime(known_at, '%Y-%m') AS month"
            f" FROM (SELECT {chosen} FROM range({count}) t(i))) TO '{root}/{table}'"
            " (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (venue, month))"
        )


def _nothing(kind: Kind) -> str:
    return "''" if kind is Kind.TEXT else "NULL"


def _tables(people: int, viewings: int) -> list[tuple[str, int, dict[str, str]]]:
    """(table, rows, column -> SQL of `i`)."""
    own, anybody = f"named(i % {people})", f"named(hash(i * 64 + 1) % {people})"
    country = "['FR','DE','ES','IT'][1 + (i % 4)]"
    bill = {"person": own, "subscription_id": f"'s' || (i % {people})"}
    month = f"(i // {people}) * 30.4 + draw(i % {people}, 2) * 30"
    return [
        ("people", people, {
            "person": own, "event_at": "gone(740 * draw(i, 3))", "country": country,
            "language": "['fr','de','es','it'][1 + (i % 4)]", "source": "'search'",
        }),
        ("subscriptions", 2 * people, {
            **bill, "event_at": f"gone(CASE WHEN i < {people} THEN 400 + 300 * draw(i, 4) ELSE "
            "400 * draw(i, 4) END)",
            "change": f"CASE WHEN i < {people} THEN 'started' WHEN draw(i, 5) < 0.3 THEN 'ended' "
            "ELSE 'changed' END",
            "plan": f"CASE WHEN i < {people} THEN 'monthly' ELSE 'premium' END", "tier": "'basic'",
            "interval_months": "1", "price_minor": "900", "list_minor": "1000",
            "currency": "'EUR'", "period_end": "gone(-20)",
        }),
        ("invoices", 12 * people, {
            **bill, "event_at": f"gone({month})", "invoice_id": "'i' || i", "state": "'paid'",
            "total_minor": "900", "currency": "'EUR'", "period_end": f"gone({month} - 30)",
        }),
        ("payments", 12 * people, {
            **bill, "event_at": f"gone({month})", "payment_id": "'y' || i",
            "outcome": "CASE WHEN draw(i, 6) < 0.05 THEN 'declined' ELSE 'captured' END",
            "amount_minor": "900", "currency": "'EUR'", "attempt": "1", "method": "'card'",
            "card_expires_at": f"gone(-900 * draw(i % {people}, 7))",
        }),
        ("orders", people, {
            "person": anybody, "event_at": "gone(730 * draw(i, 8))", "order_id": "'o' || i",
            "state": "'paid'", "total_minor": "1200", "list_minor": "1200", "refunded_minor": "0",
            "currency": "'EUR'", "offer_kind": "'stream_ticket'", "quantity": "1",
        }),
        ("viewing", viewings, {
            "person": anybody, "event_at": "gone(0.3 + 730 * draw(i, 9))",
            "known_at": "gone(730 * draw(i, 9))", "session_id": "'w' || i",
            "concert_id": f"'c' || (hash(i) % {CONCERTS})",
            "kind": "['live','replay'][1 + (i % 2)]", "watched_s": "round(9000 * draw(i, 10))",
            "startup_ms": "round(300 + 4000 * draw(i, 11))",
            "rebuffer_s": "round(90 * draw(i, 12))", "failed": "draw(i, 13) < 0.01",
            "device": "['web','phone','tv'][1 + (i % 3)]",
            "country": country,
        }),
        ("support", people // 4, {
            "person": anybody, "event_at": "gone(730 * draw(i, 14))", "case_id": "'k' || i",
            "state": "'solved'", "satisfaction": "1 + i % 5", "topic": "'access'",
        }),
        ("messages", 12 * people, {
            "person": anybody, "event_at": "gone(365 * draw(i // 2, 15))",
            "message_id": "'m' || (i // 2)", "kind": "'marketing'",
            "change": "['sent','opened'][1 + (i % 2)]",
        }),
        ("consents", people, {
            "person": own, "event_at": "gone(730 * draw(i, 16))", "purpose": "'venue_news'",
            "granted": "draw(i, 17) < 0.6",
        }),
        ("visits", 10 * people, {
            "person": anybody, "event_at": "gone(365 * draw(i, 18))", "visit_id": "'v' || i",
            "page": "CASE WHEN i % 100 = 0 THEN 'cancel' ELSE 'event' END",
        }),
        ("concerts", CONCERTS, {
            "event_at": "gone(730 * i / 190.0 - 30)", "known_at": "gone(735)",
            "concert_id": "'c' || i", "state": "'published'", "name": "'Concert ' || i",
        }),
    ]  # fmt: skip


def plain(root: Path) -> int:
    """The limit: one count and one sum a person, of the same viewing files."""
    files = f"{root}/viewing/venue={VENUE}/*/*.parquet"
    query = f"SELECT person, count(*), sum(watched_s) FROM '{files}' GROUP BY person"
    return len(duckdb.sql(query).to_arrow_table())


def whole(root: Path) -> int:
    """The product's: every feature of everybody, into memory."""
    facts = Facts.of_lake(Lake(str(root)), VENUE, AS_OF)
    return int(features(facts).to_pyarrow().num_rows)


WORK = {"limit: DuckDB, count and sum a person": plain, "every feature of everybody": whole}


def measure(name: str, root: Path) -> Measured:
    start, cpu = time.perf_counter(), time.process_time()
    rows = WORK[name](root)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(name, rows, seconds, cpu_seconds, peak_mib)


def measured(root: Path, people: int, viewings: int) -> list[Measured]:
    """Facts of so many unless the folder has some, then each in a fresh process. This one stays
    small: a child begins with its parent's peak."""
    if not (root / "viewing").exists():
        root.mkdir(parents=True, exist_ok=True)
        size = ("--people", str(people), "--viewings", str(viewings))
        _itself("--generate", "--lake", str(root), *size)
    return [
        msgspec.json.decode(_itself("--measure", name, "--lake", str(root)), type=Measured)
        for name in WORK
    ]


def _itself(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.bench.features", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--viewings", type=int, default=10_000_000)
    parser.add_argument("--lake", type=Path, help="Keep the facts in this folder, or take them.")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.generate:
        generate(given.lake, given.people, given.viewings)
        return
    if given.measure:
        sys.stdout.write(json.dumps(msgspec.structs.asdict(measure(given.measure, given.lake))))
        return
    with TemporaryDirectory() as name:
        root = given.lake or Path(name)
        for row in measured(root, given.people, given.viewings):
            sys.stdout.write(
                f"{row.name}: {row.rows:,} rows in {row.seconds:.1f} s ({row.cpu_seconds:.1f} s of "
                f"CPU), peak {row.peak_mib:,.0f} MiB\n"
            )


if __name__ == "__main__":
    main()
