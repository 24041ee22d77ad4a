"""Lines of a CSV as facts: what each says, or why it is not taken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from churn.importing.cells import Read, Refused, money_reader, reader
from churn.importing.choices import CHOICES, NEEDED
from churn.importing.mapping import CONSTANT, FactsOfLine, FileForm, Mapping, cell_of
from infra.kernel.errors import Invalid
from infra.kernel.facts import BY_NAME, OF_PEOPLE, Kind

ID_MOST = 200
AHEAD = timedelta(minutes=5)
"""Clocks differ by so much; what is later than this is in the future."""


class Taken(msgspec.Struct):
    """A fact of a line; the person is still named as the other system names them."""

    table: str
    row: dict[str, Any]
    external_id: str
    email: str


class Lines:
    """Reads the lines of one file by one mapping, as of `now` (the venue's business time)."""

    def __init__(self, mapping: Mapping, header: Sequence[str], now: datetime) -> None:
        self._width = len(header)
        at: dict[str, int] = {}
        for n, name in enumerate(header):
            at.setdefault(name.strip(), n)
        self._facts = [_Facts(mapping, facts, at, now) for facts in mapping.facts]

    def read(self, line: Sequence[str]) -> Iterator[Taken]:
        """Every fact of a line; Refused for the first cell that can't be taken."""
        if len(line) != self._width:
            raise Refused(
                "", "", f"{len(line)} cells where the header has {self._width}",
                "Look for an unquoted delimiter or line break in it.",
            )  # fmt: skip
        for facts in self._facts:
            if facts.holds(line):
                yield facts.read(line)


class _Facts:
    """One [[facts]] of a mapping over one header."""

    def __init__(
        self, mapping: Mapping, facts: FactsOfLine, at: dict[str, int], now: datetime
    ) -> None:
        _check_header(facts, at)
        self._table = facts.table
        self._of_people = facts.table in OF_PEOPLE
        self._origin = mapping.name
        self._latest = now + AHEAD
        self._id = [_part(part, at) for part in facts.id]
        self._person = at.get(facts.person)
        self._email = at.get(facts.email)
        self._when = [
            (at[when.column], when.filled, _folded(when.is_), _folded(when.is_not))
            for when in facts.when
        ]
        self._columns = list(_readers(facts, mapping.file, at))
        self._needed = NEEDED[facts.table] & set(facts.columns)
        self._named = {name: str(given) for name, given in facts.columns.items()}

    def holds(self, line: Sequence[str]) -> bool:
        for at, filled, is_, is_not in self._when:
            text = line[at].strip().casefold()
            if filled is not None and bool(text) is not filled:
                return False
            if (is_ and text not in is_) or (is_not and text in is_not):
                return False
        return True

    def read(self, line: Sequence[str]) -> Taken:
        row: dict[str, Any] = {name: read(line) for name, read in self._columns}
        for name in self._needed:
            if row[name] is None or row[name] == "":
                raise Refused(
                    name, "", "empty, and the fact needs it",
                    "Fill it in, or leave such lines out with `when` in the mapping.",
                )  # fmt: skip
        parts = [part if isinstance(part, str) else line[part].strip() for part in self._id]
        if not all(parts):
            raise Refused("id", ":".join(parts), "no id", "Name other columns in `id`.")
        row["fact_id"] = f"{self._origin}:{':'.join(parts)}"
        if len(row["fact_id"]) > ID_MOST:
            raise Refused("id", "", f"an id beyond {ID_MOST} characters", "Name shorter columns.")
        row["origin"] = self._origin
        self._date(row)
        external_id = "" if self._person is None else line[self._person].strip()
        email = "" if self._email is None else line[self._email].strip().lower()
        if self._of_people and not external_id and not email:
            raise Refused(
                "person", "", "nobody is named",
                "Fill the person's column, or leave such lines out with `when`.",
            )  # fmt: skip
        return Taken(self._table, row, external_id[:120], email)

    def _date(self, row: dict[str, Any]) -> None:
        """`known_at`, and that nothing is of the future or known before it was."""
        happened = row["event_at"]
        if happened is None:
            raise Refused("event_at", "", "no date", "Fill it in: a fact without one says nothing.")
        known = row.get("known_at")
        if known is None:
            known = row["known_at"] = happened + _lasted(self._table, row)
        if known > self._latest:
            remedy = "Correct the date or its form in the mapping; day and month may be swapped."
            if self._table == "concerts":
                remedy = "A concert to come was announced some day: map known_at to that."
            raise Refused("known_at", known.isoformat(), "in the future", remedy)
        if known < happened and self._table != "concerts":
            raise Refused(
                "known_at", known.isoformat(), "known before it happened",
                "Map known_at to when it was written down, or leave it out.",
            )  # fmt: skip


def _lasted(table: str, row: dict[str, Any]) -> timedelta:
    if table != "viewing":
        return timedelta(0)
    return timedelta(seconds=(row.get("watched_s") or 0.0) + (row.get("rebuffer_s") or 0.0))


def _part(part: str, at: dict[str, int]) -> str | int:
    return part.removeprefix(CONSTANT) if part.startswith(CONSTANT) else at[part]


def _folded(words: list[str]) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words)


def _check_header(facts: FactsOfLine, at: dict[str, int]) -> None:
    named = [part for part in facts.id if not part.startswith(CONSTANT)]
    named += [name for name in (facts.person, facts.email) if name]
    named += [when.column for when in facts.when]
    named += [cell.column for cell in map(cell_of, facts.columns.values()) if cell.column]
    missing = sorted(set(named) - set(at))
    if missing:
        has = ", ".join(at)[:600]
        words = f"The mapping names the column {missing[0]}, which the file lacks. It has: {has}."
        raise Invalid("file", words)


def _readers(
    facts: FactsOfLine, form: FileForm, at: dict[str, int]
) -> Iterator[tuple[str, Callable[[Sequence[str]], Any]]]:
    kinds = {column.name: column.kind for column in BY_NAME[facts.table].columns}
    currency: Read | None = None
    cells = {name: cell_of(given) for name, given in facts.columns.items()}
    if "currency" in cells:
        currency = _currency(reader(cells["currency"], Kind.TEXT, form, at, None))
    for name, cell in cells.items():
        if name == "currency" and currency is not None:
            yield name, currency
        elif cell.money:
            yield name, money_reader(cell, form, at, currency)
        else:
            yield name, reader(cell, kinds[name], form, at, CHOICES.get((facts.table, name)))


def _currency(read: Read) -> Read:
    def upper(line: Sequence[str]) -> str:
        code = str(read(line)).upper()
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise Refused("currency", code, "no currency", "Three letters of ISO 4217, as EUR.")
        return code

    return upper
