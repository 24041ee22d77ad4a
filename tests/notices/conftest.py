"""Builders for notices: a venue, an outbox, senders that remember and misbehave on demand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode, Venue
from paywall.notices.mails import MailDelivery
from paywall.notices.outbox import Outbox
from paywall.notices.ports import Attachment, Mail, Rendered, WebhookAnswer, WebhookCall
from paywall.notices.webhook_delivery import WebhookDelivery
from paywall.notices.webhooks import Webhooks


class ListSender:
    """Keeps what it was given; raises the errors it was told to, one a call."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.errors: list[Exception] = []

    async def send(self, mail: Mail) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(mail)

    async def close(self) -> None: ...


class PlainRenderer:
    """Shows the template's name and its data, sorted."""

    def render(self, template: str, locale: str, data: Mapping[str, Any]) -> Rendered:
        words = " ".join(f"{k}={v}" for k, v in sorted(data.items()) if k != "venue")
        return Rendered(subject=template, text=words, html=f"<p>{words}</p>")


class OneAttachment:
    async def load(self, ref: str, now: datetime) -> list[Attachment]:
        return [Attachment(name=f"{ref}.pdf", content_type="application/pdf", data=b"%PDF-")]


class ScriptedWebhooks:
    """Answers what it was told to for an address, 200 where nothing was said."""

    def __init__(self) -> None:
        self.calls: list[WebhookCall] = []
        self.answers: dict[str, WebhookAnswer | Exception] = {}

    async def post(self, call: WebhookCall) -> WebhookAnswer:
        self.calls.append(call)
        answer = self.answers.get(call.url, WebhookAnswer(status=200, excerpt="ok"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None: ...


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"m" * 32)


@pytest.fixture
def outbox(sealer: Sealer) -> Outbox:
    return Outbox(sealer)


@pytest.fixture
def sender() -> ListSender:
    return ListSender()


@pytest.fixture
def mails(database: Database, clock: HandClock, outbox: Outbox, sender: ListSender) -> MailDelivery:
    return MailDelivery(
        database, clock, outbox, sender, PlainRenderer(), OneAttachment(),
        mail_from="tickets@example.org", installation_name="Paywall",
    )  # fmt: skip


@pytest.fixture
def wire() -> ScriptedWebhooks:
    return ScriptedWebhooks()


@pytest.fixture
def hooks(database: Database, clock: HandClock, sealer: Sealer, outbox: Outbox) -> Webhooks:
    return Webhooks(database, clock, sealer, outbox)


@pytest.fixture
def hook_delivery(
    database: Database, clock: HandClock, outbox: Outbox, wire: ScriptedWebhooks, sealer: Sealer
) -> WebhookDelivery:
    return WebhookDelivery(database, clock, outbox, wire, sealer)


async def add_venue(
    db: Database, id_: str = "ven_1", *, mode: Mode = Mode.TEST,
    contact: str = "office@venue.example", offset_s: int = 0,
) -> Venue:  # fmt: skip
    async with db.transaction() as tx:
        venue = Venue(
            id=id_, slug=id_.replace("_", "-"), name="La Cigale", contact_email=contact,
            clock_offset_s=offset_s, country="FR", timezone="Europe/Paris", locale="fr",
            currency="EUR", mode=mode, created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        tx.add(venue)
    return venue
