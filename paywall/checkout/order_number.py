"""The short number of an order: what pages, mails and receipts call it. Pure."""

from __future__ import annotations


def short_number(order_id: str) -> str:
    """An order's id as people read it out: the last ten characters, in capitals."""
    return order_id[-10:].upper()
