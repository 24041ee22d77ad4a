"""Labelled sentences, and reading them from CSV and TSV files that strangers made."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from infra.kernel.errors import Problem

OOS = "oos"
"""The label of a question that no article answers (out of scope)."""

TEXT_NAMES = ("text", "utterance", "sentence", "question", "query", "phrase", "message", "input")
LABEL_NAMES = ("label", "intent", "category", "class", "target", "article")
LANG_NAMES = ("lang", "language", "locale", "language_code")
FIELD_MAX = 1_000_000
_OOS_SPELLINGS = re.compile(r"^(oos|out[ _-]of[ _-]scope|oos[_-]oos)$", re.IGNORECASE)


class BadTable(Problem):
    """A file that is no table of labelled sentences; the detail says what to change."""

    status = 422
    code = "bad_table"
    title = "The table can't be read"


class Example(msgspec.Struct, frozen=True):
    """One sentence, what it asks for, and its language as its source wrote it ("" if unknown).

    `confirmed` says that somebody asked it and an agent told what it asks for.
    """

    text: str
    intent: str
    lang: str = ""
    confirmed: bool = False


class Table(msgspec.Struct, frozen=True):
    """What a file held. skipped counts rows without a sentence or without a label."""

    examples: list[Example]
    skipped: int
    has_lang: bool


def read_table(path: Path) -> Table:
    """Read a CSV or TSV file with a header; raises BadTable with a sentence about what is wrong.

    Separators are comma, semicolon or tab, whichever the header uses; text is UTF-8 or UTF-16,
    with or without a byte order mark, or else Windows-1252.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadTable(f"{path} can't be read: {error.strerror}.") from error
    text = _decoded(raw)
    if not text.strip():
        raise BadTable(f"{path} is empty.")
    rows = _rows(text, path)
    text_at, label_at, lang_at = _columns(rows[0], path)
    return _table(rows[1:], text_at, label_at, lang_at, path)


def _decoded(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _rows(text: str, path: Path) -> list[list[str]]:
    """Rows of the file. Quotes are honoured where they are balanced, else they are letters."""
    header = text.lstrip("\r\n").splitlines()[0]
    delimiter = max("\t,;", key=header.count)
    csv.field_size_limit(FIELD_MAX)
    try:
        rows = _parsed(text, delimiter, strict=True)
        if _even(rows):
            return rows
    except csv.Error:
        pass
    try:
        bare = _parsed(text, delimiter, quoting=csv.QUOTE_NONE)
        if _even(bare):
            return bare
        return _parsed(text, delimiter)
    except csv.Error as error:
        raise BadTable(f"{path} is not a CSV or TSV table: {error}.") from error


def _parsed(
    text: str, delimiter: str, *, strict: bool = False, quoting: int = csv.QUOTE_MINIMAL
) -> list[list[str]]:
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=strict, quoting=quoting)  # type: ignore[arg-type]
    return [row for row in reader if any(field.strip() for field in row)]


def _even(rows: Sequence[Sequence[str]]) -> bool:
    """Every row as wide as the header: what a wrongly taken quote would break first."""
    return bool(rows) and all(len(row) == len(rows[0]) for row in rows)


def _columns(header: Sequence[str], path: Path) -> tuple[int, int, int | None]:
    names = [name.strip().strip('"').lower().replace(" ", "_") for name in header]

    def find(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    text_at, label_at = find(TEXT_NAMES), find(LABEL_NAMES)
    if text_at is None or label_at is None:
        missing = "text" if text_at is None else "label (or intent)"
        raise BadTable(
            f"{path}: the first line must name the columns, and none is called {missing}; "
            f'it reads "{", ".join(header)[:120]}". Write a header such as text,label,lang.'
        )
    return text_at, label_at, find(LANG_NAMES)


def _table(
    rows: Sequence[Sequence[str]], text_at: int, label_at: int, lang_at: int | None, path: Path
) -> Table:
    examples, skipped = [], 0
    for row in rows:
        if max(text_at, label_at) >= len(row):
            skipped += 1
            continue
        text, label = row[text_at].strip(), row[label_at].strip()
        lang = row[lang_at].strip() if lang_at is not None and lang_at < len(row) else ""
        if not text or not label:
            skipped += 1
            continue
        examples.append(Example(text, OOS if _OOS_SPELLINGS.match(label) else label, lang))
    if not examples:
        raise BadTable(f"{path} has a header and no row with both a text and a label.")
    return Table(examples, skipped, lang_at is not None)
