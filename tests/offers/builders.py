"""Builders of offers, prices and coupons that exist only in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from offers.tables import Coupon, Offer, OfferKind, OfferState, Pool, Price

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def offer(**more: Any) -> Offer:
    values: dict[str, Any] = {
        "id": "ofr_1",
        "venue_id": "ven_1",
        "kind": OfferKind.STREAM_TICKET,
        "scope_kind": "event",
        "scope_id": "evt_1",
        "name": "Billet",
        "state": OfferState.ON_SALE,
        "on_sale_from": None,
        "on_sale_until": None,
        "max_per_order": 10,
        "created_at": NOW,
        "version": 1,
    }
    return Offer(**(values | more))


def price(**more: Any) -> Price:
    values: dict[str, Any] = {
        "id": "prc_1",
        "venue_id": "ven_1",
        "offer_id": "ofr_1",
        "currency": "EUR",
        "minor": 1299,
        "valid_from": None,
        "valid_until": None,
        "created_at": NOW,
    }
    return Price(**(values | more))


def coupon(**more: Any) -> Coupon:
    values: dict[str, Any] = {
        "id": "cpn_1",
        "venue_id": "ven_1",
        "code": "EARLY",
        "percent_bps": 0,
        "minor": 0,
        "currency": "",
        "offer_id": None,
        "valid_from": None,
        "valid_until": None,
        "max_uses": None,
        "max_per_customer": 1,
        "used": 0,
        "created_at": NOW,
        "ended_at": None,
    }
    return Coupon(**(values | more))


def pool(capacity: int | None, taken: int = 0, offer_id: str = "ofr_1") -> Pool:
    return Pool(offer_id=offer_id, venue_id="ven_1", capacity=capacity, taken=taken)
