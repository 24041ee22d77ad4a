"""Bounds on strangers' input (law 14): texts, times and numbers that every request body shares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from infra.kernel.errors import Invalid

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,5}_[0-9a-z]{26}$",
        max_length=32,
        description="An id that we gave.",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=160)]
Line = Annotated[str, Meta(max_length=200)]
Markdown = Annotated[str, Meta(max_length=20_000, description="Markdown; HTML in it is cut out.")]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=63)]
Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217, such as EUR.", examples=["EUR"])
]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Zone = Annotated[
    str, Meta(min_length=1, max_length=64, description="IANA time zone.", examples=["Europe/Paris"])
]
CouponText = (
    Annotated[
        str,
        Meta(
            max_length=40,
            description="A code, in any case. Empty, blank or null: none.",
            examples=["EARLYBIRD"],
        ),
    ]
    | None
)
Address = Annotated[str, Meta(max_length=500)]
Moment = Annotated[
    datetime,
    Meta(tz=True, description="RFC 3339 with an offset.", examples=["2026-11-22T20:00:00Z"]),
]
Minor = Annotated[
    int, Meta(ge=0, le=200_000_000, description="In the currency's smallest unit: cents, yen.")
]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body: unknown members are refused, and texts hold nothing a database refuses."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            _bounded(field, getattr(self, field))


def _bounded(field: str, value: object) -> None:
    """NUL is no text for PostgreSQL; a moment near year 1 or 9999 can't be turned into UTC."""
    if isinstance(value, str):
        # A pattern's $ lets a last line feed through, so that lines are refused here.
        breaks = "\n\r\t" if field.endswith("_md") or field == "address" else ""
        bad = next((c for c in value if ord(c) < 32 and c not in breaks), None)
        if bad is not None:
            raise Invalid(field, f"Leave out the control character U+{ord(bad):04X}.")
    elif isinstance(value, datetime):
        if not (EARLIEST <= value <= LATEST):
            raise Invalid(field, "Use a time between the years 2000 and 2200.")
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _bounded(field, item)


class MoneyAsk(Ask, frozen=True):
    """An amount to charge, in the currency's smallest unit."""

    amount: Minor
    currency: Currency


UNSET = msgspec.UNSET
Unset: TypeAlias = msgspec.UnsetType


def changes(ask: msgspec.Struct) -> dict[str, Any]:
    """The members that a PATCH body really holds; a null is a value, an absent one is not there."""
    return {
        field: getattr(ask, field)
        for field in ask.__struct_fields__
        if getattr(ask, field) is not UNSET
    }
