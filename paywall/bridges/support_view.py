"""A conversation as its reader sees it: lines with answers, links, suggestions and buttons."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import msgspec
from sqlalchemy import select

from infra.kernel.db import Tx
from paywall.bridges.help import Help, Shelf
from paywall.bridges.support_words import ACT_LABELS, N_
from paywall.catalogue.tables import Event, Venue
from support_bot.acts import Acts, Person
from support_bot.case_tables import Author, CaseMessage
from support_bot.conversation_tables import Conversation, Line, LiveNotice, Outcome, Speaker
from support_bot.conversations import lines_of
from support_bot.ports import Wording


class ArticleLink(msgspec.Struct, frozen=True, kw_only=True):
    slug: str
    title: str
    url: str


class ActButton(msgspec.Struct, frozen=True, kw_only=True):
    """Shows what could be done; nothing is done by it."""

    name: str
    label: str
    login: bool = False
    """Only for people who are signed in with a proven address: lead to the log-in instead."""


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `votable`: it is an answer, and the reader may say whether it helped."""

    id: str
    speaker: Speaker
    text: str
    html: str
    """Sanitised; empty for what a viewer typed, which is shown as text."""
    lang: str
    at: datetime
    outcome: Outcome | None = None
    article: ArticleLink | None = None
    suggestions: list[ArticleLink] = []
    act: ActButton | None = None
    votable: bool = False
    vote: int = 0
    person: bool = False
    """The way to a person belongs under this line."""


class TalkView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    venue: str
    lang: str
    state: str
    handed_over: bool
    case_number: int | None
    notice: str
    """What the venue says about a stream that has trouble; empty: nothing."""
    signed_in: bool
    email: str
    """Where a person would answer, as far as it is known."""
    lines: list[LineView]


def article_url(venue_slug: str, slug: str) -> str:
    return f"/venues/{quote(venue_slug, safe='')}/help/{quote(slug, safe='')}"


class LineShower:
    """Makes views of one conversation's lines."""

    def __init__(
        self, venue: Venue, wording: Wording, acts: Acts, person: Person, shelves: dict[str, Shelf]
    ) -> None:
        self._venue = venue
        self._wording = wording
        self._acts = acts
        self._person = person
        self._shelves = shelves

    def of(self, line: Line) -> LineView:
        shelf = self._shelves[line.lang]
        act = self._act(shelf, line)
        return LineView(
            id=line.id,
            speaker=line.speaker,
            text=line.text,
            html="" if line.speaker is Speaker.VIEWER else self._wording.html(line.text),
            lang=line.lang,
            at=line.at,
            outcome=line.outcome,
            article=self._article(shelf, line.article),
            suggestions=[
                ArticleLink(
                    slug=one["slug"],
                    title=one["title"],
                    url=article_url(self._venue.slug, one["slug"]),
                )
                for one in line.suggestions
            ],
            act=act,
            votable=bool(line.article),
            vote=line.vote,
            person=line.speaker is Speaker.BOT
            and line.outcome in (Outcome.HAND_OVER, Outcome.SUGGEST, Outcome.SEARCH),
        )

    def _article(self, shelf: Shelf, slug: str) -> ArticleLink | None:
        found = shelf.some(slug) if slug else []
        if not found:
            return None
        title = found[0].text.title
        return ArticleLink(slug=slug, title=title, url=article_url(self._venue.slug, slug))

    def _act(self, shelf: Shelf, line: Line) -> ActButton | None:
        """Beside an answer, and beside suggestions whose likeliest article has one."""
        if line.speaker is not Speaker.BOT or line.outcome in (None, Outcome.ACT):
            return None
        slug = line.article or line.topic
        found = shelf.some(slug) if slug and line.outcome is not Outcome.HAND_OVER else []
        name = found[0].article.act if found else ""
        if name not in self._acts:
            return None
        label = self._wording.words(self._person.lang, ACT_LABELS[name])
        if not self._person.account_id:
            return ActButton(name=name, label=label, login=True)
        return ActButton(name=name, label=label) if self._acts[name].may(self._person) else None


async def talk_lines(
    tx: Tx,
    help_: Help,
    talk: Conversation,
    venue: Venue,
    wording: Wording,
    acts: Acts,
    person: Person,
) -> list[LineView]:
    """Everything that was said, with what agents wrote in the case, in order of time."""
    lines = await lines_of(tx, talk.id)
    langs = {line.lang for line in lines}
    shelves = {lang: await help_.at(tx, venue.id, lang) for lang in langs}
    shower = LineShower(venue, wording, acts, person, shelves)
    views = [shower.of(line) for line in lines]
    if talk.case_id is None:
        return views
    query = (
        select(CaseMessage)
        .where(
            CaseMessage.case_id == talk.case_id,
            CaseMessage.author == Author.AGENT,
            CaseMessage.internal.is_(False),
        )
        .order_by(CaseMessage.at, CaseMessage.id)
    )
    answers = [
        LineView(
            id=one.id, speaker=Speaker.AGENT, text=one.text, html=wording.html(one.text),
            lang=talk.lang, at=one.at, votable=False,
        )
        for one in await tx.scalars(query)
    ]  # fmt: skip
    return sorted([*views, *answers], key=lambda view: view.at)


async def event_name(tx: Tx, event_id: str | None) -> str:
    event = await tx.get(Event, event_id) if event_id else None
    return "" if event is None else event.name


async def notice_text(tx: Tx, wording: Wording, notice: LiveNotice, lang: str) -> str:
    """The sentence that every language has, then the venue's own words."""
    said = wording.words(
        lang,
        N_(
            "We know that the stream of %(event)s has trouble and are working on it. "
            "Your ticket stays valid."
        ),
    ) % {"event": await event_name(tx, notice.event_id)}
    return f"{said}\n\n{notice.text}" if notice.text else said
