"""Mails: from a leased outbox row to a message that a sender hands over.

A mail whose data hold an `unsubscribe_url` is marketing and says so in its head; service mails
have none. Whether a mail may still go is asked right before it does (`LastWord`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec
import structlog
from sqlalchemy import select

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.catalogue.tables import Venue
from paywall.notices.outbox import INSTALLATION, Claimed, Failed, Outbox, Outcome, Sent
from paywall.notices.ports import (
    AttachmentSource,
    LastWord,
    Mail,
    MailRenderer,
    MailSender,
    NotSent,
    OutcomeUnknown,
    Refused,
)
from paywall.notices.tables import OutboxKind

log = structlog.get_logger("paywall.notices.mails")


def compose(mail: Mail) -> EmailMessage:
    """The message of RFC 5322: text first, HTML as its alternative, then the attachments.

    A line break in a name, subject or address raises ValueError (no header can be smuggled in).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(mail.sender_name, addr_spec=mail.sender)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.sent_at)
    message["Message-ID"] = f"<{mail.message_id}>"
    if mail.in_reply_to:
        message["In-Reply-To"] = f"<{mail.in_reply_to}>"
    if mail.references:
        message["References"] = " ".join(f"<{one}>" for one in mail.references)
    if not mail.by_a_person:
        # RFC 3834 section 5: no holiday replies to a machine.
        message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        # RFC 8058 section 3.1: both, and an address that needs no cookie.
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for file in mail.attachments:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return message


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """How a mail of a talk is told apart; a row's data carries it under `thread`.

    id becomes the Message-ID in place of the row's own, and is as lasting and as unguessable.
    """

    id: str
    reply_to: str = ""
    in_reply_to: str = ""
    references: Sequence[str] = ()
    by_a_person: bool = False


class _From:
    """Who a mail comes from: the venue's name and contact, or the installation's."""

    def __init__(self, venue: Venue | None, installation_name: str) -> None:
        self.name = venue.name if venue else installation_name
        self.reply_to = venue.contact_email if venue else ""
        self.facts = {
            "name": self.name,
            "contact_email": self.reply_to,
            "slug": venue.slug if venue else "",
            "timezone": venue.timezone if venue else "UTC",
            "accent": venue.accent if venue else "",
            "mode": venue.mode.value if venue else "",
        }


class MailDelivery:
    """The job that sends due mails, several at a time, each outcome committed by itself."""

    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, sender: MailSender,
        renderer: MailRenderer, attachments: AttachmentSource, *,
        mail_from: str, installation_name: str, batch: int = 10,
        last_word: LastWord | None = None,
    ) -> None:  # fmt: skip
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._sender = sender
        self._renderer = renderer
        self._attachments = attachments
        self._mail_from = mail_from
        self._name = installation_name
        self._batch = batch
        self._last_word = last_word
        self._domain = mail_from.rpartition("@")[2]

    async def run(self, now: datetime) -> int:
        """One batch of due mails; how many were worked on, 0 when nothing is due."""
        rows = await self._outbox.claim_due(self._db, OutboxKind.MAIL, now, self._batch)
        senders = await self._senders({row.venue_id for row in rows})
        await asyncio.gather(*(self._deliver(row, senders[row.venue_id]) for row in rows))
        return len(rows)

    async def _senders(self, venue_ids: set[str]) -> dict[str, _From]:
        venues: dict[str, Venue] = {}
        if venue_ids - {INSTALLATION}:
            async with self._db.read() as tx:
                found = await tx.execute(select(Venue).where(Venue.id.in_(venue_ids)))
                venues = {venue.id: venue for venue in found.scalars()}
        return {id_: _From(venues.get(id_), self._name) for id_ in venue_ids}

    async def _deliver(self, row: Claimed, sender: _From) -> None:
        outcome = await self._send(row, sender)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            await self._outbox.settle(tx, row, outcome, now)
        if isinstance(outcome, Failed):
            log.warning(
                "mail not sent", outbox_id=row.id, template=row.template, tries=row.tries,
                error=outcome.error, unknown=outcome.unknown,
            )  # fmt: skip

    async def _send(self, row: Claimed, sender: _From) -> Outcome:
        try:
            if refusal := await self._refusal(row):
                return Failed(error=refusal, final=True)
            mail = await self._prepare(row, sender)
        except DatabaseAway as error:
            return Failed(error=error.detail)
        except Exception as error:
            log.exception("mail can't be made", outbox_id=row.id, template=row.template)
            return Failed(error=f"The mail can't be made: {type(error).__name__}: {error}")
        return await _attempt(self._sender, mail)

    async def _refusal(self, row: Claimed) -> str:
        if self._last_word is None:
            return ""
        return await self._last_word.refusal(row.venue_id, row.recipient, row.template)

    async def _prepare(self, row: Claimed, sender: _From) -> Mail:
        now = self._clock.machine()
        words = self._renderer.render(row.template, row.locale, row.data | {"venue": sender.facts})
        files = await self._attachments.load(row.attachment, now) if row.attachment else ()
        thread = msgspec.convert(row.data.get("thread", {"id": row.id}), Thread)
        return Mail(
            message_id=f"{thread.id}@{self._domain}", venue_id=row.venue_id, sent_at=now,
            sender=self._mail_from, sender_name=sender.name, recipient=row.recipient,
            subject=words.subject, text=words.text, html=words.html,
            reply_to=thread.reply_to or sender.reply_to, in_reply_to=thread.in_reply_to,
            references=thread.references, by_a_person=thread.by_a_person, attachments=files,
            unsubscribe_url=row.data.get("unsubscribe_url", ""),
        )  # fmt: skip


async def _attempt(sender: MailSender, mail: Mail) -> Outcome:
    try:
        await sender.send(mail)
    except Refused as error:
        return Failed(error=str(error), final=True)
    except (NotSent, DatabaseAway) as error:  # the mailbox page's sender writes rows
        return Failed(error=str(error))
    except OutcomeUnknown as error:
        return Failed(error=str(error), unknown=True)
    except Exception as error:
        log.exception("mail sender broke", message_id=mail.message_id)
        return Failed(error=f"{type(error).__name__}: {error}", unknown=True)
    return Sent()
