"""Mails and webhooks of cases: rows of the outbox, written in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from infra.kernel.clock import iso
from infra.kernel.db import Database, Tx
from paywall.catalogue.tables import Venue
from paywall.notices.emission import Emission, emit
from paywall.notices.outbox import Notice, Outbox, mail
from paywall.notices.ports import Attachment
from support_bot import mail_tokens
from support_bot.case_tables import Author, Case, CaseFile, CaseMessage
from support_bot.mail_in import Names
from support_bot.ports import Suggestion

REPLY_FILES = "reply"
"""Kind of an outbox row's attachment: the files of an agent's answer, by its message's id."""


async def reply_files(db: Database, message_id: str) -> list[Attachment]:
    """They were checked when they were taken; at most TOTAL_BYTES_MAX together."""
    async with db.read() as tx:
        query = select(CaseFile).where(CaseFile.message_id == message_id).order_by(CaseFile.id)
        return [
            Attachment(name=one.name, content_type=one.content_type, data=one.data)
            for one in await tx.scalars(query)
        ]


class CaseLetters:
    """What leaves the house about a case. Holds no state; `now` is machine time throughout."""

    def __init__(self, outbox: Outbox, names: Names, public_url: str) -> None:
        self._outbox = outbox
        self._names = names
        self._public_url = public_url

    def page_url(self, case: Case, page: str) -> str:
        """The page of a signed link, `rating` or `answer`: it opens without a log-in."""
        mark = mail_tokens.link_mark(self._names.key, case.id, page)
        return f"{self._public_url}/requests/{case.id}/{page}?mark={mark}"

    def is_mark(self, case_id: str, mark: str, page: str) -> bool:
        return mail_tokens.same(mark, mail_tokens.link_mark(self._names.key, case_id, page))

    def article_url(self, venue: Venue, one: Suggestion) -> str:
        return f"{self._public_url}/venues/{venue.slug}/help/{one.article}?lang={one.lang}"

    async def received(
        self, tx: Tx, case: Case, now: datetime, *, by: datetime | None,
        articles: Sequence[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        """The message arrived; `by` is when an answer comes at the latest.

        articles: (title, address) of what may help meanwhile.
        """
        data = self._facts(case) | {"by": iso(by) if by is not None else ""}
        data["articles"] = [list(one) for one in articles]
        data["judge_url"] = self.page_url(case, "answer") if articles else ""
        data["thread"] |= {"id": case.id}
        await self._mail(tx, case, "case_received", case.id, data, now)

    async def answered(
        self, tx: Tx, case: Case, message: CaseMessage, article: tuple[str, str] | None,
        now: datetime,
    ) -> None:  # fmt: skip
        """The assistant's own answer to a first mail; article: title and address, if it has one."""
        asked = select(CaseMessage).where(
            CaseMessage.case_id == case.id, CaseMessage.author == Author.VIEWER
        )
        first = await tx.scalar(asked.order_by(CaseMessage.at, CaseMessage.id).limit(1))
        data = self._facts(case) | {
            "text": message.text,
            "article": list(article) if article else [],
            "judge_url": self.page_url(case, "answer"),
        }
        ids = [self._mail_id(first)] if first is not None else []
        data["thread"] |= {
            "id": message.id, "in_reply_to": ids[0] if ids else "", "references": ids,
        }  # fmt: skip
        await self._mail(tx, case, "case_answer", message.id, data, now)

    async def replied(
        self,
        tx: Tx,
        case: Case,
        message: CaseMessage,
        earlier: Sequence[CaseMessage],
        now: datetime,
    ) -> None:
        """An answer, under a Message-ID that we know again; the talk so far is referred to."""
        ids = [self._mail_id(one) for one in earlier if not one.internal]
        data = self._facts(case) | {"text": message.text}
        data["thread"] |= {
            "id": message.id,
            "in_reply_to": ids[-1] if ids else "",
            # RFC 5322 section 3.6.4 lets a long line of ancestors be cut; the first one stays.
            "references": ids[:1] + ids[1:][-9:],
            "by_a_person": True,
        }
        files = select(CaseFile.id).where(CaseFile.message_id == message.id).limit(1)
        holds = await tx.scalar(files) is not None
        ref = f"{REPLY_FILES}:{message.id}" if holds else ""
        await self._mail(tx, case, "case_reply", message.id, data, now, ref)

    async def asks_rating(self, tx: Tx, case: Case, now: datetime) -> None:
        data = self._facts(case) | {"url": self.page_url(case, "rating")}
        data["thread"] |= {"id": f"{case.id}.rating"}
        await self._mail(tx, case, "case_rating", f"{case.id}.{case.reopened}", data, now)

    async def late(
        self, tx: Tx, case: Case, venue: Venue, recipients: Sequence[tuple[str, str]],
        what: str, due_at: datetime, now: datetime,
    ) -> None:  # fmt: skip
        """A deadline was missed: to the venue's own people, each in their language."""
        data = {
            "number": case.number,
            "subject": case.subject,
            "what": what,
            "live": case.live,
            "due_at": iso(due_at),
            "timezone": venue.timezone,
            "url": f"{self._public_url}/console/{case.venue_id}/inbox/{case.id}",
        }
        cause = f"{case.id}.{int(due_at.timestamp())}"
        notices = [
            mail(case.venue_id, to, "case_late", cause, data, locale=locale)
            for to, locale in recipients
        ]
        await self._outbox.enqueue(tx, notices, now)

    async def opened(self, tx: Tx, case: Case, now: datetime) -> None:
        await self._tell(tx, case, "case.opened", case.id, now)

    async def solved(self, tx: Tx, case: Case, now: datetime) -> None:
        await self._tell(
            tx, case, "case.solved", f"{case.id}.{case.reopened}", now, by=_kind_of(case.solved_by)
        )

    async def _tell(
        self, tx: Tx, case: Case, kind: str, cause: str, now: datetime, **more: Any
    ) -> None:
        data = {
            "case_id": case.id,
            "number": case.number,
            "channel": case.channel.value,
            "language": case.lang,
            "topic": case.topic,
            "event_id": case.event_id,
            "customer_id": case.customer_id,
            **more,
        }
        emission = Emission(venue_id=case.venue_id, kind=kind, cause_id=cause, data=data)
        await emit(self._outbox, tx, [emission], now)

    def _facts(self, case: Case) -> dict[str, Any]:
        tag = mail_tokens.subject_tag(self._names.key, case.venue_id, case.number)
        reply_to = ""
        if self._names.base:
            reply_to = mail_tokens.reply_address(self._names.base, self._names.key, case.id)
        return {
            "subject": case.subject,
            "number": case.number,
            "tag": tag,
            "answerable": bool(reply_to),
            "url": f"{self._public_url}/requests/{case.id}",
            "thread": {"reply_to": reply_to},
        }

    def _mail_id(self, message: CaseMessage) -> str:
        return message.mail_id or f"{message.id}@{self._names.domain}"

    async def _mail(
        self, tx: Tx, case: Case, template: str, cause: str, data: dict[str, Any], now: datetime,
        attachment: str = "",
    ) -> None:  # fmt: skip
        if not case.email:
            return
        notice: Notice = mail(
            case.venue_id, case.email, template, cause, data, locale=case.lang,
            attachment=attachment,
        )  # fmt: skip
        await self._outbox.enqueue(tx, [notice], now)


def _kind_of(solved_by: str) -> str:
    return solved_by if solved_by in ("customer", "bot") else "agent"
