"""docs/lake.md knows every column; docs/import.md's example does what it says."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from churn.importing.lines import Lines
from churn.importing.mapping import parse, ready
from tests.docs.guide import DOCS, blocks
from tests.docs.lake_tables import PAGE, PART, rendered


def test_the_page_of_the_lake_has_the_columns_of_the_facts() -> None:
    found = PART.search(PAGE.read_text())
    assert found is not None
    assert found[0] == rendered(), "run: python -m tests.docs.lake_tables"


def test_the_example_of_an_import_takes_the_lines_that_it_says() -> None:
    mapping = parse(next(blocks("import.md", "toml")))
    header, *rows = csv.reader(io.StringIO(next(blocks("import.md", "csv"))), delimiter=";")
    lines = Lines(mapping, header, datetime(2026, 11, 20, tzinfo=UTC))
    taken = [fact for row in rows for fact in lines.read(row)]
    assert [(fact.table, fact.row["fact_id"]) for fact in taken] == [
        ("people", "oldbox:4711"),
        ("subscriptions", "oldbox:A-1:started"),
        ("people", "oldbox:4712"),
        ("subscriptions", "oldbox:A-2:started"),
        ("subscriptions", "oldbox:A-2:ended"),
    ]
    assert taken[1].row["price_minor"] == 990
    assert taken[4].row["event_at"] == datetime(2025, 8, 31, 22, tzinfo=UTC)


def test_the_page_of_imports_names_every_ready_mapping() -> None:
    words = (DOCS / "import.md").read_text()
    assert all(f"`{name}`" in words for name in ready())
