"""Receipts as files: made once by a job worker, kept, served as bytes by web processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Literal, Protocol

import msgspec
import structlog
from sqlalchemy import Index, Integer, LargeBinary, String, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Base, Database
from infra.kernel.money import Money
from paywall.notices.ports import Attachment

log = structlog.get_logger("paywall.notices.receipts")

RETRY = timedelta(minutes=5)
"""Until a receipt that could not be made is tried again; also the lease of a worker on it."""
MAX_TRIES = 10
"""After these a file is made only when its mail is sent, or after the row was removed by hand."""
_UNMADE = text("pdf is null")


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    legal_name: str
    address: str  # lines
    vat_number: str
    contact_email: str
    accent: str  # #rrggbb


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    detail: str
    quantity: int
    amount: Money  # of the whole line, tax included


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says. Amounts include tax; times are the venue's business time."""

    order_id: str
    venue_id: str
    number: str
    seller: Seller
    buyer: str
    lines: list[ReceiptLine]
    discount: Money  # 0 or more
    discount_label: str  # the coupon's code
    total: Money
    tax: Money  # contained in total
    tax_bps: int
    method: str  # for people: "Visa ···· 4242"; empty when nothing had to be paid
    paid_at: datetime
    timezone: str
    locale: str
    test: bool

    @property
    def tax_rate(self) -> Decimal:
        return Decimal(self.tax_bps) / 10_000


class Words(Protocol):
    """One language: texts by gettext, numbers and dates in its manner."""

    def gettext(self, message: str) -> str: ...
    def money(self, amount: Money) -> str: ...
    def number(self, value: int | Decimal) -> str: ...
    def percent(self, value: Decimal) -> str: ...
    def date(
        self, when: datetime, zone: tzinfo | str, style: Literal["full", "long", "medium", "short"]
    ) -> str: ...
    def time(self, when: datetime, zone: tzinfo | str) -> str: ...


class ReceiptFacts(Protocol):
    """Knows orders; answered by checkout."""

    async def receipt(self, order_id: str) -> Receipt | None:
        """None when there is no such order, or it was never paid."""
        ...


class ReceiptFile(Base):
    """A receipt's PDF; `id` is the order's. Without a pdf: asked for, to be made at due_at."""

    __tablename__ = "receipt_file"
    __table_args__ = (
        Index("ix_receipt_file_due", "due_at", postgresql_where=_UNMADE, sqlite_where=_UNMADE),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary)
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0)


class NoReceipt(Exception):
    """There is no paid order behind a receipt that was asked for."""


class ReceiptShelf:
    """What a web process does: serve what is there, ask for what is not. Draws nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def pdf(self, venue_id: str, order_id: str) -> bytes | None:
        """The file, or None while a worker is still to make it, which this asks for."""
        async with self._db.read() as tx:
            query = select(ReceiptFile.pdf).where(
                ReceiptFile.id == order_id, ReceiptFile.venue_id == venue_id
            )
            found = (await tx.execute(query)).one_or_none()
            pdf: bytes | None = found.pdf if found is not None else None
        if found is None:
            await _ask(self._db, venue_id, order_id, self._clock.machine())
        return pdf


class Receipts:
    """What a job worker does: draw receipts, for mails (an AttachmentSource) and for downloads."""

    def __init__(
        self, db: Database, clock: Clock, facts: ReceiptFacts, words: Callable[[str], Words]
    ) -> None:
        self._db = db
        self._clock = clock
        self._facts = facts
        self._words = words

    async def load(self, ref: str, now: datetime) -> Attachment:
        """`receipt:<order id>` as a file, made now where nobody made it before."""
        kind, _, order_id = ref.partition(":")
        assert kind == "receipt", f"an attachment of an unknown kind: {kind}"
        async with self._db.read() as tx:
            file = await tx.get(ReceiptFile, order_id)
        pdf = file.pdf if file is not None else None
        if pdf is None:
            pdf = await self._make(order_id)
        return Attachment(name=f"{order_id}.pdf", content_type="application/pdf", data=pdf)

    async def run(self, now: datetime) -> int:
        """The job: make what was asked for on a page, one at a time, since drawing takes CPU."""
        async with self._db.transaction() as tx:
            due = (
                select(ReceiptFile)
                .where(
                    ReceiptFile.pdf.is_(None),
                    ReceiptFile.due_at <= now,
                    ReceiptFile.tries < MAX_TRIES,
                )
                .order_by(ReceiptFile.due_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            file = (await tx.execute(due)).scalar_one_or_none()
            if file is None:
                return 0
            file.due_at = now + RETRY
            file.tries += 1
        try:
            await self._make(file.id)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("receipt can't be made", order_id=file.id, tries=file.tries)
        return 1

    async def _make(self, order_id: str) -> bytes:
        receipt = await self._facts.receipt(order_id)
        if receipt is None:
            raise NoReceipt(order_id)
        from paywall.notices.receipt_pdf import WITHOUT_LETTERS, receipt_pdf

        if receipt.locale in WITHOUT_LETTERS:
            receipt = msgspec.structs.replace(receipt, locale="en")
        pdf = await asyncio.to_thread(receipt_pdf, receipt, self._words(receipt.locale))
        await _ask(self._db, receipt.venue_id, order_id, self._clock.machine())
        async with self._db.transaction() as tx:
            # The first one made stays: what was mailed and what is downloaded are the same file.
            await tx.execute(
                update(ReceiptFile)
                .where(ReceiptFile.id == order_id, ReceiptFile.pdf.is_(None))
                .values(pdf=pdf)
            )
            kept = await tx.execute(select(ReceiptFile.pdf).where(ReceiptFile.id == order_id))
            return kept.scalar_one() or pdf


async def _ask(db: Database, venue_id: str, order_id: str, now: datetime) -> None:
    dialect = sqlite if db.is_sqlite else postgresql
    row = {"id": order_id, "venue_id": venue_id, "pdf": None, "due_at": now, "tries": 0}
    async with db.transaction() as tx:
        await tx.execute(dialect.insert(ReceiptFile).values(row).on_conflict_do_nothing())
