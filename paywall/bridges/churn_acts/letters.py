"""Mails of actions: a row of the outbox with the venue's words, filled in when it is rendered."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from churn.ports import CanNotDo, Doing
from churn.triggers.acts import Lettered, is_service, text_for
from infra.kernel.db import Tx
from paywall.accounts.tables import Account, Customer
from paywall.catalogue import prose
from paywall.catalogue.tables import Venue
from paywall.mailings.clicks import Clicks, addresses_in, marked
from paywall.mailings.unsubscribe import Unsubscribes
from paywall.notices.kinds import NEWS, NOTICE
from paywall.notices.outbox import Outbox, mail


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    email: str
    name: str
    locale: str
    venue: Venue


class Letters:
    """Writes one mail of an act. `touch_id` is its cause: the same one never mails twice."""

    def __init__(
        self, outbox: Outbox, unsubscribes: Unsubscribes, clicks: Clicks, public_url: str
    ) -> None:
        self._outbox = outbox
        self._unsubscribes = unsubscribes
        self._clicks = clicks
        self._public_url = public_url

    async def write(
        self, tx: Tx, doing: Doing, act: Lettered, *, path: str = "", **blanks: Any
    ) -> None:
        """`blanks` beyond name, venue and plan, as JSON; `path`: where the button leads."""
        to = await _addressee(tx, doing)
        language, words = text_for(act, to.locale, to.venue.locale)
        data: dict[str, Any] = {
            "action_id": doing.trigger_id,
            "subject": words.subject,
            "body_md": words.body_md,
            "blanks": {"name": to.name, "venue": to.venue.name, "plan": doing.plan, **blanks},
            "url": self._public_url + (path or f"/venues/{to.venue.slug}"),
        }
        notice = is_service(doing.act)
        if not notice:
            data["unsubscribe_url"] = self._unsubscribes.url(to.venue.id, to.account_id)
            data["url"] = marked(data["url"], self._public_url, doing.trigger_id)
            if await self._clicks.counted(tx, to.account_id):
                urls = [data["url"], *addresses_in(prose.html(words.body_md))]
                data["links"] = self._clicks.links(doing.touch_id, urls)
        template = NOTICE if notice else NEWS
        row = mail(doing.venue_id, to.email, template, doing.touch_id, data, locale=language)
        await self._outbox.enqueue(tx, [row], doing.machine_now)


async def _addressee(tx: Tx, doing: Doing) -> Addressee:
    query = (
        select(Account.id, Account.email, Account.name, Account.locale)
        .join(Customer, Customer.account_id == Account.id)
        .where(Customer.id == doing.customer_id, Customer.venue_id == doing.venue_id)
    )
    found = (await tx.execute(query)).first()
    venue = await tx.get(Venue, doing.venue_id)
    if found is None or venue is None:
        raise CanNotDo("no_customer")
    return Addressee(
        account_id=found.id, email=found.email, name=found.name, locale=found.locale, venue=venue
    )
