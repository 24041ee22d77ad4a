"""Mails of accounts in the real outbox: sealed links, one mail a cause."""

from __future__ import annotations

from sqlalchemy import select

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.links import Links
from paywall.accounts.passwords import Passwords
from paywall.accounts.sessions import Caller
from paywall.notices.account_mails import AccountMails
from paywall.notices.outbox import Outbox
from paywall.notices.tables import OutboxKind, OutboxRow


async def test_a_log_in_link_waits_sealed_and_still_signs_in(
    database: Database, clock: HandClock
) -> None:
    outbox = Outbox(Sealer(b"s" * 32))
    caller = Caller("203.0.113.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
    links = Links(
        database,
        clock,
        limiter=MemoryLimiter(clock),
        notices=AccountMails(outbox),
        passwords=Passwords(),
        public_url="http://localhost:8000",
    )
    await links.request("a@example.org", caller, locale="fr")
    async with database.read() as tx:
        row = await tx.scalar(select(OutboxRow))
    assert row is not None
    assert (row.recipient, row.template, row.locale) == ("a@example.org", "login_link", "fr")
    assert row.data == {"minutes": 15, "device": "Firefox, Linux", "email": "a@example.org"}
    assert "token=" not in row.sealed
    (claimed,) = await outbox.claim_due(database, OutboxKind.MAIL, clock.machine(), 10)
    token = claimed.data["url"].partition("token=")[2]
    opened = await links.redeem(token, caller)
    assert opened.account_id
