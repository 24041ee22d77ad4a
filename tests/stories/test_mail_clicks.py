"""Links of marketing mails: through us and on, counted once for a person, never for a machine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select

from churn.triggers.acts import LetterText, Mail
from paywall.accounts.consents import Purpose
from paywall.accounts.principal import INSTALLATION, Principal
from paywall.accounts.tables import Account
from paywall.mailings.tables import MailClick
from paywall.notices.dev_mailbox import DevMail
from tests.stories.audience import Audience
from tests.stories.hall import Hall

FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0"}
PRESS = "https://press.example.net/story?a=1&b=2"
LETTER = Mail(
    {"en": LetterText("News", f"Read [what they say]({PRESS}) or [write](mailto:a@b.example).")},
    service=False,
)
NOTICE = Mail(LETTER.texts, service=True)


@pytest.fixture
async def audience(hall: Hall) -> AsyncIterator[Audience]:
    made = Audience(hall)
    await made.add("maud", card_expires_in_days=20.0)
    yield made
    await made.close()


async def sent(audience: Audience, act: Mail = LETTER) -> DevMail:
    await audience.everybody_is_treated(await audience.action(act))
    await audience.tick()
    (mail,) = await audience.mails("maud")
    return mail


def links(mail: DevMail) -> list[str]:
    found = re.findall(r'href="http://[^/"]+(/l/[\w-]+)"', mail.html)
    return list(dict.fromkeys(found))


async def clicks(audience: Audience) -> list[MailClick]:
    async with audience.db.read() as tx:
        return list(await tx.scalars(select(MailClick)))


async def followed(audience: Audience, link: str, method: str = "GET") -> httpx.Response:
    client = await audience.hall.client()
    return await client.request(method, link, headers=FIREFOX)


async def test_each_link_leads_where_the_mail_said_and_counts_once(audience: Audience) -> None:
    mail = await sent(audience)
    press, venue = sorted(links(mail), key=len)
    audience.hall.clock.move(minutes=5)
    there = [await followed(audience, press)]
    audience.hall.clock.move(minutes=1)
    there.append(await followed(audience, venue))
    places = {urlsplit(answer.headers["location"]).path for answer in there}
    assert {answer.status_code for answer in there} == {302}
    assert places == {"/story", f"/venues/{audience.hall.venue_id[-20:]}"}
    assert PRESS in {answer.headers["location"] for answer in there}
    audience.hall.clock.move(minutes=5)
    await followed(audience, press)
    (row,) = await clicks(audience)
    assert row.action_id.startswith("trg_")
    assert "mailto:a@b.example" in mail.html
    assert "/unsubscribe/" in mail.html


async def test_what_opens_every_link_at_once_is_a_machine(audience: Audience) -> None:
    mail = await sent(audience)
    audience.hall.clock.move(minutes=5)
    for link in links(mail):
        await followed(audience, link)
    (row,) = await clicks(audience)
    assert row.at is None
    audience.hall.clock.move(minutes=5)  # and then the person reads it
    await followed(audience, links(mail)[0])
    (row,) = await clicks(audience)
    assert row.at == audience.hall.clock.machine()


async def test_a_scanner_that_comes_with_the_mail_is_not_counted(audience: Audience) -> None:
    mail = await sent(audience)
    audience.hall.clock.move(seconds=2)
    assert (await followed(audience, links(mail)[0])).status_code == 302
    (row,) = await clicks(audience)
    assert row.at is None


async def test_a_look_at_the_head_and_a_robot_are_not_even_noted(audience: Audience) -> None:
    mail = await sent(audience)
    audience.hall.clock.move(minutes=5)
    assert (await followed(audience, links(mail)[0], "HEAD")).status_code == 302
    client = await audience.hall.client()
    await client.get(links(mail)[0], headers={"user-agent": "curl/8.5"})
    assert await clicks(audience) == []


async def test_nothing_that_was_not_in_a_mail_is_led_to(audience: Audience) -> None:
    mail = await sent(audience)
    link = links(mail)[0]
    for wrong in (link[:-4] + "AAAA", "/l/" + "x" * 80, "/l/%E2%82%AC"):
        assert (await followed(audience, wrong)).status_code == 404


async def test_the_links_of_an_old_mail_still_lead_on(audience: Audience) -> None:
    mail = await sent(audience)
    audience.hall.clock.move(days=100)
    await audience.hall.parts.outbox.purge(audience.db, audience.hall.clock.machine())
    answer = await followed(audience, links(mail)[0])
    assert answer.status_code == 302
    assert await clicks(audience) == []


async def test_a_mail_about_the_contract_has_plain_links(audience: Audience) -> None:
    mail = await sent(audience, NOTICE)
    assert links(mail) == []
    assert "press.example.net" in mail.html


async def test_who_does_not_want_to_be_counted_gets_plain_links(audience: Audience) -> None:
    query = select(Account.id).where(Account.email == "maud@example.org")
    async with audience.db.read() as tx:
        account_id = (await tx.scalars(query)).one()
    await audience.hall.parts.people.consents.say(
        Principal(account_id=account_id), INSTALLATION, Purpose.VISITS, granted=False, wording="t"
    )
    mail = await sent(audience)
    assert links(mail) == []
    assert "utm_medium=email" in mail.html
