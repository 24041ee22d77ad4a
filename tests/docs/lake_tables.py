"""The tables of facts in docs/lake.md; `python -m tests.docs.lake_tables` writes them."""

from __future__ import annotations

import re

from infra.kernel.facts import EVERY, TABLES, Column
from tests.docs.guide import DOCS

PAGE = DOCS / "lake.md"
PART = re.compile(r"(?<=<!-- facts -->\n).*(?=<!-- /facts -->)", re.DOTALL)


def rendered() -> str:
    """Every table with its columns, those that all of them share once at the top."""
    parts = ["\n### In every table\n\n" + _columns(EVERY)]
    shared = {column.name for column in EVERY}
    for table in TABLES:
        own = [column for column in table.columns if column.name not in shared]
        kept = " Versioned." if table.versioned else ""
        parts.append(f"\n### {table.name}\n\n{table.meaning}{kept}\n\n" + _columns(own))
    return "".join(parts) + "\n"


def _columns(columns: tuple[Column, ...] | list[Column]) -> str:
    rows = [
        f"| `{c.name}` | {c.kind.value} | {c.meaning.replace('|', chr(92) + '|')} |"
        for c in columns
    ]
    return "\n".join(["| column | kind | |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(PART.sub(lambda _: rendered(), PAGE.read_text()))
