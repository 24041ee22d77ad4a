"""Puts the delivery of mails together: who sends, who writes the words, who makes the files."""

from __future__ import annotations

from infra.adapters.mail_mailbox import MailboxMailSender
from infra.adapters.mail_smtp import SmtpMailSender
from infra.kernel.money import exponent
from paywall.http.parts import Parts
from paywall.notices.mails import MailDelivery
from paywall.notices.ports import MailSender
from paywall.pages.environment import make_environment
from paywall.pages.i18n import Catalogues
from paywall.pages.mail_rendering import PageMailRenderer
from paywall.pages.site import INSTALLATION_NAME, STATIC_DIR
from paywall.worker.receipts import Receipts


def mail_delivery(parts: Parts) -> MailDelivery:
    """Over SMTP where a server is configured, else into the mailbox page."""
    settings = parts.settings
    sender: MailSender = MailboxMailSender(parts.db)
    if settings.smtp_url:
        sender = SmtpMailSender(settings.smtp_url)
    parts.closing.append(sender.close)
    catalogues = Catalogues(exponent=exponent)
    return MailDelivery(
        parts.db,
        parts.clock,
        parts.outbox,
        sender,
        PageMailRenderer(make_environment(STATIC_DIR, catalogues), catalogues),
        Receipts(parts.db, catalogues),
        mail_from=settings.mail_from,
        installation_name=INSTALLATION_NAME,
    )
