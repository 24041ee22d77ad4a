"""Cells of files that people open in a spreadsheet: none is taken for a formula (law 14)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula; a plain number stays a number."""
    if text.startswith(_DANGEROUS) and not _is_number(text):
        return "'" + text
    return text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV of these rows, each text neutral, nothing for None."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([neutral(column) for column in columns])
    for row in rows:
        writer.writerow(["" if cell is None else neutral(str(cell)) for cell in row])
    return out.getvalue()


def _is_number(text: str) -> bool:
    body = text[1:]
    return text[0] in "+-" and body.replace(".", "", 1).isdigit() and body.isascii()
