"""What every MailSender does: the SMTP client against a real server, and the embedded mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import msgspec
import pytest

from infra.adapters.mail_mailbox import MailboxMailSender
from infra.adapters.mail_smtp import SmtpMailSender
from infra.kernel.db import Database
from paywall.notices.dev_mailbox import Mailbox
from paywall.notices.ports import Attachment, Mail, MailSender, Refused
from tests.adapters.local_servers import SmtpSink

PDF = Attachment(name="reçu.pdf", content_type="application/pdf", data=b"%PDF-1.7\r\n.\r\n\x00\xff")


class Seen(msgspec.Struct):
    message_id: str
    sender: str
    recipient: str
    reply_to: str
    subject: str
    text: str
    html: str
    attachments: list[tuple[str, str, bytes]]


class Rig(msgspec.Struct):
    sender: MailSender
    inbox: Callable[[], Awaitable[list[Seen]]]


def letter(**changes: Any) -> Mail:
    mail = Mail(
        message_id="out_1@example.org", venue_id="ven_1",
        sent_at=datetime(2026, 11, 20, 18, 0, tzinfo=UTC),
        sender="tickets@example.org", sender_name="Café « La Cigale »",
        recipient="ada@example.org", subject="Votre reçu — 12,00 €",
        text="Bonjour,\n.\n..voilà\n", html="<p>Voilà</p>\n", reply_to="office@venue.example",
    )  # fmt: skip
    return msgspec.structs.replace(mail, **changes)


def _parsed(raw: bytes) -> Seen:
    message = message_from_bytes(raw, _class=EmailMessage, policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert message["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in message
    assert message["Date"].datetime == datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    return Seen(
        message_id=message["Message-ID"].strip("<>"),
        sender=str(message["From"]),
        recipient=str(message["To"]),
        reply_to=str(message["Reply-To"] or ""),
        subject=str(message["Subject"]),
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content().replace("\r\n", "\n"),
        attachments=[
            (str(part.get_filename()), part.get_content_type(), part.get_content())
            for part in message.iter_attachments()
        ],
    )


@pytest.fixture(params=["smtp", "mailbox"])
async def rig(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Rig]:
    if request.param == "smtp":
        async with SmtpSink().running() as sink:

            async def smtp_inbox() -> list[Seen]:
                return [_parsed(raw) for _, _, raw in sink.mails]

            yield Rig(SmtpMailSender(f"smtp://127.0.0.1:{sink.port}"), smtp_inbox)
        return
    box = Mailbox(database)

    async def mailbox_inbox() -> list[Seen]:
        seen = []
        for entry in reversed(await box.entries()):
            mail = await box.open(entry.id)
            assert mail is not None
            files = [await box.attachment(file.id) for file in mail.attachments]
            seen.append(
                Seen(
                    mail.message_id, entry.sender, entry.recipient, mail.reply_to, entry.subject,
                    mail.text, mail.html,
                    [(f.name, f.content_type, f.data) for f in files if f is not None],
                )
            )  # fmt: skip
        return seen

    yield Rig(MailboxMailSender(database), mailbox_inbox)


async def test_a_mail_arrives_as_it_was_written(rig: Rig) -> None:
    await rig.sender.send(letter(attachments=[PDF]))
    [seen] = await rig.inbox()
    mail = letter()
    assert (seen.subject, seen.text, seen.html) == (mail.subject, mail.text, mail.html)
    assert (seen.recipient, seen.reply_to) == (mail.recipient, mail.reply_to)
    assert seen.message_id == "out_1@example.org"
    assert seen.sender == '"Café « La Cigale »" <tickets@example.org>' or seen.sender == (
        "Café « La Cigale » <tickets@example.org>"
    )
    assert seen.attachments == [("reçu.pdf", "application/pdf", PDF.data)]


async def test_a_mail_without_reply_address_or_attachment_arrives(rig: Rig) -> None:
    await rig.sender.send(letter(reply_to=""))
    [seen] = await rig.inbox()
    assert (seen.reply_to, seen.attachments) == ("", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: all@example.org"},
        {"recipient": "ada@example.org\r\nBcc: all@example.org"},
        {"recipient": "ada@example.org, eve@example.org"},
        {"recipient": "not an address"},
        {"sender_name": "Venue\nX-Evil: 1"},
        {"reply_to": "x\r\ny@example.org"},
    ],
)
async def test_a_header_can_not_be_smuggled_in(rig: Rig, changes: dict[str, str]) -> None:
    with pytest.raises(Refused):
        await rig.sender.send(letter(**changes))
    assert await rig.inbox() == []


async def test_it_refuses_to_run_inside_a_transaction(rig: Rig, database: Database) -> None:
    async with database.transaction():
        with pytest.raises(AssertionError):
            await rig.sender.send(letter())
