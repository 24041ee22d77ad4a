"""What notices ask of the outside: a sender of mail, a sender of webhooks, a renderer of mails.

Senders raise one of three errors, because the outbox does something else for each: `NotSent`
(surely not delivered, try again), `Refused` (surely not delivered and never will be),
`OutcomeUnknown` (nobody can say).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec


class NotSent(Exception):
    """The other side surely did not take it; a later try may work. The text holds no secret."""


class Refused(Exception):
    """The other side, or a rule of ours, said no for good; trying again can't help."""


class OutcomeUnknown(Exception):
    """The connection broke after everything was handed over; it may have been taken."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    content_type: str  # application/pdf
    data: bytes


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail, ready to go. `message_id` was stored before the mail is sent (law 5)."""

    message_id: str  # without angle brackets: out_01k...@tickets.example
    venue_id: str
    sent_at: datetime  # machine time, the Date header
    sender: str  # our own address; the venue's name stands before it
    sender_name: str
    recipient: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    in_reply_to: str = ""  # a Message-ID without angle brackets
    references: Sequence[str] = ()
    by_a_person: bool = False  # a person wrote it, so that holiday replies may come
    attachments: Sequence[Attachment] = ()
    unsubscribe_url: str = ""
    """Of a marketing mail: one POST there ends such mails (RFC 8058)."""


class MailSender(Protocol):
    """Hands one mail to somebody who delivers it."""

    async def send(self, mail: Mail) -> None:
        """Returns when the mail was taken; raises NotSent, Refused or OutcomeUnknown.

        The same message_id may come twice after an unknown outcome.
        """
        ...

    async def close(self) -> None: ...


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    text: str
    html: str


class MailRenderer(Protocol):
    """Turns a template's name and data into words; `docs` of each template name its data."""

    def render(self, template: str, locale: str, data: Mapping[str, Any]) -> Rendered: ...


class LastWord(Protocol):
    """Asked right before a mail leaves, as what allowed it may be gone since it was written."""

    async def refusal(self, venue_id: str, recipient: str, template: str) -> str:
        """Why this mail may not go any more; empty: it may."""
        ...


class AttachmentSource(Protocol):
    """Gives the files that a mail refers to, making them first where they don't exist yet."""

    async def load(self, ref: str, now: datetime) -> Sequence[Attachment]: ...


class WebhookCall(msgspec.Struct, frozen=True, kw_only=True):
    """One signed request to an address that a tenant supplied."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    live: bool  # live mode: https only, loopback never


class WebhookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    excerpt: str  # the first characters of the answer, for people
    retry_after_s: int = 0


class WebhookSender(Protocol):
    """Posts to a tenant's address, bounded in time and size, never to a private one."""

    async def post(self, call: WebhookCall) -> WebhookAnswer:
        """Any answer is returned, whatever its status; raises NotSent, Refused, OutcomeUnknown."""
        ...

    async def close(self) -> None: ...
