"""What views share: money and times, as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from infra.kernel.bounds import Currency
from infra.kernel.money import Money


class MoneyView(msgspec.Struct, frozen=True):
    """An amount in the currency's smallest unit: 1299 EUR is 12.99 euros, 1299 JPY 1299 yen."""

    amount: Annotated[int, Meta(examples=[1299])]
    currency: Currency


def money(amount: Money) -> MoneyView:
    return MoneyView(amount.minor, amount.currency)


def utc(at: datetime) -> datetime:
    """As views give times: UTC, whole seconds, so that JSON reads 2026-11-22T20:00:00Z."""
    return at.astimezone(UTC).replace(microsecond=0)


def utc_or_none(at: datetime | None) -> datetime | None:
    return None if at is None else utc(at)
