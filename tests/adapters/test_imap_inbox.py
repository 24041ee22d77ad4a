"""The mailbox is read by IMAP, stored once, marked as seen only then; its password stays ours.

Against a small server of our own that speaks RFC 3501 over a socket: no other is at hand here.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from infra.adapters.imap_inbox import ImapInbox, parse_imap_url
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Unavailable
from support_bot.case_tables import MailIn
from support_bot.mail_reading import MAIL_BYTES_MAX
from tests.adapters.imap_server import PASSWORD, USER, Mailbox, imap_server
from tests.bridges.support_world import Desk
from tests.support_bot.cases.mails import raw

Served = tuple[Mailbox, int]


@pytest.fixture
def served() -> Iterator[Served]:
    with imap_server() as (box, port):
        yield box, port


def inbox(port: int, password: str = PASSWORD, folder: str = "") -> ImapInbox:
    url = f"imap://{USER}:{quote(password, safe='')}@127.0.0.1:{port}/{folder}"
    return ImapInbox(url, timeout_s=5)


async def test_the_oldest_unseen_mails_are_fetched_and_stay_unseen(served: Served) -> None:
    box, port = served
    uids = [box.put(raw(f"mail {n}")) for n in range(4)]
    box.seen.add(uids[0])
    found = await inbox(port).fetch(2)
    assert [one.uid for one in found] == [str(uids[1]), str(uids[2])]
    assert found[0].raw.endswith(b"mail 1")
    assert box.seen == {uids[0]}


async def test_stored_mails_are_marked_and_not_fetched_again(served: Served) -> None:
    box, port = served
    box.put(raw("one"))
    postbox = inbox(port)
    await postbox.stored([one.uid for one in await postbox.fetch(10)])
    assert await postbox.fetch(10) == []


async def test_a_mail_of_any_size_costs_no_more_than_the_bound(served: Served) -> None:
    box, port = served
    box.put(b"x" * (MAIL_BYTES_MAX + 5))
    [found] = await inbox(port).fetch(1)
    assert len(found.raw) == MAIL_BYTES_MAX


@pytest.mark.parametrize("fault", ["password", "folder", "away", "gone"])
async def test_a_mailbox_that_can_not_be_read_says_so_and_keeps_the_password(
    served: Served, fault: str
) -> None:
    box, port = served
    box.away = fault == "away"
    postbox = inbox(
        1 if fault == "gone" else port,
        "hunter2" if fault == "password" else PASSWORD,
        "Nowhere" if fault == "folder" else "",
    )
    with pytest.raises(Unavailable) as refused:
        await postbox.fetch(1)
    assert "hunter2" not in refused.value.detail
    assert PASSWORD not in refused.value.detail


async def test_a_worker_that_dies_between_storing_and_marking_stores_nothing_twice(
    database: Database, clock: HandClock, served: Served
) -> None:
    box, port = served
    box.put(raw("once", to="support+verriere@tickets.example"))
    desk = Desk(database, clock)
    await desk.open()

    class Dies(ImapInbox):
        async def stored(self, uids: object) -> None:
            raise Unavailable("killed")

    url = f"imap://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
    with pytest.raises(Unavailable):
        await desk.jobs.fetch(Dies(url), clock.machine())
    assert await desk.jobs.fetch(inbox(port), clock.machine()) == 1
    assert await desk.jobs.fetch(inbox(port), clock.machine()) == 0
    await desk.run()
    async with database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(MailIn)) == 1
    assert len(await desk.all_cases()) == 1


def test_addresses_of_mailboxes() -> None:
    server = parse_imap_url("imaps://a%40b.example:p%2F@mx.example/INBOX/Support")
    assert (server.port, server.tls, server.user, server.password, server.folder) == (
        993, True, "a@b.example", "p/", "INBOX/Support",
    )  # fmt: skip
    for wrong in ("https://mx.example", "imap://", "imaps://mx.example"):
        with pytest.raises(ValueError, match="imaps://user"):
            parse_imap_url(wrong)
