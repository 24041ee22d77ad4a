"""The questions and cases behind a bar of the support figures, and a conversation whole."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from infra.kernel.errors import NotFound
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Event
from paywall.pages.case_letters import said_html
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.console.support_figures import days_of
from paywall.pages.console.support_plots import SETTLED_WORDS, SLICED
from paywall.pages.console.table import Cell, Link, Row, csv_answer, moment_cell
from support_bot.conversation_tables import Conversation, Speaker
from support_bot.conversations import lines_of
from support_bot.outcome_facts import facts_of
from support_bot.outcome_rows import PARTS, Chosen, cases_behind, requests_behind
from support_bot.outcomes import CaseFact, Facts, Request, midnight

READ = {"permission": P.SUPPORT_READ}
SHOWN = 200
TEXT_SHOWN = 160
TABLES = ("settled", "precision", "doubts", "cost", *SLICED)
PART_WORDS = {
    "automatic": N_("Without a person"),
    "direct": N_("Direct answers"),
    "right": N_("Right"),
    "wrong": N_("Wrong"),
    "judged": N_("Judged"),
    "asked_again": N_("Asked again within a day"),
    "corrected": N_("Corrected by an agent"),
    "not_helped": N_("Not helped"),
    **{one.value: words for one, words in SETTLED_WORDS.items() if one.value != "wrong"},
}


@get("/console/{venue_id:str}/support/rows", opt=READ)
async def behind(desk: NamedDependency[Desk]) -> Response[Any]:
    """The rows of one value; NotFound for a table, part or week that is none."""
    table, chosen = _chosen(desk)
    first, last = days_of(desk)
    zone = desk.venue.timezone
    since, until = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    async with desk.look() as tx:
        facts = await facts_of(
            tx, desk.venue.id, since, until, currency=desk.venue.currency, timezone=zone
        )
        shelf = await desk.parts.help.at(tx, desk.venue.id, desk.locale.code)
        topics = {one.article.slug: one.text.title for one in shelf.all()}
        query = select(Event.id, Event.name).where(Event.venue_id == desk.venue.id)
        events = {one.id: one.name for one in await tx.execute(query)}
    if table == "cost":
        columns, rows = _cases(desk, facts, chosen)
    else:
        columns, rows = _requests(desk, facts, chosen, topics, events)
    days = {"from": first.isoformat(), "until": last.isoformat()}
    place = {"week": str(chosen.week or ""), "key": chosen.key}
    if desk.request.query_params.get("format") == "csv":
        return csv_answer(f"support-{table}-{chosen.part or 'all'}-rows", columns, rows)
    _ = desk.gettext
    names = {"topic": topics, "event": events}.get(chosen.by, {})
    what = names.get(chosen.key) or chosen.key or _("None") if chosen.by else ""
    return desk.page(
        "support_rows.html", section="support", title=_title(desk, table, chosen.part),
        columns=columns, rows=rows[:SHOWN], total=len(rows), shown=min(SHOWN, len(rows)),
        week=chosen.week, what=what,
        csv_url=desk.url("/support/rows", table=table, part=chosen.part, format="csv",
                         **place, **days),
        trail=[Link(_("Support figures"), desk.url("/support", **days))],
    )  # fmt: skip


def _chosen(desk: Desk) -> tuple[str, Chosen]:
    query = desk.request.query_params
    table, part = query.get("table", ""), query.get("part", "")
    if table not in TABLES or part not in PARTS:
        raise NotFound("rows")
    try:
        week = date.fromisoformat(query["week"]) if query.get("week") else None
    except ValueError as error:
        raise NotFound("rows") from error
    by = table if table in SLICED else ""
    return table, Chosen(part=part, week=week, by=by, key=query.get("key", "")[:120])


def _title(desk: Desk, table: str, part: str) -> str:
    _ = desk.gettext
    if table == "cost":
        return _("Cases")
    return _(PART_WORDS[part]) if part else _("Requests")


def _requests(
    desk: Desk, facts: Facts, chosen: Chosen, topics: dict[str, str], events: dict[str, str]
) -> tuple[list[str], list[Row]]:
    _ = desk.gettext
    columns = [
        _("When"), _("What was asked"), _("Settled by"), _("Right"), _("Language"), _("Topic"),
        _("Event"),
    ]  # fmt: skip
    judged = {True: _("Yes"), False: _("No"), None: ""}
    rows = []
    for one in requests_behind(facts, chosen):
        text = one.text if len(one.text) <= TEXT_SHOWN else one.text[: TEXT_SHOWN - 1] + "…"
        rows.append(
            Row(
                [
                    moment_cell(desk.locale, one.at, desk.venue.timezone),
                    Cell(text or _("A vote on the article"), raw=one.text),
                    Cell(_(SETTLED_WORDS[one.settled]), raw=one.settled.value),
                    Cell(judged[one.right]),
                    Cell(one.lang),
                    Cell(topics.get(one.topic, one.topic), raw=one.topic),
                    Cell(events.get(one.event_id, ""), raw=one.event_id),
                ],
                _whole(desk, one),
            )
        )
    return columns, rows


def _whole(desk: Desk, one: Request) -> str:
    """Where all of it can be read: its case, its conversation, or the article."""
    if one.case_id:
        return desk.url(f"/inbox/{one.case_id}")
    if one.talk_id:
        return desk.url(f"/support/conversations/{one.talk_id}")
    return desk.url(f"/help/{one.topic}/{one.lang}") if one.topic else ""


def _cases(desk: Desk, facts: Facts, chosen: Chosen) -> tuple[list[str], list[Row]]:
    _ = desk.gettext
    columns = [_("Opened"), _("Subject"), _("Minutes to the first answer"), _("Agents’ minutes")]

    def minutes(value: float | None) -> Cell:
        if value is None:
            return Cell("", num=True)
        return Cell(desk.locale.decimal(round(value, 1)), raw=f"{value:.1f}", num=True)

    def row(one: CaseFact) -> Row:
        cells = [
            moment_cell(desk.locale, one.opened_at, desk.venue.timezone), Cell(one.subject),
            minutes(one.replied_in_min), minutes(one.handled_s / 60),
        ]  # fmt: skip
        return Row(cells, desk.url(f"/inbox/{one.case_id}"))

    return columns, [row(one) for one in cases_behind(facts, chosen.week)]


@get("/console/{venue_id:str}/support/conversations/{talk_id:str}", opt=READ)
async def conversation(desk: NamedDependency[Desk], talk_id: FromPath[str]) -> Response[Any]:
    """What was said to the assistant and by it, to be read only."""
    async with desk.look() as tx:
        talk = await tx.get(Conversation, talk_id)
        if talk is None or talk.venue_id != desk.venue.id:
            raise NotFound("conversation")
        said = await lines_of(tx, talk_id)
    _ = desk.gettext
    who = {
        Speaker.VIEWER: _("Viewer"), Speaker.BOT: _("Assistant"), Speaker.AGENT: desk.venue.name,
    }  # fmt: skip
    votes = {1: _("It helped"), -1: _("It did not help"), 0: ""}
    lines = [
        {
            "who": who[one.speaker], "at": one.at, "kind": one.speaker.value,
            "text": one.text, "article": one.article, "vote": votes[one.vote],
            "said": None if one.speaker is Speaker.VIEWER else said_html(one.text),
        }
        for one in said
    ]  # fmt: skip
    return desk.page(
        "support_talk.html", section="support", talk=talk, lines=lines,
        case_url=desk.url(f"/inbox/{talk.case_id}") if talk.case_id else "",
        trail=[Link(_("Support figures"), desk.url("/support"))],
    )  # fmt: skip


PAGES = [behind, conversation]
