"""The conversation with the bot, from greeting to a person: for pages, players and apps."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from paywall.accounts.addresses import checked_email
from paywall.accounts.limits import (
    ASKED_PER_NETWORK,
    ASKED_PER_TALK,
    HANDED_OVER_PER_NETWORK,
    TALKS_PER_NETWORK,
    enforce,
    network,
)
from paywall.accounts.ports import Limiter
from paywall.accounts.principal import Principal
from paywall.accounts.tables import Customer
from paywall.bridges.help import Help
from paywall.bridges.support_alarms import raise_alarm
from paywall.bridges.support_view import TalkView, notice_text, talk_lines
from paywall.bridges.support_words import N_
from paywall.catalogue.tables import Event, Venue
from paywall.notices.outbox import Outbox
from support_bot import cases, conversations, live_notices, spikes
from support_bot.acts import Acts, Person
from support_bot.case_tables import Author, Case, CaseState, Channel
from support_bot.conversation_tables import (
    Conversation,
    Line,
    Outcome,
    Speaker,
    TalkChannel,
    TalkState,
)
from support_bot.ports import BotAway, BotReply, Bots, Found, Question, Wording

AUTHORS = {
    Speaker.VIEWER: Author.VIEWER, Speaker.BOT: Author.BOT, Speaker.AGENT: Author.AGENT,
}  # fmt: skip
FOUND_MAX = 3


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks in which conversation; `token` proves it for people who are not signed in."""

    talk_id: str
    token: str
    principal: Principal
    address: str


class Opened(msgspec.Struct, frozen=True):
    view: TalkView
    token: str


class SupportTalk:
    """Begins conversations, answers in them, and hands them over."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        bots: Bots,
        help_: Help,
        acts: Acts,
        wording: Wording,
        limiter: Limiter,
        outbox: Outbox,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bots = bots
        self._help = help_
        self._acts = acts
        self._wording = wording
        self._limiter = limiter
        self._outbox = outbox

    async def begin(
        self,
        principal: Principal,
        address: str,
        *,
        venue_slug: str,
        lang: str,
        channel: TalkChannel,
        event_id: str = "",
    ) -> Opened:
        """A conversation with its greeting; the bot is woken meanwhile."""
        await enforce(self._limiter, (TALKS_PER_NETWORK, network(address)))
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            venue = await _venue(tx, venue_slug)
            event = await tx.get(Event, event_id) if event_id else None
            if event_id and (event is None or event.venue_id != venue.id):
                raise NotFound("event")
            known = principal.account_id if principal.is_person else None
            talk, token = await conversations.begin(
                tx, venue_id=venue.id, account_id=known or None,
                customer_id=await _customer(tx, principal, venue.id) or None, lang=lang,
                channel=channel, event_id=event_id or None, now=now,
            )  # fmt: skip
            greeting = N_("Hello. Ask anything about tickets, watching and your account.")
            conversations.bot_said(tx, talk, self._wording.words(lang, greeting), now)
            await tx.flush()
            view = await self._view(tx, talk, venue, principal)
        await self._bots.wake(venue.id)
        return Opened(view, token)

    async def read(self, ref: Ref) -> TalkView:
        """The whole conversation, with what agents have answered."""
        async with self._db.read() as tx:
            talk = await self._find(tx, ref, lock=False)
            return await self._view(tx, talk, await tx.get_one(Venue, talk.venue_id), ref.principal)

    async def say(self, ref: Ref, typed: str) -> TalkView:
        """A question, and what the bot makes of it; once handed over, it goes to the person.

        What was typed is kept before the bot is asked: whatever dies, it is not lost.
        """
        await enforce(
            self._limiter,
            (ASKED_PER_TALK, ref.talk_id),
            (ASKED_PER_NETWORK, network(ref.address)),
        )
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            talk = await self._find(tx, ref, lock=True)
            asked = await conversations.viewer_said(tx, talk, typed, now)
            handed = talk.state is TalkState.HANDED_OVER and await self._into_case(tx, talk, asked)
        if handed:
            return await self.read(ref)
        reply = await self._asked(talk, asked)
        async with self._db.transaction() as tx:
            talk = await self._find(tx, ref, lock=True)
            venue = await tx.get_one(Venue, talk.venue_id)
            line = await self._reply(tx, talk, venue, asked, reply)
            await tx.flush()
            spike = await spikes.look(tx, venue.id, line.topic, self._clock.machine())
            if spike is not None:
                await raise_alarm(tx, self._outbox, venue, spike, self._clock.machine())
            return await self._view(tx, talk, venue, ref.principal)

    async def _asked(self, talk: Conversation, asked: Line) -> BotReply | None:
        """The bot's reply; None while it is away."""
        try:
            question = Question(asked.text, talk.lang)
            (reply,) = await self._bots.ask(talk.venue_id, [question])
        except BotAway:
            return None
        return reply

    async def _reply(
        self, tx: Tx, talk: Conversation, venue: Venue, asked: Line, reply: BotReply | None
    ) -> Line:
        now = self._clock.machine()
        lang = reply.language if reply is not None else talk.lang
        shelf = await self._help.at(tx, venue.id, lang)
        if reply is None:
            hits = shelf.find(asked.text, FOUND_MAX)
            found = [Found(hit.article.slug, hit.text.title) for hit in hits]
        else:
            # An article may have been hidden since the brain was asked.
            known = {one.article.slug for one in shelf.some(*(a.slug for a in reply.articles))}
            found = [one for one in reply.articles if one.slug in known]
        topic = found[0].slug if found else ""
        confidence = 0.0 if reply is None else reply.confidence
        facts: dict[str, Any] = {"asked": asked, "topic": topic, "confidence": confidence}
        notice = await live_notices.running(tx, venue.id, talk.event_id, now)
        if notice is not None and (topic in live_notices.TROUBLE or reply is None):
            text = await notice_text(tx, self._wording, notice, talk.lang)
            return conversations.bot_said(tx, talk, text, now, outcome=Outcome.NOTICE, **facts)
        await conversations.note_asked_again(tx, talk, topic, now)
        if reply is None:
            said = (
                N_("The assistant is away, so this comes from the help pages.")
                if found
                else N_("The assistant is away. Your question is kept: a person can answer it.")
            )
            text = self._wording.words(talk.lang, said)
            return conversations.bot_said(
                tx, talk, text, now, outcome=Outcome.SEARCH, suggestions=found, lang=lang, **facts
            )
        if reply.outcome == Outcome.ANSWER and topic and reply.articles[0].slug == topic:
            return conversations.bot_said(
                tx, talk, shelf.get(topic).text.answer, now, outcome=Outcome.ANSWER,
                article=topic, lang=lang, **facts,
            )  # fmt: skip
        if reply.outcome != Outcome.HAND_OVER and found:
            text = self._wording.words(talk.lang, N_("Do you mean one of these?"))
            return conversations.bot_said(
                tx, talk, text, now, outcome=Outcome.SUGGEST, suggestions=found, lang=lang, **facts
            )
        said = N_("I can’t answer this one. A person at %(venue)s can.")
        text = self._wording.words(talk.lang, said) % {"venue": venue.name}
        return conversations.bot_said(tx, talk, text, now, outcome=Outcome.HAND_OVER, **facts)

    async def choose(self, ref: Ref, line_id: str, slug: str) -> TalkView:
        """Take one of the suggestions: its article is the answer. Twice is once."""
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            talk = await self._find(tx, ref, lock=True)
            venue = await tx.get_one(Venue, talk.venue_id)
            line = await conversations.line_in(tx, talk, line_id)
            if slug not in {one["slug"] for one in line.suggestions}:
                raise NotFound("suggestion")
            if line.chosen != slug:
                line.chosen = slug
                shelf = await self._help.at(tx, venue.id, line.lang)
                conversations.bot_said(
                    tx, talk, shelf.get(slug).text.answer, now, outcome=Outcome.ANSWER,
                    article=slug, topic=slug, confidence=line.confidence, lang=line.lang,
                )  # fmt: skip
                await tx.flush()
            return await self._view(tx, talk, venue, ref.principal)

    async def vote(self, ref: Ref, line_id: str, *, useful: bool) -> TalkView:
        """Whether an answer helped; the last word counts."""
        async with self._db.transaction() as tx:
            talk = await self._find(tx, ref, lock=True)
            await conversations.vote(tx, talk, line_id, useful=useful)
            await tx.flush()
            venue = await tx.get_one(Venue, talk.venue_id)
            return await self._view(tx, talk, venue, ref.principal)

    async def hand_over(self, ref: Ref, *, email: str = "", name: str = "") -> TalkView:
        """Open a case with the whole conversation. Once is enough: a second call opens no other."""
        await enforce(self._limiter, (HANDED_OVER_PER_NETWORK, network(ref.address)))
        to = checked_email(ref.principal.email or email)
        async with self._db.transaction() as tx:
            talk = await self._find(tx, ref, lock=True)
            venue = await tx.get_one(Venue, talk.venue_id)
            if talk.state is TalkState.OPEN:
                await self._open_case(tx, talk, venue, ref.principal, to, name)
            return await self._view(tx, talk, venue, ref.principal)

    async def _open_case(
        self, tx: Tx, talk: Conversation, venue: Venue, who: Principal, to: str, name: str
    ) -> None:
        said = await conversations.lines_of(tx, talk.id)
        if not any(line.speaker is Speaker.VIEWER for line in said):
            raise Invalid("text", "Write your question first, then a person can answer it.")
        now = self._clock.now(venue.clock_offset_s)
        ahead = now - self._clock.machine()
        topic = next((line.topic for line in reversed(said) if line.topic), "")
        case = await cases.open_case(
            tx, venue_id=venue.id, customer_id=talk.customer_id,
            account_id=who.account_id if who.email_proven else None, email=to, lang=talk.lang,
            channel=Channel(talk.channel.value), subject="", event_id=talk.event_id,
            conversation_id=talk.id,
            lines=[
                cases.CaseLine(AUTHORS[line.speaker], line.text, line.at + ahead) for line in said
            ],
            now=now, topic=topic, person_name=name,
        )  # fmt: skip
        talk.move(TalkState.HANDED_OVER)
        talk.case_id = case.id
        text = self._wording.words(
            talk.lang,
            N_("A person at %(venue)s has this whole conversation now and answers to %(email)s."),
        )
        values = {"venue": venue.name, "email": to}
        conversations.bot_said(tx, talk, text % values, self._clock.machine())
        await tx.flush()

    async def _into_case(self, tx: Tx, talk: Conversation, asked: Line) -> bool:
        """Add the message to its case; False where that is over, and the bot has the word again."""
        assert talk.case_id is not None
        venue = await tx.get_one(Venue, talk.venue_id)
        case = await cases.case_for_update(tx, venue.id, talk.case_id)
        if case.state in (CaseState.CLOSED, CaseState.MERGED):
            talk.move(TalkState.OPEN)
            talk.case_id = None
            return False
        now = self._clock.now(venue.clock_offset_s)
        line = cases.Line(author=Author.VIEWER, text=asked.text, at=now)
        await cases.viewer_writes(tx, case, line, now)
        return True

    async def notice_of(self, tx: Tx, venue_id: str, event_id: str, lang: str) -> str:
        """What an event's pages say about its stream now; empty while nothing is wrong."""
        notice = await live_notices.running(tx, venue_id, event_id, self._clock.machine())
        return "" if notice is None else await notice_text(tx, self._wording, notice, lang)

    async def person(self, tx: Tx, talk: Conversation, principal: Principal) -> Person:
        """The caller as acts see them; nobody's account where the address is not proven."""
        proven = principal.is_person and principal.email_proven
        return Person(
            venue_id=talk.venue_id,
            account_id=principal.account_id if proven else "",
            customer_id=await _customer(tx, principal, talk.venue_id),
            email=principal.email,
            session_id=principal.session_id,
            lang=talk.lang,
            event_id=talk.event_id or "",
        )

    async def _find(self, tx: Tx, ref: Ref, *, lock: bool) -> Conversation:
        account_id = ref.principal.account_id
        talk = await conversations.find(tx, ref.talk_id, ref.token, account_id, lock=lock)
        if talk.state is TalkState.CLOSED and lock:
            raise Conflict("This conversation is closed. Begin a new one.", code="closed")
        return talk

    async def _view(
        self, tx: Tx, talk: Conversation, venue: Venue, principal: Principal
    ) -> TalkView:
        person = await self.person(tx, talk, principal)
        notice = await live_notices.running(tx, venue.id, talk.event_id, self._clock.machine())
        case = await tx.get(Case, talk.case_id) if talk.case_id else None
        lines = await talk_lines(
            tx, self._help, talk, venue, self._wording, self._acts, person
        )  # fmt: skip
        return TalkView(
            id=talk.id,
            venue=venue.slug,
            lang=talk.lang,
            state=talk.state.value,
            handed_over=talk.state is TalkState.HANDED_OVER,
            case_number=None if case is None else case.number,
            notice=""
            if notice is None
            else await notice_text(tx, self._wording, notice, talk.lang),
            signed_in=principal.is_person,
            email=principal.email if principal.is_person else "",
            lines=lines,
        )


async def _venue(tx: Tx, slug: str) -> Venue:
    venue: Venue | None = await tx.scalar(select(Venue).where(Venue.slug == slug))
    if venue is None:
        raise NotFound("venue")
    return venue


async def _customer(tx: Tx, principal: Principal, venue_id: str) -> str:
    """The caller's customer at the venue; "" where they have not dealt with it."""
    if not principal.is_person:
        return ""
    query = select(Customer.id).where(
        Customer.account_id == principal.account_id, Customer.venue_id == venue_id
    )
    return await tx.scalar(query) or ""
