"""Links of marketing mails: signed addresses of ours that lead on, and are counted once a mail.

The address that a link leads to stands in it, signed: it works for as long as the mail exists,
after the mail's own row is gone, and leads nowhere that was not in a mail of ours. Opening a mail
is not tracked (docs/decisions/mail-tracking.md).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import html
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from sqlalchemy import and_, delete, func, select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx, insert_into, padded
from infra.kernel.errors import NotFound
from infra.kernel.seal import Sealer
from paywall.accounts.consents import Purpose, refusing
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.tables import Account, Customer
from paywall.mailings.tables import MailClick
from paywall.notices.kinds import NEWS
from paywall.notices.tables import OutboxKind, OutboxRow

PAGE: Final = "/l/{token}"
TOO_SOON: Final = timedelta(seconds=20)
"""Who follows a link sooner after the mail was sent is a scanner: nobody reads that fast. Ours."""
AT_ONCE: Final = timedelta(seconds=3)
"""Two links of one mail within this time are a machine's that opens them all. Ours."""
SETTLES: Final = timedelta(minutes=10)
"""After this a click is no longer taken back as a machine's."""
KEPT: Final = timedelta(days=390)
LINKS_MAX: Final = 30
URL_MAX: Final = 2000
_TAG_BYTES: Final = 18
_HREF: Final = re.compile(r'href="(https?://[^"]*)"')


class Link(msgspec.Struct, frozen=True):
    """What a token says: the mail by its cause, which of its links, and where it leads."""

    cause_id: str
    number: int
    url: str


class Clicks:
    """Makes the addresses and counts them."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer, public_url: str) -> None:
        self._db = db
        self._clock = clock
        self._key = sealer.key("mail links v1")
        self._public_url = public_url

    async def counted(self, tx: Tx, account_id: str) -> bool:
        """Whether this person's clicks may be counted: they did not say no to being counted."""
        refused = await refusing(tx, INSTALLATION, Purpose.VISITS, [account_id])
        return account_id not in refused

    def links(self, cause_id: str, urls: list[str]) -> dict[str, str]:
        """Each web address of a mail and the one that goes through us instead."""
        distinct = list(dict.fromkeys(url for url in urls if len(url) <= URL_MAX))
        return {
            url: self._public_url + PAGE.format(token=self._token(Link(cause_id, number, url)))
            for number, url in enumerate(distinct[:LINKS_MAX])
        }

    def _token(self, link: Link) -> str:
        said = f"{link.cause_id}.{link.number}.{link.url}".encode()
        tag = hmac.digest(self._key, said, "sha256")[:_TAG_BYTES]
        return base64.urlsafe_b64encode(tag + said).decode().rstrip("=")

    def opened(self, token: str) -> Link:
        """NotFound for a token that we did not make."""
        try:
            raw = base64.urlsafe_b64decode(token[:4000] + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as error:
            raise NotFound("address") from error
        tag, said = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, hmac.digest(self._key, said, "sha256")[:_TAG_BYTES]):
            raise NotFound("address")
        cause_id, number, url = said.decode().split(".", 2)
        return Link(cause_id, int(number), url)

    async def follow(self, link: Link) -> bool:
        """Somebody asked for it: write it down; whether it counts as the person's, so far."""
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            mail = await _mail(tx, link.cause_id)
            if mail is None:
                return False
            row = await _row_of(tx, mail, link, now)
            several = row.seen_link != link.number and now - row.seen_at <= AT_ONCE
            soon = mail.done_at is None or now - mail.done_at < TOO_SOON
            if several and row.at is not None and now - row.at <= AT_ONCE:
                row.at = None  # what looked like a person opened the next link at once
            elif row.at is None and not several and not soon:
                row.at = now
            row.seen_at, row.seen_link = now, link.number
            await tx.flush()
            return row.at is not None


async def _mail(tx: Tx, cause_id: str) -> Any:
    """The mail and its reader; None when its row is gone, or its reader."""
    query = (
        select(
            OutboxRow.id, OutboxRow.venue_id, OutboxRow.template, OutboxRow.data,
            OutboxRow.done_at, Customer.id.label("customer_id"),
        )
        .join(Account, Account.email == OutboxRow.recipient)
        .join(
            Customer,
            and_(Customer.account_id == Account.id, Customer.venue_id == OutboxRow.venue_id),
        )
        .where(
            OutboxRow.kind == OutboxKind.MAIL,
            OutboxRow.cause_id == cause_id,
            OutboxRow.template == NEWS,
        )
    )  # fmt: skip
    return (await tx.execute(query)).first()


async def _row_of(tx: Tx, mail: Any, link: Link, now: datetime) -> MailClick:
    """The mail's row, locked; made where this is the first time."""
    first = {
        "id": mail.id,
        "venue_id": mail.venue_id,
        "customer_id": mail.customer_id,
        "template": mail.template,
        "action_id": str(mail.data.get("action_id", "")),
        "at": None,
        "seen_at": now,
        "seen_link": link.number,
    }
    await tx.execute(insert_into(tx, MailClick).values(first).on_conflict_do_nothing())
    query = select(MailClick).where(MailClick.id == mail.id).with_for_update()
    return (await tx.scalars(query)).one()


def addresses_in(body_html: str) -> list[str]:
    """The web addresses that a mail's text links to."""
    return [html.unescape(found) for found in _HREF.findall(body_html)]


def led_through(body_html: str, links: Mapping[str, str]) -> str:
    """The text with its links going through us."""

    def ours(found: re.Match[str]) -> str:
        url = html.unescape(found[1])
        return f'href="{html.escape(links.get(url, url))}"'

    return _HREF.sub(ours, body_html)


def marked(url: str, public_url: str, campaign: str) -> str:
    """A page of ours is told that a mail of this campaign led to it; other sites are not."""
    if not url.startswith(public_url + "/"):
        return url
    parts = urlsplit(url)
    marks = urlencode({"utm_medium": "email", "utm_campaign": campaign[:80]})
    return urlunsplit(parts._replace(query=f"{parts.query}&{marks}" if parts.query else marks))


async def clicks_of(tx: Tx, action_id: str, before: datetime) -> int:
    """How many people followed a link of this action's mails, as far as that is settled."""
    query = select(func.count()).where(MailClick.action_id == action_id, MailClick.at < before)
    return await tx.scalar(query) or 0


async def sweep_clicks(db: Database, now: datetime) -> int:
    """Delete what is older than KEPT; how many rows."""
    async with db.transaction() as tx:
        connection = await tx.connection()
        old = delete(MailClick).where(MailClick.seen_at < now - KEPT)
        return (await connection.execute(old)).rowcount


async def forget_clicks(tx: Tx, customer_ids: list[str]) -> None:
    """These customers' clicks are taken out."""
    if customer_ids:
        named = MailClick.customer_id.in_(padded(customer_ids))
        await tx.execute(delete(MailClick).where(named))
