"""The embedded mailbox: mail is kept in the database and read on the page /dev/mailbox."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from infra.kernel.db import Database, add_rows, refuse_inside_transaction
from infra.kernel.ids import new_id
from paywall.notices.dev_mailbox import DevMail, DevMailAttachment
from paywall.notices.mails import compose
from paywall.notices.ports import Mail, Refused

KEPT = 500
"""Mails the mailbox holds; the oldest go first."""


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
