"""Reads anybody's CSV or Parquet file into columns of text; their meaning is decided later."""

from __future__ import annotations

import csv
import io
import itertools
import warnings
from collections import Counter
from pathlib import Path

import msgspec
import pandas as pd

from churn.problems import NoSuchColumn, UnreadableTable

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Source(msgspec.Struct, frozen=True):
    """How a file was read, so that a reader of the report can object."""

    name: str
    rows: int
    encoding: str = ""
    delimiter: str = ""
    rows_skipped: int = 0
    """Lines with more fields than the header has."""


def read_table(file: Path) -> tuple[pd.DataFrame, Source]:
    """The table and how it was read. CSV columns are text, "" where nothing stands.

    Understood: comma, semicolon, tab or bar; quotes; a byte order mark; UTF-8, UTF-16 or
    Windows-1252; row names without a header (as R writes them). Parquet keeps its types.
    UnreadableTable when it is no table.
    """
    if not file.is_file():
        raise UnreadableTable(f"There is no file {file}.", field="from_csv")
    if file.suffix.lower() in {".parquet", ".pq"}:
        frame = pd.read_parquet(file)
        return frame.rename(columns=str), Source(file.name, len(frame), "parquet")
    text, encoding = _decoded(file)
    delimiter, names = _shape(text, file.name)
    frame, skipped = _parsed(text, delimiter, names, file.name)
    if frame.empty:
        raise UnreadableTable(f"{file.name} has a header and no rows below it.", field="from_csv")
    return frame, Source(file.name, len(frame), encoding, delimiter, skipped)


def _decoded(file: Path) -> tuple[str, str]:
    raw = file.read_bytes()
    if not raw.strip():
        raise UnreadableTable(f"{file.name} is empty.", field="from_csv")
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace"), encoding
    if b"\0" in raw[:4096]:
        raise UnreadableTable(
            f"{file.name} is not text. Export it as CSV (UTF-8) or Parquet.", field="from_csv"
        )
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        # Every byte means something in Latin-1's Windows kin; the five that don't become U+FFFD.
        return raw.decode("cp1252", "replace"), "cp1252"


def _shape(text: str, name: str) -> tuple[str, list[str]]:
    """The delimiter under which most sampled rows have the same number of fields, and the header.

    Decimal commas make the comma vary from row to row, so the semicolon wins where it should.
    """
    sample = list(itertools.islice((line for line in io.StringIO(text, newline="")), SAMPLE_LINES))
    best, best_score, best_rows = ",", 0.0, [[""]]
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows[1:] or rows)
        width, times = widths.most_common(1)[0]
        score = times / max(1, len(rows[1:] or rows)) * min(width, 12) ** 0.5
        # A header of another width is another file's header, or an R file's; of one, a false guess.
        score *= 1.0 if len(rows[0]) == width else 0.5 if len(rows[0]) > 1 else 0.1
        if width > 1 and score > best_score:
            best, best_score, best_rows = delimiter, score, rows
    if best_score == 0.0:
        raise UnreadableTable(
            f"{name} has only one column. Columns are parted by comma, semicolon, tab or bar.",
            field="from_csv",
        )
    header = [field.strip() for field in best_rows[0]]
    body = best_rows[1:]
    if body and all(len(row) == len(header) + 1 for row in body) and any(row[-1] for row in body):
        header = ["row_name", *header]
    return best, header


def _parsed(text: str, delimiter: str, header: list[str], name: str) -> tuple[pd.DataFrame, int]:
    names = _distinct(header)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            frame = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                names=names,
                header=0,
                index_col=False,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                skipinitialspace=True,
                on_bad_lines="warn",
            )
    except (pd.errors.ParserError, ValueError) as error:
        raise UnreadableTable(
            f"{name} can't be read as a table: {str(error).strip()}.", field="from_csv"
        ) from error
    skipped = sum(str(warning.message).count("Skipping line") for warning in said)
    for column in frame.columns:
        # A short line leaves holes even though nothing else is read as missing.
        frame[column] = frame[column].fillna("").str.strip()
    return frame, skipped


def _distinct(header: list[str]) -> list[str]:
    """Column names, each once: the second `x` becomes `x.2`, a nameless one `column_3`."""
    seen: Counter[str] = Counter()
    names = []
    for place, name in enumerate(header, start=1):
        name = name or f"column_{place}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def column_named(frame: pd.DataFrame, wanted: str, option: str) -> str:
    """The table's own spelling of a column; letter case and outer spaces don't matter."""
    if wanted in frame.columns:
        return wanted
    alike = [str(name) for name in frame.columns if str(name).lower() == wanted.strip().lower()]
    if len(alike) == 1:
        return alike[0]
    raise NoSuchColumn(
        f"There is no column {wanted!r} for --{option}. Columns: "
        + ", ".join(str(name) for name in frame.columns[:40])
        + (" ..." if len(frame.columns) > 40 else "")
        + ".",
        field=option,
    )
