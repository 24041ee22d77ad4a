"""A venue with an audience, written straight into the tables; and its lake, read back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from churn.lake import Lake
from entitlements.ports import Kind
from entitlements.tables import Grant, PlaybackSession, ScopeKind, Transport
from infra.kernel.clock import HandClock
from infra.kernel.db import Base, Database
from infra.kernel.ids import new_id
from infra.kernel.seal import Sealer
from offers.tables import Offer, OfferKind, OfferState
from paywall.accounts.tables import Account, Consent, Customer
from paywall.bridges.lake.export import Exported, LakeExport
from paywall.catalogue.tables import Event, EventState, Mode, Venue
from paywall.checkout.tables import Order, OrderLine, OrderState
from paywall.notices.tables import OutboxKind, OutboxRow, OutboxState
from paywall.payments.tables import Payment, PaymentState, Refund, RefundState
from support_bot.case_tables import Case, CaseState, Channel

SEALER = Sealer(b"k" * 32)


class World:
    """One venue. What happens, happens at the clock's time unless a test says otherwise."""

    def __init__(self, db: Database, clock: HandClock, folder: Path, **venue: Any) -> None:
        self.db, self.clock, self.root = db, clock, str(folder / "lake")
        values = {
            "id": new_id("ven"), "slug": "hall", "name": "Hall", "mode": Mode.TEST,
            "country": "FR", "timezone": "Europe/Paris", "currency": "EUR",
            "clock_offset_s": 0, "created_at": clock.machine(),
        }  # fmt: skip
        self.venue = Venue(**(values | venue))
        self.event_id, self.offer_id = new_id("evt"), new_id("off")

    @property
    def test(self) -> bool:
        return self.venue.mode is Mode.TEST

    @property
    def now(self) -> datetime:
        return self.clock.machine()

    async def add(self, *rows: Base) -> None:
        async with self.db.transaction() as tx:
            tx.add_all(rows)

    async def open(self) -> World:
        begins = self.now + timedelta(days=7)
        await self.add(
            self.venue,
            Event(
                id=self.event_id, venue_id=self.venue.id, slug="night", name="Night",
                timezone="Europe/Paris", starts_at=begins, ends_at=begins + timedelta(hours=2),
                state=EventState.PUBLISHED, created_at=self.now,
            ),
            Offer(
                id=self.offer_id, venue_id=self.venue.id, kind=OfferKind.STREAM_TICKET,
                scope_kind="event", scope_id=self.event_id, name="Ticket",
                state=OfferState.ON_SALE, created_at=self.now,
            ),
        )  # fmt: skip
        return self

    async def customer(self, email: str = "maud@example.org", locale: str = "fr") -> str:
        account, customer = new_id("acc"), new_id("cus")
        await self.add(
            Account(id=account, email=email, locale=locale, created_at=self.now),
            Customer(id=customer, venue_id=self.venue.id, account_id=account, created_at=self.now),
        )
        return customer

    async def order(self, customer_id: str, minor: int = 1200, **more: Any) -> str:
        """Made and paid now, unless `more` says otherwise."""
        order_id, line_id, payment_id = new_id("ord"), new_id("lin"), new_id("pay")
        values = {
            "id": order_id, "venue_id": self.venue.id, "customer_id": customer_id,
            "account_id": "acc_x", "email": "x@example.org", "state": OrderState.PAID,
            "test": self.test, "channel": "web", "currency": "EUR", "subtotal_minor": minor,
            "total_minor": minor, "tax_minor": 0, "tax_bps": 0, "platform_fee_bps": 0,
            "country": "FR", "created_at": self.now, "paid_at": self.now,
            "payment_id": payment_id,
        }  # fmt: skip
        order = Order(**(values | more))
        await self.add(
            order,
            OrderLine(
                id=line_id, venue_id=self.venue.id, order_id=order_id, offer_id=self.offer_id,
                price_id="pri_x", name="Ticket", quantity=1, unit_minor=minor, total_minor=minor,
            ),
            Payment(
                id=payment_id, venue_id=self.venue.id, order_id=order_id,
                gateway_account_id="gac_x", test=self.test, amount_minor=minor, currency="EUR",
                state=PaymentState.CAPTURED, captured_minor=minor, settled_at=self.now,
                processor_ref=payment_id, method="Visa 4242", created_at=self.now,
            ),
            Grant(
                id=new_id("gra"), venue_id=self.venue.id, customer_id=customer_id,
                scope_kind=ScopeKind.EVENT, scope_id=self.event_id, opens_live=True,
                opens_replay=True, starts_at=self.now, ends_at=self.now + timedelta(days=30),
                order_id=order_id, source_key="1", created_at=self.now,
            ),
        )  # fmt: skip
        return order_id

    async def refund(self, order_id: str, minor: int) -> None:
        async with self.db.transaction() as tx:
            order = await tx.get_one(Order, order_id)
            order.refunded_minor += minor
            whole = order.refunded_minor == order.total_minor
            order.state = OrderState.REFUNDED if whole else OrderState.PARTLY_REFUNDED
            tx.add(
                Refund(
                    id=new_id("ref"), venue_id=self.venue.id, order_id=order_id,
                    payment_id=order.payment_id, gateway_account_id="gac_x", payment_ref="r",
                    amount_minor=minor, currency="EUR", state=RefundState.SUCCEEDED,
                    succeeded_at=self.now, created_at=self.now,
                )
            )  # fmt: skip

    async def watched(self, customer_id: str, seconds: float = 600.0, **more: Any) -> str:
        sid = new_id("s")[:22]
        values = {
            "id": sid, "venue_id": self.venue.id, "customer_id": customer_id,
            "event_id": self.event_id, "grant_id": "gra_x", "kind": Kind.LIVE,
            "transport": Transport.HEADER, "path_prefix": "/x",
            "started_at": self.now - timedelta(seconds=seconds), "until_at": self.now,
            "token_until_at": self.now, "last_beat_at": self.now, "ended_at": self.now,
            "ended_reason": "stopped", "watched_s": seconds,
        }  # fmt: skip
        await self.add(PlaybackSession(**(values | more)))
        return sid

    async def consent(self, customer_id: str, *, granted: bool = True) -> None:
        async with self.db.transaction() as tx:
            customer = await tx.get_one(Customer, customer_id)
            tx.add(
                Consent(
                    id=new_id("con"), venue_id=self.venue.id, account_id=customer.account_id,
                    purpose="venue_news", granted=granted, source="checkout", wording="w",
                    actor="acc_x", at=self.now,
                )
            )  # fmt: skip

    async def mail(self, email: str = "maud@example.org") -> None:
        await self.add(
            OutboxRow(
                id=new_id("out"), venue_id=self.venue.id, kind=OutboxKind.MAIL, recipient=email,
                template="receipt", data={}, cause_id=new_id("ord"), state=OutboxState.SENT,
                due_at=self.now, created_at=self.now, done_at=self.now,
            )
        )  # fmt: skip

    async def case(self, customer_id: str, **more: Any) -> str:
        """Opened now and waiting for an answer, unless `more` says otherwise."""
        values = {
            "id": new_id("cas"), "venue_id": self.venue.id, "number": 1001,
            "state": CaseState.NEW, "channel": Channel.WEB, "subject": "No picture", "lang": "fr",
            "topic": "no-picture", "customer_id": customer_id, "email": "x@example.org",
            "opened_at": self.now, "changed_at": self.now,
        }  # fmt: skip
        case = Case(**(values | more))
        await self.add(case)
        return case.id

    async def a_whole_life(self, email: str = "maud@example.org") -> str:
        """Somebody who is in every table that the product fills."""
        customer_id = await self.customer(email)
        order_id = await self.order(customer_id)
        await self.refund(order_id, 200)
        await self.watched(customer_id)
        await self.consent(customer_id)
        await self.mail(email)
        return customer_id

    # The lake

    def exporter(self, root: str = "", **more: Any) -> LakeExport:
        return LakeExport(self.db, self.clock, SEALER, root or self.root, **more)

    async def export(self, *, full: bool = False) -> Exported:
        return await self.exporter().run(self.venue, full=full)

    def rows(self, table: str, root: str = "") -> list[dict[str, Any]]:
        """Every row of every file, the oldest known first."""
        return read_rows(root or self.root, table, self.venue.id)


def read_rows(root: str, table: str, venue_id: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    lake = Lake(root)
    found: list[dict[str, Any]] = []
    for path in lake.files_of(table, venue_id):
        found += pq.read_table(path, filesystem=lake.files).to_pylist()
    return sorted(found, key=lambda row: (row["known_at"], row["fact_id"]))
