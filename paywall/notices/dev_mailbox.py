"""Mails 'sent' while no mail server is configured: their rows, and how a page reads them."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, Database
from paywall.notices.ports import Attachment


class DevMail(Base):
    """A mail that was 'sent' while no mail server is configured."""

    __tablename__ = "dev_mail"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    sender: Mapped[str] = mapped_column(String(400))
    recipient: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]


class DevMailAttachment(Base):
    __tablename__ = "dev_mail_attachment"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(32), index=True)
    mail_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(100))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class MailboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the mailbox's list."""

    id: str
    sender: str
    recipient: str
    subject: str
    sent_at: datetime


class AttachmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    content_type: str
    size_bytes: int


class OpenedMail(msgspec.Struct, frozen=True, kw_only=True):
    entry: MailboxEntry
    message_id: str
    reply_to: str
    text: str
    html: str
    attachments: list[AttachmentEntry]


class Mailbox:
    """What the page /dev/mailbox reads."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def entries(self, *, recipient: str = "", limit: int = 100) -> list[MailboxEntry]:
        """Newest first."""
        query = select(DevMail).order_by(DevMail.id.desc()).limit(limit)
        if recipient:
            query = query.where(DevMail.recipient == recipient)
        async with self._db.read() as tx:
            return [_entry(row) for row in (await tx.execute(query)).scalars()]

    async def open(self, mail_id: str) -> OpenedMail | None:
        async with self._db.read() as tx:
            row = await tx.get(DevMail, mail_id)
            if row is None:
                return None
            files = (
                await tx.execute(
                    select(DevMailAttachment)
                    .where(DevMailAttachment.mail_id == mail_id)
                    .order_by(DevMailAttachment.id)
                )
            ).scalars()
            return OpenedMail(
                entry=_entry(row), message_id=row.message_id, reply_to=row.reply_to,
                text=row.text, html=row.html,
                attachments=[
                    AttachmentEntry(
                        id=f.id, name=f.name, content_type=f.content_type, size_bytes=len(f.data)
                    )
                    for f in files
                ],
            )  # fmt: skip

    async def attachment(self, attachment_id: str) -> Attachment | None:
        async with self._db.read() as tx:
            row = await tx.get(DevMailAttachment, attachment_id)
        if row is None:
            return None
        return Attachment(name=row.name, content_type=row.content_type, data=row.data)


def _entry(row: DevMail) -> MailboxEntry:
    return MailboxEntry(
        id=row.id, sender=row.sender, recipient=row.recipient, subject=row.subject,
        sent_at=row.sent_at,
    )  # fmt: skip
