"""What checkout, payment and receipt pages show of an order or a quote. Pure but for the reads."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from functools import lru_cache
from typing import Any

from infra.kernel.money import Money
from offers.quote import Quote
from paywall.checkout.shelf import Shelf, opens
from paywall.checkout.tables import Order, OrderLine
from paywall.pages.cards import poster_url
from paywall.pages.i18n import Translator
from paywall.pages.site import AnyRequest
from paywall.pages.words import kind_name, line_detail, opens_text, tax_label

# ISO 3166-1 codes that CLDR lists as territories but from which nobody pays.
_NO_PAYERS = {
    "AQ",
    "BV",
    "HM",
    "TF",
    "UM",
    "ZZ",
    "EU",
    "EZ",
    "UN",
    "QO",
    "XA",
    "XB",
    "AC",
    "CP",
    "CQ",
    "DG",
    "EA",
    "IC",
    "TA",
}


@lru_cache(maxsize=40)
def country_options(locale: Translator) -> list[tuple[str, str]]:
    """Every country by its name in the reader's language, sorted by it without accents."""
    names = {str(code): str(name) for code, name in locale.locale.territories.items()}
    codes = [c for c in names if len(c) == 2 and c.isalpha() and c not in _NO_PAYERS]
    return sorted(((code, names[code]) for code in codes), key=lambda pair: _plain(pair[1]))


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text)
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold()


def guessed_country(request: AnyRequest, otherwise: str) -> str:
    """The region of the reader's first language, such as CH in fr-CH; else the venue's country."""
    first = request.headers.get("accept-language", "")[:100].split(",")[0].split(";")[0]
    region = first.strip().replace("_", "-").split("-")[-1]
    return region.upper() if "-" in first and len(region) == 2 and region.isalpha() else otherwise


def _head(shelf: Shelf) -> dict[str, Any] | None:
    if shelf.event is None:
        return None
    return {
        "title": shelf.event.name,
        "poster_url": poster_url(shelf.event),
        "starts_at": shelf.event.starts_at,
        "tz": shelf.event.timezone,
        "venue_name": shelf.venue.name,
    }


def _name(locale: Translator, shelf: Shelf) -> str:
    name = shelf.offer.name or kind_name(locale, shelf.offer.kind)
    return name if shelf.event is not None or shelf.title in name else f"{shelf.title} · {name}"


def _tz(shelf: Shelf) -> str:
    return shelf.event.timezone if shelf.event is not None else shelf.venue.timezone


def quote_summary(locale: Translator, shelf: Shelf, quote: Quote, now: datetime) -> dict[str, Any]:
    """See order_summary.html. What it opens is said as if it were bought now."""
    opened = opens(shelf, now)
    discounts = []
    if quote.discount:
        label = locale.gettext("Code %(code)s") % {"code": quote.coupon_code}
        discounts.append({"label": label, "amount": -quote.discount})
    return {
        "event": _head(shelf),
        "kind": shelf.offer.kind.value,
        "lines": [
            {
                "name": _name(locale, shelf),
                "detail": opens_text(locale, shelf.offer, opened, _tz(shelf)),
                "amount": quote.subtotal,
            }
        ],
        "discounts": discounts,
        "taxes": _taxes(locale, quote.tax_bps, quote.tax),
        "total": quote.total,
        "held_until": None,
        "tz": _tz(shelf),
    }


def order_summary(
    locale: Translator,
    order: Order,
    line: OrderLine,
    shelf: Shelf,
    *,
    held_until: datetime | None = None,
) -> dict[str, Any]:
    """The same of an order, with the prices of then."""
    opened = opens(shelf, order.paid_at or order.created_at)
    detail = opens_text(locale, shelf.offer, opened, _tz(shelf))
    many = line_detail(locale, line.quantity, Money(line.unit_minor, order.currency))
    discounts = []
    if order.discount_minor:
        label = locale.gettext("Code %(code)s") % {"code": order.coupon_code}
        discounts.append({"label": label, "amount": -order.discount})
    return {
        "event": _head(shelf),
        "lines": [
            {
                "name": _name(locale, shelf),
                "detail": f"{many}. {detail}" if many else detail,
                "amount": Money(order.subtotal_minor, order.currency),
            }
        ],
        "discounts": discounts,
        "taxes": _taxes(locale, order.tax_bps, order.tax),
        "total": order.total,
        "held_until": held_until,
        "tz": _tz(shelf),
    }


def _taxes(locale: Translator, bps: int, amount: Money) -> list[dict[str, Any]]:
    return [{"label": tax_label(locale, bps), "amount": amount}] if bps else []
