"""The embedded mailbox: mail is kept in the database and read on the page /dev/mailbox."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import LargeBinary, String, Text, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from infra.kernel.db import Base, Database, add_rows, refuse_inside_transaction
from infra.kernel.ids import new_id
from paywall.notices.mails import compose
from paywall.notices.ports import Attachment, Mail, Refused

KEPT = 500
"""Mails the mailbox holds; the oldest go first."""


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


class MailboxMailSender:
    """A MailSender that delivers into the mailbox; the same message_id is kept once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def send(self, mail: Mail) -> None:
        refuse_inside_transaction("MailboxMailSender.send")
        try:
            message = compose(mail)  # the same rules as for real mail
        except ValueError as error:
            raise Refused(f"The mail's headers are not right: {error}") from error
        row = {
            "id": new_id("dml"), "venue_id": mail.venue_id, "message_id": mail.message_id,
            "sender": str(message["From"]), "recipient": mail.recipient,
            "reply_to": mail.reply_to, "subject": mail.subject, "text": mail.text,
            "html": mail.html, "sent_at": mail.sent_at,
        }  # fmt: skip
        dialect = sqlite if self._db.is_sqlite else postgresql
        statement = dialect.insert(DevMail).values(row).on_conflict_do_nothing()
        async with self._db.transaction() as tx:
            made = (await tx.execute(statement.returning(DevMail.id))).scalar_one_or_none()
            if made is None:
                return
            files = [
                {"id": new_id("dma"), "venue_id": mail.venue_id, "mail_id": made,
                 "name": file.name, "content_type": file.content_type, "data": file.data}
                for file in mail.attachments
            ]  # fmt: skip
            await add_rows(tx, DevMailAttachment, files)
            old = select(DevMail.id).order_by(DevMail.id.desc()).offset(KEPT)
            ids = (await tx.execute(old)).scalars().all()
            if ids:
                await tx.execute(
                    delete(DevMailAttachment).where(DevMailAttachment.mail_id.in_(ids))
                )
                await tx.execute(delete(DevMail).where(DevMail.id.in_(ids)))

    async def close(self) -> None:
        """The database is closed by its owner."""


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
