"""What webhooks say of grants, refunds, disputes and places: ids, states and amounts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from entitlements.grants import NewGrant
from infra.kernel.clock import iso
from paywall.checkout.announce import money_view
from paywall.notices.emission import Emission
from paywall.payments.tables import Dispute, Refund


def grants_issued(given: Sequence[tuple[str, NewGrant]]) -> list[Emission]:
    return [
        Emission(
            venue_id=grant.venue_id,
            kind="grant.issued",
            cause_id=grant_id,
            data={
                "grant_id": grant_id,
                "customer_id": grant.customer_id,
                "order_id": grant.order_id,
                "scope_kind": grant.scope_kind.value,
                "scope_id": grant.scope_id,
                "starts_at": iso(grant.starts_at),
                "ends_at": iso(grant.ends_at),
            },
        )
        for grant_id, grant in given
    ]


def grants_revoked(
    grant_ids: Sequence[str], *, venue_id: str, order_id: str, reason: str
) -> list[Emission]:
    return [
        Emission(
            venue_id=venue_id,
            kind="grant.revoked",
            cause_id=grant_id,
            data={"grant_id": grant_id, "order_id": order_id, "reason": reason},
        )
        for grant_id in grant_ids
    ]


def refund_failed(refund: Refund) -> Emission:
    return Emission(
        venue_id=refund.venue_id,
        kind="refund.failed",
        cause_id=refund.id,
        data={
            "order_id": refund.order_id,
            "refund_id": refund.id,
            "amount": money_view(refund.amount),
            "failure": refund.failure,
        },
    )


def dispute_told(kind: str, dispute: Dispute) -> Emission:
    """`dispute.opened` or `dispute.closed`.

    A bank may take the money a second time after it was won: that is told anew, so the state that
    it came from is part of the cause. What is opened reads as open.
    """
    return Emission(
        venue_id=dispute.venue_id,
        kind=kind,
        cause_id=f"{dispute.id}.{dispute.state.value}",
        data={
            "order_id": dispute.order_id,
            "payment_id": dispute.payment_id,
            "dispute_id": dispute.id,
            "state": "open" if kind == "dispute.opened" else dispute.state.value,
            "amount": money_view(dispute.amount),
        },
    )


def order_expired(venue_id: str, order_id: str) -> Emission:
    return Emission(
        venue_id=venue_id, kind="order.expired", cause_id=order_id, data={"order_id": order_id}
    )


def sold_out(venue_id: str, offer_id: str, last_cause_id: str) -> Emission:
    """Told again when places came back and went again, so what took the last one is in the cause:
    the order, or the late payment or returned refund by which an order took its place again.
    """
    return Emission(
        venue_id=venue_id,
        kind="offer.sold_out",
        cause_id=f"{offer_id}.{last_cause_id}",
        data={"offer_id": offer_id},
    )
