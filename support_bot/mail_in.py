"""Mails in: stored once as they came, handled later, each into the case it belongs to (law 6).

Where a mail belongs is decided by what we gave out ourselves: a marked reply address, the id of
a mail of ours, a marked subject. A bare case number counts only from the case's own address.
Answers always go to the case's address, so that a forged sender learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import defer

from infra.kernel.db import Tx, insert_into, wake
from infra.kernel.errors import NotFound
from infra.kernel.ids import new_id
from support_bot import mail_tokens
from support_bot.case_attach import attach
from support_bot.case_tables import (
    Author,
    Case,
    CaseMessage,
    CaseState,
    Channel,
    MailIn,
    MailState,
)
from support_bot.cases import CaseLine, Line, case_for_update, open_case, step, viewer_writes
from support_bot.mail_reading import Letter, UnreadableMail, copy_key_of, key_of, reads_nobody
from support_bot.ports import Post

ANYWHERE = "installation"
"""venue_id of a mail whose addressee is not known yet."""
JOB = "support_mails"
TRIES_MAX = 5
HEAD_BYTES = 20_000
KEEP_RAW = timedelta(days=30)
FLOOD = 10
"""Cases that one address may open in an hour; what comes after goes into the last of them."""


class Names(msgspec.Struct, frozen=True):
    """How this installation's own mails are recognised."""

    key: bytes
    base: str
    """support@tickets.example; empty: no reply addresses are given out."""
    domain: str
    """Of our Message-IDs."""
    senders: Sequence[str] = ()
    """Our own addresses: mail from them is a loop."""


class Outcome(msgspec.Struct, frozen=True):
    state: MailState
    words: str
    case_id: str | None = None
    venue_id: str = ANYWHERE


async def store(
    tx: Tx, raw: bytes, *, source: str, now: datetime, venue_id: str = ANYWHERE
) -> bool:
    """Keep a mail once under its natural key; False where it is known. `now` is machine time.

    One mailbox serves many venues: a mail sent to two of them may lie there twice under one
    Message-ID, so there the address that it was delivered to is part of the key.
    """
    key = key_of(raw) if venue_id != ANYWHERE else copy_key_of(raw)
    row = insert_into(tx, MailIn).values(
        id=new_id("mli"), venue_id=venue_id, natural_key=key[:255], source=source,
        raw=raw, state=MailState.NEW, outcome="", tries=0, due_at=now, received_at=now,
    )  # fmt: skip
    made = (await tx.execute(row.on_conflict_do_nothing().returning(MailIn.id))).scalar()
    wake(tx, JOB)
    return made is not None


async def due(tx: Tx, now: datetime, limit: int = 10) -> list[str]:
    """Ids of mails to handle, the oldest first."""
    query = (
        select(MailIn.id)
        .where(MailIn.state == MailState.NEW, MailIn.due_at <= now)
        .order_by(MailIn.due_at, MailIn.id)
        .limit(limit)
    )
    return list(await tx.scalars(query))


async def locked(tx: Tx, mail_id: str) -> MailIn | None:
    """The row, if it still waits; another worker may have been faster."""
    query = select(MailIn).where(MailIn.id == mail_id, MailIn.state == MailState.NEW)
    return await tx.scalar(query.with_for_update(skip_locked=True))


def settle(row: MailIn, outcome: Outcome, now: datetime) -> None:
    row.move(outcome.state)
    row.outcome = outcome.words[:200]
    row.case_id = outcome.case_id
    row.done_at = now


async def attribute(tx: Tx, row: MailIn, venue_id: str) -> None:
    """Show a mail that was set aside to the venue that it was for, unless it knows it already."""
    if row.venue_id != ANYWHERE or venue_id == ANYWHERE:
        return
    query = select(MailIn.id).where(
        MailIn.venue_id == venue_id, MailIn.natural_key == row.natural_key
    )
    if await tx.scalar(query) is None:
        row.venue_id = venue_id


async def aside(tx: Tx, venue_id: str, limit: int = 100) -> list[MailIn]:
    """Mails that became no case and whose bytes are still there, the latest first."""
    query = (
        select(MailIn)
        .where(
            MailIn.venue_id == venue_id,
            MailIn.state.in_((MailState.IGNORED, MailState.FAILED)),
            func.length(MailIn.raw) > 0,
        )
        .order_by(MailIn.id.desc())
        .limit(limit)
        .options(defer(MailIn.raw))
    )
    return list(await tx.scalars(query))


async def heads(tx: Tx, ids: Sequence[str]) -> dict[str, bytes]:
    """The first bytes of these mails."""
    query = select(MailIn.id, func.substr(MailIn.raw, 1, HEAD_BYTES)).where(MailIn.id.in_(ids))
    return {mail_id: bytes(head) for mail_id, head in await tx.execute(query)}


async def one_aside(tx: Tx, venue_id: str, mail_id: str, *, lock: bool = False) -> MailIn:
    """One of them; NotFound where it is none any more."""
    query = select(MailIn).where(MailIn.id == mail_id, MailIn.venue_id == venue_id)
    row: MailIn | None = await tx.scalar(query.with_for_update() if lock else query)
    if row is None or not row.raw or row.state not in (MailState.IGNORED, MailState.FAILED):
        raise NotFound("mail")
    return row


def put_off(row: MailIn, why: str, now: datetime) -> None:
    """It broke; again in a while, and after TRIES_MAX a person looks."""
    row.tries += 1
    if row.tries >= TRIES_MAX:
        settle(row, Outcome(MailState.FAILED, why), now)
        return
    row.outcome = why[:200]
    row.due_at = now + timedelta(minutes=2**row.tries)


async def take(tx: Tx, row: MailIn, letter: Letter, names: Names, post: Post) -> Outcome:
    """Handle one mail in the caller's transaction: into its case, a new one, or nowhere."""
    if letter.automatic == "bounce":
        return await _bounced(tx, letter, names, post)
    venues = [row.venue_id]
    if row.venue_id == ANYWHERE:
        venues = list(await post.venues_of(tx, letter.to))
    aside = _why_aside(letter, names)
    if aside:
        return Outcome(MailState.IGNORED, aside, venue_id=venues[0] if venues else ANYWHERE)
    case = await _case_of(tx, row, letter, names)
    if case is not None:
        return await _answer(tx, case, letter, post)
    if not venues:
        return Outcome(MailState.IGNORED, "no venue has this address")
    outcomes = [await _first(tx, venue_id, letter, post) for venue_id in venues]
    return outcomes[0]


def _why_aside(letter: Letter, names: Names) -> str:
    """Why no case may come of it; empty: one may."""
    if letter.automatic:
        return letter.automatic
    if not letter.sender:
        return "no sender"
    ours = {one.lower() for one in names.senders}
    return "loop" if letter.sender in ours or _is_our_id(letter, names) else ""


async def _answer(tx: Tx, case: Case, letter: Letter, post: Post) -> Outcome:
    """A mail of a case that is known: into it, or beside it where it is closed."""
    known = await _known(tx, case.venue_id, letter)
    if known is not None and known.case_id == case.id:
        return Outcome(MailState.DONE, "known", case.id, case.venue_id)
    now = await post.now(tx, case.venue_id)
    if case.state is not CaseState.CLOSED:
        return await _into(tx, case, letter, now)
    follows = case if case.email.lower() == letter.sender else None
    return await _open(tx, case.venue_id, letter, now, post, follows=follows)


async def _first(tx: Tx, venue_id: str, letter: Letter, post: Post) -> Outcome:
    """A mail that belongs to no case: a new one at this venue, once under a Message-ID."""
    known = await _known(tx, venue_id, letter)
    if known is not None:
        sender = known.from_email or (await tx.get_one(Case, known.case_id)).email
        if sender.lower() == letter.sender:
            return Outcome(MailState.DONE, "known", known.case_id, venue_id)
    now = await post.now(tx, venue_id)
    flooded = await _flooded(tx, venue_id, letter.sender, now)
    if flooded is not None:
        return await _into(tx, flooded, letter, now)
    return await _open(tx, venue_id, letter, now, post, bot_may_answer=not letter.answers)


async def take_aside(tx: Tx, row: MailIn, venue_id: str, letter: Letter, post: Post) -> Case:
    """A person says that a mail set aside is one: a new case, nobody's identity taken from it."""
    now = await post.now(tx, venue_id)
    outcome = await _open(tx, venue_id, letter, now, post)
    row.move(MailState.DONE)
    row.outcome, row.case_id, row.done_at = "taken in", outcome.case_id, now
    return await tx.get_one(Case, outcome.case_id)


async def forget_raw(tx: Tx, now: datetime, limit: int = 200) -> int:
    """Empty the bytes of mails handled KEEP_RAW ago; the rows keep duplicates away. How many."""
    old = (
        select(MailIn.id)
        .where(
            MailIn.state != MailState.NEW,
            MailIn.done_at < now - KEEP_RAW,
            func.length(MailIn.raw) > 0,
        )
        .limit(limit)
    )
    ids = list(await tx.scalars(old))
    if ids:
        await tx.execute(
            update(MailIn)
            .where(MailIn.id.in_(ids))
            .values(raw=b"")
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def unreadable(error: UnreadableMail) -> Outcome:
    return Outcome(MailState.FAILED, str(error))


def _is_our_id(letter: Letter, names: Names) -> bool:
    return letter.message_id.lower().endswith("@" + names.domain.lower())


async def _case_of(tx: Tx, row: MailIn, letter: Letter, names: Names) -> Case | None:
    """The case that the mail may write into, locked; merged ones where they go on."""
    found = await _marked(tx, letter, names)
    if found is None:
        found = await _answered(tx, letter, names)
    if found is None:
        found = await _subject(tx, row, letter, names)
    if found is None or (row.venue_id not in (ANYWHERE, found.venue_id)):
        return None
    for _ in range(10):
        if found.merged_into is None:
            break
        found = await case_for_update(tx, found.venue_id, found.merged_into)
    return await case_for_update(tx, found.venue_id, found.id)


async def _marked(tx: Tx, letter: Letter, names: Names) -> Case | None:
    if not names.base:
        return None
    for address in letter.to:
        case_id = mail_tokens.case_of_address(names.base, names.key, address)
        if case_id is not None:
            return await tx.get(Case, case_id)
    return None


async def _answered(tx: Tx, letter: Letter, names: Names) -> Case | None:
    """By the id of a mail: ours holds 80 random bits, a person's own counts from themselves."""
    ending = "@" + names.domain
    ours = [one.removesuffix(ending) for one in letter.answers if one.endswith(ending)]
    if ours:
        query = select(Case).join(CaseMessage, CaseMessage.case_id == Case.id)
        found = await tx.scalar(query.where(CaseMessage.id.in_(ours)).limit(1))
        if found is not None:
            return found
        found = await tx.scalar(select(Case).where(Case.id.in_(ours)).limit(1))  # a receipt
        if found is not None:
            return found
    if letter.answers:
        query = (
            select(Case)
            .join(CaseMessage, CaseMessage.case_id == Case.id)
            .where(
                CaseMessage.mail_id.in_(list(letter.answers)),
                func.lower(Case.email) == letter.sender,
            )
            .limit(1)
        )
        return await tx.scalar(query)
    return None


async def _subject(tx: Tx, row: MailIn, letter: Letter, names: Names) -> Case | None:
    said = mail_tokens.tag_in(letter.subject)
    if said is None:
        return None
    query = select(Case).where(Case.number == said.number)
    if row.venue_id != ANYWHERE:
        query = query.where(Case.venue_id == row.venue_id)
    for case in await tx.scalars(query.limit(100)):
        if mail_tokens.is_ours(names.key, case.venue_id, said):
            return case
        if not said.mark and case.email.lower() == letter.sender and row.venue_id != ANYWHERE:
            return case
    return None


async def _flooded(tx: Tx, venue_id: str, sender: str, now: datetime) -> Case | None:
    query = (
        select(Case)
        .where(
            Case.venue_id == venue_id,
            func.lower(Case.email) == sender,
            Case.channel == Channel.MAIL,
            Case.opened_at > now - timedelta(hours=1),
        )
        .order_by(Case.id.desc())
        .limit(FLOOD)
    )
    found = list(await tx.scalars(query))
    usable = [one for one in found if one.state not in (CaseState.CLOSED, CaseState.MERGED)]
    if len(found) < FLOOD or not usable:
        return None
    return await case_for_update(tx, venue_id, usable[0].id)


async def _into(tx: Tx, case: Case, letter: Letter, now: datetime) -> Outcome:
    message = await viewer_writes(
        tx,
        case,
        Line(
            author=Author.VIEWER,
            text=letter.text or letter.subject or "…",
            at=now,
            quoted=letter.quoted,
            mail_id=await _unused(tx, case.venue_id, letter),
            from_email="" if letter.sender == case.email.lower() else letter.sender,
        ),
        now,
    )
    await attach(tx, case, message.id, letter.files, now)
    return Outcome(MailState.DONE, "answer", case.id, case.venue_id)


async def _open(
    tx: Tx, venue_id: str, letter: Letter, now: datetime, post: Post,
    follows: Case | None = None, *, bot_may_answer: bool = False,
) -> Outcome:  # fmt: skip
    text = letter.text or letter.subject or "…"
    case = await open_case(
        tx,
        venue_id=venue_id,
        customer_id=None,  # a sender's address proves nobody
        account_id=None,
        email=letter.sender,
        lang=follows.lang if follows else await post.locale(tx, venue_id, letter.sender),
        channel=Channel.MAIL,
        subject=mail_tokens.untagged(letter.subject),
        event_id=follows.event_id if follows else None,
        conversation_id=None,
        lines=[CaseLine(Author.VIEWER, text, now)],
        now=now,
        person_name=letter.sender_name,
        follows=follows.id if follows else None,
    )
    case.bot_may_answer = bot_may_answer and not reads_nobody(letter.sender)
    await tx.flush()
    query = select(CaseMessage).where(CaseMessage.case_id == case.id)
    message = (await tx.scalars(query)).one()
    message.quoted = letter.quoted
    message.mail_id = await _unused(tx, venue_id, letter)
    await attach(tx, case, message.id, letter.files, now)
    return Outcome(MailState.DONE, "new case", case.id, venue_id)


async def _unused(tx: Tx, venue_id: str, letter: Letter) -> str | None:
    """The Message-ID, unless another person's message came under it."""
    if not letter.message_id or len(letter.message_id) > 255:
        return None
    return None if await _known(tx, venue_id, letter) else letter.message_id


async def _known(tx: Tx, venue_id: str, letter: Letter) -> CaseMessage | None:
    """What the venue has under this Message-ID: a webhook and IMAP may both bring it."""
    query = select(CaseMessage).where(
        CaseMessage.venue_id == venue_id, CaseMessage.mail_id == letter.message_id
    )
    return await tx.scalar(query.limit(1)) if letter.message_id else None


async def _bounced(tx: Tx, letter: Letter, names: Names, post: Post) -> Outcome:
    """A mail of ours did not arrive: noted in its case, for an agent to see."""
    ending = "@" + names.domain
    ours = [one.removesuffix(ending) for one in letter.failed if one.endswith(ending)]
    found = None
    if ours:
        query = select(Case).join(CaseMessage, CaseMessage.case_id == Case.id)
        found = await tx.scalar(query.where(CaseMessage.id.in_(ours)).limit(1))
        found = found or await tx.scalar(select(Case).where(Case.id.in_(ours)).limit(1))
    if found is None:
        return Outcome(MailState.IGNORED, "bounce")
    now = await post.now(tx, found.venue_id)
    case = await case_for_update(tx, found.venue_id, found.id)
    case.version += 1
    step(tx, case, "mail", "bounced", now, words=letter.text[:300])
    return Outcome(MailState.IGNORED, "bounce", case.id, case.venue_id)
