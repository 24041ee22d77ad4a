"""What came of people's questions, in the console: the figures of `paywall support report`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from sqlalchemy import select

from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from infra.kernel.money import Money
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Event
from paywall.pages.console.desk import Desk
from paywall.pages.console.nav import N_
from paywall.pages.console.support_plots import parts_of
from paywall.pages.console.table import csv_answer
from support_bot.outcome_facts import facts_of
from support_bot.outcomes import Figures, figures, midnight, usual_days

READ = {"permission": P.SUPPORT_READ}
LONGEST = timedelta(days=3 * 366)


@get("/console/{venue_id:str}/support", opt=READ)
async def page(desk: NamedDependency[Desk]) -> Response[Any]:
    """Settled by whom, how often rightly, at what cost; by week, language, topic and event."""
    refused = ""
    try:
        first, last = days_of(desk)
    except Invalid as problem:
        first, last = usual_days(desk.now, desk.venue.timezone)
        refused = desk.words_for(problem)
    zone = desk.venue.timezone
    since, until = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    async with desk.look() as tx:
        facts = await facts_of(
            tx, desk.venue.id, since, until, currency=desk.venue.currency, timezone=zone
        )
        found = figures(facts)
        topics, events = await _names(desk, tx, found)
    days = {"from": first.isoformat(), "until": last.isoformat()}

    def opens(table: str, part: str = "", **place: str) -> str:
        return desk.url("/support/rows", table=table, part=part, **place, **days)

    parts = parts_of(desk.locale, found, topics, events, opens)
    query = desk.request.query_params
    chosen = next((one for one in parts if one.name == query.get("table", "")), None)
    if query.get("format") == "csv" and chosen is not None:
        return csv_answer(f"support-{chosen.name}-{first}-{last}", chosen.columns, chosen.rows)
    return desk.page(
        "support_figures.html", section="support", found=found, refused=refused, days=days,
        figures=[
            (one, desk.url("/support", table=one.name, format="csv", **days)) for one in parts
        ],
        stats=_stats(desk, found), priced=facts.minute_cost_minor > 0,
        may_price=desk.may(P.VENUE_MANAGE),
    )  # fmt: skip


def days_of(desk: Desk) -> tuple[date, date]:
    """The days asked for in the address, otherwise the usual ones; Invalid where they are not."""
    query = desk.request.query_params
    first, last = usual_days(desk.now, desk.venue.timezone)
    try:
        first = date.fromisoformat(query.get("from") or first.isoformat())
        last = date.fromisoformat(query.get("until") or last.isoformat())
    except ValueError:
        raise Invalid("from", N_("Give days such as 2026-11-01.")) from None
    if not first <= last <= first + LONGEST:
        raise Invalid("until", N_("The last day lies after the first, at most three years."))
    return first, last


async def _names(desk: Desk, tx: Tx, found: Figures) -> tuple[dict[str, str], dict[str, str]]:
    """Titles of articles and names of events by what the figures call them."""
    shelf = await desk.parts.help.at(tx, desk.venue.id, desk.locale.code)
    topics = {
        one.article.slug: one.text.title for one in shelf.some(*(s.key for s in found.by_topic))
    }
    ids = [one.key for one in found.by_event if one.key]
    query = select(Event.id, Event.name).where(Event.venue_id == desk.venue.id, Event.id.in_(ids))
    events = {one.id: one.name for one in await tx.execute(query)}
    return topics, events


def _stats(desk: Desk, found: Figures) -> list[tuple[str, str]]:
    """What stands large above the plots; a dash where nothing is known."""
    _, say, cases = desk.gettext, desk.locale, found.cases
    cost = cases.cost_per_case_minor
    shares = (found.automatic_share, found.precision)
    automatic, precise = ("–" if value is None else say.share(value) for value in shares)
    wait = cases.reply_minutes_median
    return [
        (_("Requests"), say.number(found.requests)),
        (_("Settled without a person"), automatic),
        (_("Direct answers that were right"), precise),
        (_("Asked again within a day"), say.number(found.asked_again)),
        (_("Corrected by agents"), say.number(found.corrected)),
        (_("Minutes to the first answer, median"), "–" if wait is None else say.decimal(wait)),
        (_("Cost of a case"), "–" if cost is None else say.money(Money(cost, found.currency))),
    ]


PAGES = [page]
