"""Cells of a CSV as values of facts: texts, numbers, money, dates; each refusal with its remedy.

Pure. A reader is made once a column and called for every line, so it looks nothing up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from churn.importing.mapping import Cell, FileForm
from infra.kernel.facts import Kind
from infra.kernel.money import exponent

TEXT_MOST = 500
REMEMBERED = 65536
_YES = frozenset(
    ["1", "true", "t", "yes", "y", "x", "oui", "vrai", "ja", "wahr", "sí", "si", "sim"]
)
_NO = frozenset(["0", "false", "f", "no", "n", "non", "faux", "nein", "falsch", "não", "nao"])
_BLANKS = re.compile(r"[\s  ’']")
_SIGNS = re.compile(r"[€$£¥]|^[A-Z]{3}\s?|\s?[A-Z]{3}$")

Line = Sequence[str]
Read = Callable[[Line], Any]


class Refused(Exception):
    """A cell that can't be taken: why, and what to do about it."""

    def __init__(self, column: str, value: str, why: str, remedy: str) -> None:
        super().__init__(why)
        self.column, self.value, self.why, self.remedy = column, value, why, remedy


def reader(
    cell: Cell, kind: Kind, form: FileForm, header: dict[str, int], choices: frozenset[str] | None
) -> Read:
    """Reads one column of facts from a line. None or empty text where the cell is empty."""
    take = _text(cell, header)
    if kind is Kind.TEXT:
        return _choice(cell, take, choices) if choices else take
    convert: Callable[[str], Any]
    if kind is Kind.TIME:
        convert = _times(cell, form)
    elif kind is Kind.YES:
        convert = _yes(cell)
    else:
        convert = _number(cell, form, whole=kind is Kind.WHOLE)

    def read(line: Line) -> Any:
        text = take(line)
        return convert(text) if text else None

    return read


def money_reader(cell: Cell, form: FileForm, header: dict[str, int], currency: Read | None) -> Read:
    """Minor units of an amount; where it is written in units, the line's currency says of what."""
    take = _text(cell, header)
    number = _decimals(cell, form)

    def read(line: Line) -> int | None:
        text = take(line)
        if not text:
            return None
        amount = number(text)
        if cell.money == "units":
            code = currency(line) if currency is not None else ""
            amount = amount.scaleb(exponent(code or "EUR"))
        if amount < 0 and cell.negative == "flip":
            amount = -amount
        if amount < 0:
            raise Refused(
                cell.column, text, "money below zero",
                'Where the export writes refunds so, say negative = "flip" in the mapping.',
            )  # fmt: skip
        if amount != int(amount):
            raise Refused(
                cell.column, text, "a part of the smallest coin",
                'Say money = "minor" if the amounts are in cents already, or round them.',
            )  # fmt: skip
        return int(amount)

    return read


def _text(cell: Cell, header: dict[str, int]) -> Read:
    if not cell.column:
        constant = cell.value
        return lambda _line: constant
    at = header[cell.column]
    meant = {key.strip().casefold(): value for key, value in cell.values.items()}

    def read(line: Line) -> str:
        text = line[at].strip()
        if meant or cell.otherwise is not None:
            found = meant.get(text.casefold())
            if found is not None:
                return found
            if cell.otherwise is not None:
                return cell.otherwise
            if text:
                raise Refused(
                    cell.column, text, "a value that the mapping does not know",
                    "Add it to `values` in the mapping, or give `otherwise`.",
                )  # fmt: skip
        if len(text) > TEXT_MOST:
            raise Refused(
                cell.column, text, f"longer than {TEXT_MOST} characters", "Shorten it, or leave"
                " the column out: texts this long are no facts.",
            )  # fmt: skip
        return text

    return read


def _choice(cell: Cell, take: Read, choices: frozenset[str]) -> Read:
    listed = ", ".join(sorted(choices))

    def read(line: Line) -> str:
        text: str = take(line)
        if text and text not in choices:
            raise Refused(
                cell.column, text, f"none of {listed}",
                "Say in `values` of the mapping which of these it means.",
            )  # fmt: skip
        return text

    return read


def _decimals(cell: Cell, form: FileForm) -> Callable[[str], Decimal]:
    thousands = "," if form.decimal == "." else "."

    def convert(text: str) -> Decimal:
        plain = _BLANKS.sub("", _SIGNS.sub("", text)).replace(thousands, "")
        try:
            amount = Decimal(plain.replace(form.decimal, "."))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite():
            raise Refused(
                cell.column, text, "no number",
                f'Write numbers with "{form.decimal}" before the decimals, or set file.decimal.',
            )  # fmt: skip
        return amount

    return convert


def _number(cell: Cell, form: FileForm, *, whole: bool) -> Callable[[str], int | float]:
    plain = _decimals(cell, form)
    times = Decimal(str(cell.times))

    def convert(text: str) -> int | float:
        amount = plain(text) * times
        if amount < 0:
            raise Refused(cell.column, text, "below zero", "Correct it, or leave it empty.")
        if not whole:
            return float(amount)
        if amount != int(amount):
            raise Refused(cell.column, text, "no whole number", "Round it, or correct the column.")
        return int(amount)

    return convert


def _yes(cell: Cell) -> Callable[[str], bool]:
    def convert(text: str) -> bool:
        word = text.casefold()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise Refused(
            cell.column, text, "neither yes nor no",
            "Say in `values` of the mapping what means yes and what no.",
        )  # fmt: skip

    return convert


def _times(cell: Cell, form: FileForm) -> Callable[[str], datetime]:
    zone = ZoneInfo(cell.time_zone or form.time_zone)
    forms = cell.dates or form.dates

    @lru_cache(REMEMBERED)
    def convert(text: str) -> datetime:
        for one in forms:
            found = _in_form(text, one)
            if found is not None:
                local = found if found.tzinfo is not None else found.replace(tzinfo=zone)
                return local.astimezone(UTC)
        raise Refused(
            cell.column, text, "no date in the forms that the mapping names",
            f"It names {', '.join(forms)}; add the file's, such as %d/%m/%Y %H:%M.",
        )  # fmt: skip

    return convert


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _in_form(text: str, form: str) -> datetime | None:
    try:
        if form == "iso":
            return datetime.fromisoformat(text.removesuffix(" UTC"))
        if form in {"unix", "unix_ms"}:
            return _EPOCH + timedelta(seconds=float(text) / (1000 if form == "unix_ms" else 1))
        return datetime.strptime(text, form)  # noqa: DTZ007 - the mapping's zone is added after
    except (ValueError, OverflowError):
        return None
