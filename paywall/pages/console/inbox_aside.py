"""Mails that became no case: shown, taken in after all, or dropped."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import Invalid, NotFound, Problem
from paywall.accounts.roles import Permission as P
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Link, Row, moment_cell
from support_bot import mail_in
from support_bot.mail_reading import Letter, UnreadableMail, head_of, read

READ = {"permission": P.SUPPORT_READ}
WRITE = {"permission": P.SUPPORT_WRITE, "page": True}
WHY = {
    "auto_reply": N_("An automatic answer"),
    "bounce": N_("A mail that did not arrive"),
    "list": N_("A mailing list"),
    "bulk": N_("Sent to many"),
    "loop": N_("From ourselves"),
    "no sender": N_("No sender"),
}
AT = "/inbox/aside"


@get("/console/{venue_id:str}/inbox/aside", opt=READ)
async def listed(desk: NamedDependency[Desk]) -> Response[Any]:
    """The latest hundred, each with why it was set aside."""
    async with desk.look() as tx:
        found = await mail_in.aside(tx, desk.venue.id)
        heads = await mail_in.heads(tx, [row.id for row in found])
    _ = desk.gettext
    rows = []
    for row in found:
        sender, _to, subject = head_of(heads.get(row.id, b""))
        rows.append(Row(
            [
                Cell(subject or _("No subject")), Cell(sender), Cell(why_text(desk, row.outcome)),
                moment_cell(desk.locale, row.received_at, desk.venue.timezone),
            ],
            desk.url(f"{AT}/{row.id}"),
        ))  # fmt: skip
    return desk.page(
        "mails_aside.html", section="inbox", rows=rows,
        columns=[_("Subject"), _("From"), _("Why"), _("Received")],
        trail=[Link(_("Inbox"), desk.url("/inbox"))],
    )  # fmt: skip


@get("/console/{venue_id:str}/inbox/aside/{mail_id:str}", opt=READ)
async def one(desk: NamedDependency[Desk], mail_id: FromPath[str]) -> Response[Any]:
    """One mail as text; nothing of it is loaded or run."""
    async with desk.look() as tx:
        row = await mail_in.one_aside(tx, desk.venue.id, mail_id)
        raw = row.raw
    sender, to, subject = head_of(raw)
    letter = await _letter(raw)
    _ = desk.gettext
    return desk.page(
        "mail_aside.html", section="inbox", title=subject or _("No subject"), sender=sender, to=to,
        letter=letter, why=why_text(desk, row.outcome), at=row.received_at,
        url=desk.url(f"{AT}/{mail_id}"), may_write=desk.may(P.SUPPORT_WRITE),
        trail=[Link(_("Inbox"), desk.url("/inbox")), Link(_("Mails set aside"), desk.url(AT))],
    )  # fmt: skip


@post("/console/{venue_id:str}/inbox/aside/{mail_id:str}/take", opt=WRITE)
async def take(desk: NamedDependency[Desk], mail_id: FromPath[str]) -> Response[Any]:
    """It is a question after all: a case of its sender's, which is answered as any other."""
    try:
        async with desk.look() as tx:
            raw = (await mail_in.one_aside(tx, desk.venue.id, mail_id)).raw
        letter = await _letter(raw)
        if letter is None or not letter.sender:
            raise Invalid("mail", N_("It has no readable sender: nobody could be answered."))
        async with desk.act() as act:
            row = await mail_in.one_aside(act.tx, desk.venue.id, mail_id, lock=True)
            work = desk.parts.cases
            case = await mail_in.take_aside(act.tx, row, desk.venue.id, letter, work.people)
            await act.note("support_mail.taken_in", mail_id, case_id=case.id)
            case_id = case.id
    except NotFound:
        return desk.to(desk.url(AT), desk.gettext("Somebody was faster: this mail is done with."))
    except Problem as problem:
        return desk.to(desk.url(f"{AT}/{mail_id}"), desk.words_for(problem))
    return desk.to(desk.url(f"/inbox/{case_id}"), desk.gettext("It is a case now."))


@post("/console/{venue_id:str}/inbox/aside/{mail_id:str}/drop", opt=WRITE)
async def drop(desk: NamedDependency[Desk], mail_id: FromPath[str]) -> Response[Any]:
    """Its bytes are forgotten; that it came is not, so that it does not come again."""
    try:
        async with desk.act() as act:
            row = await mail_in.one_aside(act.tx, desk.venue.id, mail_id, lock=True)
            row.raw = b""
            await act.note("support_mail.dropped", mail_id)
    except NotFound:
        return desk.to(desk.url(AT), desk.gettext("Somebody was faster: this mail is done with."))
    return desk.to(desk.url(AT), desk.gettext("Dropped."))


def why_text(desk: Desk, outcome: str) -> str:
    """Why it was set aside; what a reader of broken mails said stays as it is."""
    return desk.gettext(WHY[outcome]) if outcome in WHY else outcome


async def _letter(raw: bytes) -> Letter | None:
    try:
        return await asyncio.to_thread(read, raw)
    except UnreadableMail:
        return None


PAGES = [listed, one, take, drop]
