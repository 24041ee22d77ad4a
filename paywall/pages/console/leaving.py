"""Who may leave: a list by risk with reasons in words, and one person's page."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from churn.prediction import browse, in_use
from churn.prediction.browse import Asked, Band, Levels, Order, Scored
from churn.prediction.causes import Cause
from churn.prediction.tables import ModelRecord
from churn.tables import Person, PersonToday
from infra.kernel.db import Tx
from infra.kernel.errors import NotFound
from infra.kernel.money import Money
from infra.kernel.paging import Place, Wanted
from paywall.accounts.roles import Permission as P
from paywall.accounts.tables import Account, Customer
from paywall.pages.console.desk import Desk
from paywall.pages.console.feature_words import (
    brief,
    in_hundred,
    meaning,
    points_text,
    usual_text,
    value_text,
)
from paywall.pages.console.models import too_little
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Cell, Filter, Link, Listing, Row, money_cell, show

READ = {"permission": P.MARKETING_WRITE}
REASONS_SHOWN = 2
BANDS = {
    Band.HIGH: (N_("High risk"), "bad"),
    Band.RAISED: (N_("Raised risk"), "warn"),
    Band.LOW: (N_("Low risk"), "plain"),
}


def asked_of(desk: Desk) -> Asked:
    """What the address narrows the list to; words that mean nothing are passed over."""
    query = desk.request.query_params
    band, order = query.get("band", ""), query.get("by", "")
    return Asked(
        band=band if band in set(Band) else "",
        plan=query.get("plan", "")[:64],
        rising=query.get("rising") == "yes",
        order=Order.PAYMENT if order == "payment" else Order.RISK,
    )


@get("/console/{venue_id:str}/leaving", opt=READ)
async def listing(desk: NamedDependency[Desk]) -> Response[Any]:
    """People by their risk; who may not see people sees pseudonyms."""
    _, asked = desk.gettext, asked_of(desk)
    async with desk.look() as tx:
        found = await browse.levels(tx, desk.venue.id, asked.order)
        plans = await browse.plans(tx, desk.venue.id)
        models = await in_use.current(tx, desk.venue.id)
        night = await browse.night_of(tx, desk.venue.id)
    leaving = models.get(Cause.CHOICE) or models.get(Cause.SILENCE)

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        some = await browse.listed(tx, desk.venue.id, asked, found, wanted)
        names = await names_of(desk, tx, some.rows)
        return [_row(desk, one, names, found, asked) for one in some.rows], some.more

    notes = too_little(desk, night)
    return await show(
        desk,
        Listing(
            section="leaving",
            title=_("Who may leave"),
            lead=_lead(desk, asked, found, leaving),
            columns=[
                _("Who"), _("Chance"), _("Risk"), _("Why"), _("A week before"), _("Brings a month"),
                _("Plan"),
            ],
            name="who-may-leave",
            filters=_filters(desk, plans),
            views=[
                Link(_("By risk"), desk.url("/leaving")),
                Link(_("Rising"), desk.url("/leaving", rising="yes")),
                Link(_("Next payment may fail"), desk.url("/leaving", by="payment")),
            ],
            actions=_ways(desk, found),
            quiet=not found.people,
            empty_title=_("No scores yet"),
            empty_text=" ".join(notes)
            or _(
                "They come with the first night in which there is enough past to learn from. After "
                "an import, “paywall churn start” on the server makes them at once."
            ),
        ),
        fetch,
    )  # fmt: skip


def _ways(desk: Desk, found: Levels) -> list[Link]:
    """Where to from here: first to what can be done about it."""
    _ = desk.gettext
    act = Link(_("Build an action for them"), desk.url("/actions/new", ready="risk_rising"))
    judge = Link(_("How good are these scores?"), desk.url("/models"))
    return [act, judge] if found.people else [judge]


def _filters(desk: Desk, plans: list[str]) -> list[Filter]:
    _ = desk.gettext
    query = desk.request.query_params
    bands = [("", _("All")), *((band.value, _(text)) for band, (text, _tone) in BANDS.items())]
    found = [Filter("band", _("Risk"), bands)]
    if plans:
        found.append(Filter("plan", _("Plan"), [("", _("All")), *((one, one) for one in plans)]))
    found.append(Filter("rising", _("Rising"), [("", _("All")), ("yes", _("Rising"))]))
    if query.get("by") == "payment":
        found.append(Filter("by", _("Sorted by"), [("", _("Risk")), ("payment", _("Payment"))]))
    return found


def _lead(desk: Desk, asked: Asked, found: Levels, leaving: ModelRecord | None) -> str:
    _ = desk.gettext
    if not found.people:
        return ""
    mean = in_hundred(desk.locale, found.mean)
    if asked.order is Order.PAYMENT:
        text = _("Of renewals in the next 35 days %(mean)s fail at the first attempt, we expect.")
    elif leaving is not None and leaving.cause is Cause.SILENCE:
        text = _("We expect %(mean)s to buy and watch nothing in 90 days. High: three times that.")
    else:
        text = _("We expect %(mean)s to leave by choice within 30 days. High: three times that.")
    return text % {"mean": mean}


def _row(
    desk: Desk,
    one: Scored,
    names: dict[str, str],
    found: Levels,
    asked: Asked,
) -> Row:
    chance = one.score(asked.order) or 0.0
    text, tone = BANDS[found.band(chance)]
    before = one.risk_before if asked.order is Order.RISK else None
    return Row(
        [
            Cell(names.get(one.person, one.person)),
            Cell(in_hundred(desk.locale, chance), raw=f"{chance:.4f}", num=True),
            Cell(desk.gettext(text), tone=tone),
            Cell(_why(desk, one)),
            Cell(
                "" if before is None else in_hundred(desk.locale, before),
                raw="" if before is None else f"{before:.4f}",
                num=True,
            ),
            money_cell(desk.locale, value_of(one)),
            Cell(one.plan or ""),
        ],
        desk.url(f"/leaving/{one.person}"),
    )


def value_of(one: Scored) -> Money | None:
    """What the person brings a month."""
    if one.value_month_minor is None or not one.currency:
        return None
    return Money(round(one.value_month_minor), one.currency)


def _why(desk: Desk, one: Scored) -> str:
    """What raises the risk most; nothing where it is only lowered."""
    raising = [reason for reason in one.strongest if reason["points"] > 0][:REASONS_SHOWN]
    told = [brief(desk.locale, reason, one.currency) for reason in raising]
    if len(told) < REASONS_SHOWN:
        return "".join(told)
    return desk.gettext("%(one)s; %(two)s") % {"one": told[0], "two": told[1]}


async def names_of(desk: Desk, tx: Tx, rows: list[Scored]) -> dict[str, str]:
    """By pseudonym what a colleague who may see people calls them: address, or the number that
    an import gave. Empty for others."""
    if not desk.may(P.PEOPLE_READ) or not desk.principal.strong:
        return {}
    pseudonyms = [one.person for one in rows]
    brought = select(Person.person, Person.external_id).where(
        Person.venue_id == desk.venue.id, Person.person.in_(pseudonyms), Person.external_id != ""
    )
    names = dict((await tx.execute(brought)).all())
    query = (
        select(PersonToday.person, Account.email)
        .join(Customer, Customer.id == PersonToday.customer_id)
        .join(Account, Account.id == Customer.account_id)
        .where(PersonToday.venue_id == desk.venue.id, PersonToday.person.in_(pseudonyms))
    )
    return names | dict((await tx.execute(query)).all())


@get("/console/{venue_id:str}/leaving/{person:str}", opt=READ)
async def read(desk: NamedDependency[Desk], person: FromPath[str]) -> Response[Any]:
    """One person: the chances, all reasons, and what was said before."""
    async with desk.look() as tx:
        one = await browse.person_of(tx, desk.venue.id, person)
        if one is None:
            raise NotFound("person")
        names = await names_of(desk, tx, [one])
        found = await browse.levels(tx, desk.venue.id)
        models = await in_use.current(tx, desk.venue.id)
        past = await browse.past_of(tx, desk.venue.id, person)
    leaving = models.get(Cause.CHOICE) or models.get(Cause.SILENCE)
    customer = one.customer_id if desk.may(P.PEOPLE_READ) else None
    return desk.page(
        "leaving_person.html", section="leaving", one=one, who=names.get(person, person),
        value=value_of(one), customer=customer, past=past,
        silence=leaving is not None and leaving.cause is Cause.SILENCE,
        band=band_of(desk, found, one.risk), reasons=reasons_of(desk, one, leaving),
        hundred=lambda chance: in_hundred(desk.locale, chance),
    )  # fmt: skip


def band_of(desk: Desk, found: Levels, risk: float | None) -> tuple[str, str]:
    """(word, tone) of a risk; empty where no model speaks of the person."""
    if risk is None:
        return "", ""
    text, tone = BANDS[found.band(risk)]
    return desk.gettext(text), tone


def reasons_of(desk: Desk, one: Scored, leaving: ModelRecord | None) -> list[dict[str, Any]]:
    """Every stored reason, as the cells of a table."""
    usual = leaving.figures.get("usual", {}) if leaving is not None else {}
    return [
        {
            "what": meaning(desk.locale, reason["feature"]),
            "value": value_text(desk.locale, reason["feature"], reason["value"], one.currency),
            "usual": usual_text(
                desk.locale, reason["feature"], usual.get(reason["feature"]), one.currency
            ),
            "points": points_text(desk.locale, reason["points"]),
            "raises": reason["points"] > 0,
        }
        for reason in one.strongest
    ]


PAGES = [listing, read]
