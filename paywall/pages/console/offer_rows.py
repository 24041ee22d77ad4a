"""Offers as rows of a table: on their own page, and on an event's and a season's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from infra.kernel.db import Tx
from offers import sale
from offers.quote import price_now
from offers.tables import Offer, Pool, Price
from paywall.catalogue.tables import Event, Season
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.table import Cell, Row


def columns(desk: Desk) -> list[str]:
    _ = desk.gettext
    return [_("Offer"), _("For"), _("Kind"), _("State"), _("Price now"), _("Sold"), _("Places")]


async def rows(desk: Desk, tx: Tx, offers: Sequence[Offer]) -> list[Row]:
    ids = [offer.id for offer in offers]
    prices = await sale.prices_of(tx, ids)
    pools = await sale.pools_of(tx, ids)
    names = await _scope_names(tx, offers)
    return [
        _row(desk, one, prices[one.id], pools.get(one.id), names.get(one.scope_id, ""))
        for one in offers
    ]


async def options(tx: Tx, offers: Sequence[Offer]) -> list[tuple[str, str]]:
    """Offers to choose from: their name behind what they open, as many are called alike."""
    names = await _scope_names(tx, offers)
    return [(one.id, f"{names.get(one.scope_id, '')} · {one.name}") for one in offers]


async def _scope_names(tx: Tx, offers: Sequence[Offer]) -> dict[str, str]:
    """What the offers open: names of events and seasons, by id."""
    ids = sorted({offer.scope_id for offer in offers})
    names: dict[str, str] = {}
    for model in (Event, Season):
        rows = await tx.execute(select(model.id, model.name).where(model.id.in_(ids)))
        names |= dict(rows.all())
    return names


def _row(desk: Desk, offer: Offer, prices: list[Price], pool: Pool | None, scope: str) -> Row:
    locale = desk.locale
    taken = pool.taken if pool is not None else 0
    capacity = pool.capacity if pool is not None else None
    shown = prices_text(desk, prices, desk.now)
    return Row(
        [
            Cell(offer.name),
            Cell(scope),
            Cell(desk.gettext(words.OFFER_KINDS[offer.kind.value]), raw=offer.kind.value),
            words.state_cell(locale, offer.state.value),
            Cell(shown or "–", raw=shown, num=True),
            Cell(locale.number(taken), raw=taken, num=True),
            Cell(
                desk.gettext("No limit") if capacity is None else locale.number(capacity),
                raw="" if capacity is None else capacity,
                num=True,
            ),
        ],
        desk.url(f"/offers/{offer.id}"),
    )


def prices_text(desk: Desk, prices: Sequence[Price], now: datetime) -> str:
    """What it costs now in each currency."""
    currencies = sorted({price.currency for price in prices})
    valid = [price_now(prices, currency, now) for currency in currencies]
    return " · ".join(desk.locale.money(price.amount) for price in valid if price is not None)
