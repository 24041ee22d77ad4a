"""What somebody typed into a form, read into the domain's own requests; mistakes name the field.

Everything typed is kept as text, so that a form with a mistake shows again what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from infra.kernel.errors import Invalid
from infra.kernel.money import exponent
from paywall.pages.console.nav import N_

T = TypeVar("T")

LONGEST = 20_000
FILL_IN = N_("Fill this in.")
NO_NUMBER = N_("Give a whole number.")
NO_AMOUNT = N_("Give an amount, such as 12.00.")
NO_MOMENT = N_("Give a day and a time.")
NOT_SO = N_("This does not have the right form.")

_AT = re.compile(r"at `\$\.?([a-z_]+)")
_PREFIXED_ID = re.compile(r"[a-z]{2,5}_[0-9a-z]{26}")


class Typed:
    """The fields of one posted form."""

    def __init__(self, fields: list[tuple[str, Any]]) -> None:
        self._all = [(name, str(value)[:LONGEST]) for name, value in fields]
        self.values: dict[str, str] = dict(self._all)

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def many(self, name: str) -> list[str]:
        return [value for key, value in self._all if key == name]

    def pairs(self) -> list[tuple[str, str]]:
        return list(self._all)

    def flag(self, name: str) -> bool:
        return self.values.get(name, "") == "yes"

    def fresh_id(self, prefix: str) -> str:
        """The id that the form brought along, so that sending it twice makes one thing."""
        value = self.text("form_id")
        if not _PREFIXED_ID.fullmatch(value) or not value.startswith(prefix + "_"):
            raise Invalid("form_id", N_("Open this form again; it is out of date."))
        return value

    def whole(self, name: str, otherwise: int | None = None) -> int | None:
        """A whole number, or `otherwise` where nothing was typed."""
        text = re.sub(r"[\s\u202f\u00a0]", "", self.text(name))
        if not text:
            return otherwise
        if not re.fullmatch(r"-?\d{1,15}", text):
            raise Invalid(name, NO_NUMBER)
        return int(text)

    def version(self) -> int:
        """The version of the row that the form was made from."""
        return self.whole("version", 0) or 0

    def seconds(self, name: str, unit_s: int, otherwise: int = 0) -> int:
        """A duration typed in hours or minutes, decimals allowed, in seconds."""
        text = self.text(name).replace(",", ".")
        if not text:
            return otherwise
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise Invalid(name, N_("Give a number.")) from None
        if not value.is_finite() or not 0 <= value <= 1_000_000:
            raise Invalid(name, N_("Give a number."))
        return int(value * unit_s)

    def minor(self, name: str, currency: str) -> int | None:
        """An amount in the currency's smallest unit; None where nothing was typed."""
        text = re.sub(r"[\s\u202f\u00a0]", "", self.text(name)).replace(",", ".")
        if not text:
            return None
        if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text):
            raise Invalid(name, NO_AMOUNT)
        value = Decimal(text).scaleb(exponent(currency))
        if value != value.to_integral_value():
            raise Invalid(name, N_("This currency has fewer decimals."))
        return int(value)

    def moment(self, name: str, zone: str) -> datetime | None:
        """A wall-clock time of the zone, as `datetime-local` sends it; None where empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            raise Invalid(name, NO_MOMENT) from None
        if not 1990 < local.year < 2300:
            raise Invalid(name, NO_MOMENT)
        return local

    def bps(self, name: str, otherwise: int | None = None) -> int | None:
        """A percentage in basis points: 5.5 is 550."""
        text = self.text(name).replace(",", ".").rstrip("% \u202f\u00a0")
        if not text:
            return otherwise
        if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", text):
            raise Invalid(name, N_("Give a percentage, such as 5.5."))
        return int(Decimal(text) * 100)


def needed(value: T | None, name: str) -> T:
    if value is None or value == "":
        raise Invalid(name, FILL_IN)
    return value


def ask(kind: type[T], /, **members: Any) -> T:
    """The domain's request from typed members; its bounds become Invalid with the field's name."""
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _AT.search(message)
        raise Invalid(found[1] if found else "form", _plain(message)) from error


_WORDS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"of length >= (\d+)", lambda m: FILL_IN),
    (r"of length <= (\d+)", lambda m: N_("This is too long.")),
    (r"matching regex", lambda m: NOT_SO),
    (r"`(int|float)` [<>]= ", lambda m: N_("This number is out of range.")),
)


def _plain(message: str) -> str:
    for pattern, words in _WORDS:
        found = re.search(pattern, message)
        if found is not None:
            return words(found)
    return NOT_SO


def local_text(at: datetime | None, zone: str) -> str:
    """A moment as a `datetime-local` field shows it in the zone."""
    return "" if at is None else at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def amount_text(minor: int | None, currency: str) -> str:
    """An amount as a field shows it: 1299 EUR is 12.99."""
    return "" if minor is None else f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def bps_text(bps: int) -> str:
    """Basis points as a percentage: 550 is 5.5."""
    return f"{Decimal(bps) / 100:f}"


def hours_text(seconds: int) -> str:
    hours = Decimal(seconds) / 3600
    return f"{hours:f}" if hours != hours.to_integral_value() else str(int(hours))
