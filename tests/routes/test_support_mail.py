"""Mail over the webhook: signed, fresh, kept once under its Message-ID; anything else refused."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from paywall.bridges.support_settings import new_mail_secret
from paywall.notices.signing import new_signing_secret, signed_headers
from support_bot.case_tables import MailIn
from tests.pages.console.conftest import Console
from tests.pages.console.conftest import console as console
from tests.support_bot.cases.mails import raw

MAIL = raw("The picture is black.", to="aide@verriere.example")


class Deliverer:
    """A mail service with a venue's secret."""

    def __init__(self, console: Console, client: httpx.AsyncClient, secret: str) -> None:
        self.console, self.client, self.secret = console, client, secret

    async def brings(
        self, mail: bytes = MAIL, *, secret: str = "", message_id: str = "msg_1",
        late: timedelta = timedelta(0), changed: dict[str, str] | None = None,
    ) -> int:  # fmt: skip
        at = self.console.clock.machine() - late
        headers = signed_headers([secret or self.secret], message_id, mail, at) | (changed or {})
        path = f"/v1/venues/{self.console.venue_id}/support/mail"
        answer = await self.client.post(
            path, content=mail, headers=headers | {"Content-Type": "message/rfc822"}
        )
        return answer.status_code

    async def kept(self) -> int:
        async with self.console.db.read() as tx:
            return await tx.scalar(select(func.count()).select_from(MailIn)) or 0


@pytest.fixture
async def deliverer(console: Console) -> Deliverer:
    async with console.db.transaction() as tx:
        secret = await new_mail_secret(tx, console.venue_id, console.parts.sealer)
    return Deliverer(console, await console.client(), secret)


async def test_a_signed_mail_is_kept(deliverer: Deliverer) -> None:
    assert await deliverer.brings() == 202
    assert await deliverer.kept() == 1


async def test_the_same_mail_again_is_thanked_for_and_kept_once(deliverer: Deliverer) -> None:
    assert [await deliverer.brings(), await deliverer.brings(message_id="msg_2")] == [202, 202]
    assert await deliverer.kept() == 1


@pytest.mark.parametrize("minutes", [6, -6])
async def test_a_signature_of_another_time_opens_nothing(
    deliverer: Deliverer, minutes: int
) -> None:
    assert await deliverer.brings(late=timedelta(minutes=minutes)) == 400
    assert await deliverer.kept() == 0


async def test_a_replayed_head_does_not_fit_another_mail(deliverer: Deliverer) -> None:
    right = signed_headers([deliverer.secret], "msg_1", MAIL, deliverer.console.clock.machine())
    forged = raw("Refund me.", to="aide@verriere.example", message_id="<f@evil.example>")
    assert await deliverer.brings(forged, changed=right) == 400
    assert await deliverer.kept() == 0


async def test_another_secret_and_no_signature_are_refused_alike(deliverer: Deliverer) -> None:
    assert await deliverer.brings(secret=new_signing_secret()) == 400
    assert await deliverer.brings(changed={"webhook-signature": ""}) == 400
    assert await deliverer.brings(changed={"webhook-id": "a.b"}) == 400
    assert await deliverer.kept() == 0


async def test_a_venue_that_takes_no_mail_this_way_says_the_same(
    console: Console, deliverer: Deliverer
) -> None:
    path = f"/v1/venues/{console.neighbour_id}/support/mail"
    head = signed_headers([deliverer.secret], "msg_1", MAIL, console.clock.machine())
    assert (await deliverer.client.post(path, content=MAIL, headers=head)).status_code == 400
