"""What only a job worker has: deliveries of the outbox, and receipts. No web process loads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from infra.adapters.imap_inbox import ImapInbox
from infra.adapters.mail_mailbox import MailboxMailSender
from infra.adapters.mail_smtp import SmtpMailSender
from infra.adapters.outside_http import OutsideClient
from infra.adapters.webhook_http import HttpWebhookSender
from infra.kernel.db import Database
from infra.kernel.money import exponent
from paywall.app.assembly import NAME
from paywall.bridges.support_letters import REPLY_FILES, reply_files
from paywall.checkout.receipt_facts import OrderReceipts
from paywall.http.parts import Parts
from paywall.mailings.last_word import ConsentsLastWord
from paywall.notices.mails import MailDelivery
from paywall.notices.ports import Attachment, MailSender
from paywall.notices.receipts import Receipts
from paywall.notices.webhook_delivery import WebhookDelivery
from paywall.pages.environment import make_environment
from paywall.pages.i18n import LOCALES_DIR, Catalogues
from paywall.pages.mail_rendering import PageMailRenderer
from paywall.pages.site import STATIC_DIR
from support_bot.ports import Postbox


class Senders(msgspec.Struct, frozen=True):
    """What only a job worker has: the jobs that send, and what they hold open."""

    mails: MailDelivery
    webhooks: WebhookDelivery
    receipts: Receipts
    closing: list[Callable[[], Awaitable[None]]]
    postbox: Postbox | None = None
    """Where mail to the support address is read; None: nowhere."""


class MailFiles:
    """Implements AttachmentSource: receipts by their order, an answer's files by its message."""

    def __init__(self, db: Database, receipts: Receipts) -> None:
        self._db = db
        self._receipts = receipts

    async def load(self, ref: str, now: datetime) -> list[Attachment]:
        kind, _, key = ref.partition(":")
        return (
            await reply_files(self._db, key)
            if kind == REPLY_FILES
            else [await self._receipts.load(ref, now)]
        )


def senders(parts: Parts) -> Senders:
    """The outbox's deliveries, over SMTP or into the mailbox page, and receipts as files."""
    settings, db, clock = parts.settings, parts.db, parts.clock
    catalogues = Catalogues(LOCALES_DIR, exponent)
    environment = make_environment(STATIC_DIR, catalogues)
    sender: MailSender = (
        SmtpMailSender(settings.smtp_url) if settings.smtp_url else MailboxMailSender(db)
    )
    receipts = Receipts(db, clock, OrderReceipts(db), catalogues.translator)
    outside = OutsideClient()
    webhook_sender = HttpWebhookSender(outside, loopback_in_test=settings.webhooks_to_loopback)
    return Senders(
        MailDelivery(
            db, clock, parts.outbox, sender, PageMailRenderer(environment, catalogues),
            MailFiles(db, receipts),
            mail_from=settings.mail_from, installation_name=NAME,
            last_word=ConsentsLastWord(db),
        ),
        WebhookDelivery(db, clock, parts.outbox, webhook_sender, parts.sealer),
        receipts,
        [sender.close, webhook_sender.close, outside.close],
        ImapInbox(settings.imap_url) if settings.imap_url else None,
    )  # fmt: skip
