"""`paywall doctor`: proves what must hold, from the rows alone, and names what does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy import Connection, and_, func, inspect, or_, select

from entitlements.tables import Grant, GrantState
from infra.kernel.db import Base, Tx
from infra.kernel.seal import CannotUnseal
from offers.tables import CouponUse, Hold, HoldState, Pool
from paywall.catalogue.tables import Mode, Venue
from paywall.checkout import end_tests
from paywall.checkout.tables import Order, OrderState
from paywall.http.parts import Parts
from paywall.ledger.movements import unbalanced
from paywall.ledger.tables import Posting
from paywall.payments.attention import attention
from paywall.payments.tables import (
    AccountState,
    GatewayAccount,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

SERVED = (OrderState.PAID, OrderState.PARTLY_REFUNDED)
AT_MOST = 20


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: good, or wrong with the ids of what is."""

    good: bool
    what: str


Check = Callable[[Tx], Awaitable[list[str]]]


async def examine(parts: Parts) -> list[Finding]:
    """Every check in turn; reading only."""
    checks: list[tuple[str, Check]] = [
        ("Every table has the columns that this version knows", schema),
        ("Every movement's postings sum to zero", movements),
        ("Per currency all postings sum to zero", currencies),
        ("Every paid order has its grant", grants),
        ("No order that was refunded in full opens a door", shut),
        ("Every paid order's money is booked once", booked),
        ("No captured payment is left without its order's knowing", captured),
        ("No payment gave back more than it took", back),
        ("What went back of an order is what its refunds and lost disputes say", given_back),
        ("Places taken are places held or sold", pools),
        ("Live venues have no test gateway and no moved clock, and tests are closed", apart),
        ("Nothing about money waits for a person", waiting),
    ]
    findings = []
    async with parts.db.read() as tx:
        for sentence, check in checks:
            wrong = await check(tx)
            findings.append(_finding(sentence, wrong))
        findings.append(
            _finding("Sealed credentials open with this master secret", await _sealed(parts, tx))
        )
    return findings


def _finding(sentence: str, wrong: list[str]) -> Finding:
    if not wrong:
        return Finding(good=True, what=f"{sentence}.")
    more = f" and {len(wrong) - AT_MOST} more" if len(wrong) > AT_MOST else ""
    return Finding(good=False, what=f"{sentence}: not so for {', '.join(wrong[:AT_MOST])}{more}.")


async def schema(tx: Tx) -> list[str]:
    """The database's own tables against the models; a start only reads the step's number."""
    return await (await tx.connection()).run_sync(_differences)


def _differences(connection: Connection) -> list[str]:
    found = {
        name: {str(column["name"]) for column in columns}
        for (_, name), columns in inspect(connection).get_multi_columns().items()
    }
    wrong = []
    for table in Base.metadata.sorted_tables:
        if table.name not in found:
            wrong.append(f"{table.name} (missing)")
            continue
        known = {column.name for column in table.columns}
        for column in sorted(known ^ found[table.name]):
            kind = "missing" if column in known else "unknown"
            wrong.append(f"{table.name}.{column} ({kind})")
    return wrong


async def movements(tx: Tx) -> list[str]:
    return [
        f"{movement} ({amount} {currency})" for movement, currency, amount in await unbalanced(tx)
    ]


async def currencies(tx: Tx) -> list[str]:
    total = func.sum(Posting.minor)
    query = select(Posting.currency, total).group_by(Posting.currency).having(total != 0)
    return [f"{currency}: {int(amount)}" for currency, amount in await tx.execute(query)]


async def grants(tx: Tx) -> list[str]:
    """A paid order without a grant that is not taken back: the buyer paid and can't come in.

    Where staff stopped the access themselves, or ended the tests, that is as they want it.
    """
    left = and_(
        Grant.order_id == Order.id,
        or_(Grant.state != GrantState.REVOKED, Grant.reason == end_tests.REASON),
    )
    query = (
        select(Order.id)
        .outerjoin(Grant, left)
        .where(Order.state.in_(SERVED), Order.stopped_at.is_(None), Grant.id.is_(None))
        .limit(1000)
    )
    return list(await tx.scalars(query))


async def shut(tx: Tx) -> list[str]:
    """An order whose whole money went back, with a grant that is not ended for good."""
    query = (
        select(Order.id)
        .join(Grant, Grant.order_id == Order.id)
        .where(Order.state == OrderState.REFUNDED, Grant.state != GrantState.REVOKED)
        .distinct()
        .limit(1000)
    )
    return list(await tx.scalars(query))


async def booked(tx: Tx) -> list[str]:
    """The charge that served the order: debits at its source equal the order's total."""
    taken = (
        select(Posting.order_id, Posting.cause_id, func.sum(Posting.minor).label("minor"))
        .where(
            Posting.kind == "charge",
            or_(Posting.account == "external", Posting.account.like("processor:%")),
        )
        .group_by(Posting.order_id, Posting.cause_id)
        .subquery()
    )
    cause = func.coalesce(func.nullif(Order.payment_id, ""), Order.id)
    query = (
        select(Order.id)
        .outerjoin(taken, and_(taken.c.order_id == Order.id, taken.c.cause_id == cause))
        .where(
            Order.paid_at.is_not(None),
            Order.total_minor > 0,
            or_(taken.c.minor.is_(None), taken.c.minor != Order.total_minor),
        )
        .limit(1000)
    )
    return list(await tx.scalars(query))


async def captured(tx: Tx) -> list[str]:
    """Money at a processor that no posting knows."""
    known = select(Posting.cause_id).where(Posting.kind == "charge")
    query = (
        select(Payment.id)
        .where(Payment.state == PaymentState.CAPTURED, Payment.id.not_in(known))
        .limit(1000)
    )
    return list(await tx.scalars(query))


async def back(tx: Tx) -> list[str]:
    query = select(Payment.id).where(
        Payment.refunded_minor + Payment.disputed_minor > Payment.captured_minor
    )
    return list(await tx.scalars(query.limit(1000)))


async def given_back(tx: Tx) -> list[str]:
    """Order.refunded_minor against the postings that explain it."""
    returned = (
        select(Posting.order_id, func.sum(Posting.minor).label("minor"))
        .where(
            Posting.kind.in_(("refund", "refund_failed", "dispute_lost")),
            Posting.account.in_(("tax", "platform", "venue")),
        )
        .group_by(Posting.order_id)
        .subquery()
    )
    surplus = (
        select(Refund.order_id, func.sum(Refund.amount_minor).label("minor"))
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.payment_id != Order.payment_id, Refund.state == RefundState.SUCCEEDED)
        .group_by(Refund.order_id)
        .subquery()
    )
    query = (
        select(Order.id)
        .outerjoin(returned, returned.c.order_id == Order.id)
        .outerjoin(surplus, surplus.c.order_id == Order.id)
        .where(
            Order.refunded_minor
            != func.coalesce(returned.c.minor, 0) - func.coalesce(surplus.c.minor, 0)
        )
        .limit(1000)
    )
    return list(await tx.scalars(query))


async def pools(tx: Tx) -> list[str]:
    used = (
        select(Hold.offer_id, func.sum(Hold.quantity).label("places"))
        .where(Hold.state != HoldState.RELEASED)
        .group_by(Hold.offer_id)
        .subquery()
    )
    query = (
        select(Pool.offer_id)
        .outerjoin(used, used.c.offer_id == Pool.offer_id)
        .where(Pool.taken != func.coalesce(used.c.places, 0))
    )
    return list(await tx.scalars(query))


async def apart(tx: Tx) -> list[str]:
    """Law 13. A live venue's tests keep no door open and no place or code from a buyer."""
    wrong = [
        f"{slug}: test account {account}"
        for slug, account in await tx.execute(
            select(Venue.slug, GatewayAccount.id)
            .join(GatewayAccount, GatewayAccount.venue_id == Venue.id)
            .where(
                Venue.mode == Mode.LIVE,
                GatewayAccount.test.is_(True),
                GatewayAccount.state == AccountState.ACTIVE,
            )
        )
    ]
    moved = await tx.scalars(
        select(Venue.slug).where(Venue.mode == Mode.LIVE, Venue.clock_offset_s != 0)
    )
    mixed = await tx.execute(
        select(Order.id, Payment.id)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.test != Payment.test)
        .limit(100)
    )
    wrong += [f"{slug}: moved clock" for slug in moved]
    wrong += [f"{order} with {payment}" for order, payment in mixed]
    return wrong + await _tests_left(tx)


async def _tests_left(tx: Tx) -> list[str]:
    """Test orders of live venues that are open, or hold a grant, a place or a code."""
    tests = (
        select(Order.id)
        .join(Venue, Venue.id == Order.venue_id)
        .where(Venue.mode == Mode.LIVE, Order.test.is_(True))
    )
    queries = (
        (tests.where(Order.state == OrderState.OPEN), "is open"),
        (
            select(Grant.order_id).where(
                Grant.order_id.in_(tests), Grant.state != GrantState.REVOKED
            ),
            "opens a door",
        ),
        (
            select(Hold.order_id).where(Hold.order_id.in_(tests), Hold.state != HoldState.RELEASED),
            "takes a place",
        ),
        (
            select(CouponUse.order_id).where(
                CouponUse.order_id.in_(tests), CouponUse.released_at.is_(None)
            ),
            "uses a code",
        ),
    )
    return [
        f"test order {order_id} {what}"
        for query, what in queries
        for order_id in await tx.scalars(query.limit(100))
    ]


async def waiting(tx: Tx) -> list[str]:
    return (await attention(tx)).lines()


async def _sealed(parts: Parts, tx: Tx) -> list[str]:
    wrong = []
    for account in await tx.scalars(select(GatewayAccount)):
        try:
            parts.sealer.unseal(account.credentials, f"gateway credentials {account.id}")
        except CannotUnseal:
            wrong.append(account.id)
    return wrong
