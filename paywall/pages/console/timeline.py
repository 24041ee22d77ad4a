"""An offer's prices over time as a picture: one bar a window, today marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from offers.quote import price_now
from offers.tables import Price

WIDTH = 1000
MARGIN = timedelta(days=7)


@dataclass(frozen=True)
class Bar:
    """One stretch during which one price is asked; x and width in thousandths of the picture."""

    price: Price
    starts_at: datetime | None
    ends_at: datetime | None
    x: int
    width: int
    now: bool


@dataclass(frozen=True)
class Lane:
    """The prices of one currency, left to right."""

    currency: str
    bars: Sequence[Bar]
    now_x: int


def lanes(
    prices: Sequence[Price],
    now: datetime,
    on_sale_from: datetime | None = None,
    on_sale_until: datetime | None = None,
) -> list[Lane]:
    """What is asked when, with overlaps resolved as a quote resolves them."""
    edges = sorted(
        {e for p in prices for e in (p.valid_from, p.valid_until) if e is not None}
        | {e for e in (on_sale_from, on_sale_until) if e is not None}
        | {now}
    )
    first, last = edges[0] - MARGIN, edges[-1] + MARGIN
    spread = (last - first).total_seconds()

    def x(at: datetime | None, otherwise: int) -> int:
        if at is None:
            return otherwise
        return round((at - first).total_seconds() / spread * WIDTH)

    result = []
    for currency in sorted({price.currency for price in prices}):
        mine = [price for price in prices if price.currency == currency]
        bars = [
            Bar(
                price, a, b, x(a, 0), x(b, WIDTH) - x(a, 0), price is price_now(mine, currency, now)
            )
            for price, a, b in _stretches(mine, currency)
        ]
        result.append(Lane(currency, bars, x(now, 0)))
    return result


def _stretches(
    prices: Sequence[Price], currency: str
) -> list[tuple[Price, datetime | None, datetime | None]]:
    """(price, from, until) in order of time; gaps are left out, neighbours of one price joined."""
    edges = sorted({e for p in prices for e in (p.valid_from, p.valid_until) if e is not None})
    bounds: list[datetime | None] = [None, *edges, None]
    found: list[tuple[Price, datetime | None, datetime | None]] = []
    for start, end in pairwise(bounds):
        probe = start or (end - timedelta(days=1) if end is not None else None)
        if probe is None:
            price = prices[-1] if prices else None
        else:
            price = price_now(prices, currency, probe)
        if price is None:
            continue
        if found and found[-1][0] is price and found[-1][2] == start:
            found[-1] = (price, found[-1][1], end)
        else:
            found.append((price, start, end))
    return found
