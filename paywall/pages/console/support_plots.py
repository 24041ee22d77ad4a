"""The support figures as plots with their tables, in the reader's words. It computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
from babel.dates import format_skeleton

from churn.metrics.definitions import Unit
from infra.kernel.money import Money, exponent
from paywall.pages.console.nav import N_
from paywall.pages.console.plots import Kind, Plot, Series
from paywall.pages.console.table import Cell, Row, money_cell, number_cell
from paywall.pages.i18n import Translator
from support_bot.outcomes import Figures, Settled, Slice, Week

NAMES_MAX = 12
"""Bars of a plot over names; the table has all."""

SETTLED_WORDS = {
    Settled.ARTICLE: N_("An article"),
    Settled.BOT: N_("The assistant’s answer"),
    Settled.SUGGESTION: N_("A suggestion they took"),
    Settled.ACT: N_("An act they confirmed"),
    Settled.PERSON: N_("A person"),
    Settled.UNSAID: N_("Nobody said"),
    Settled.WRONG: N_("Not helped"),
    Settled.WAITING: N_("Still waiting"),
}
DRAWN = (Settled.ARTICLE, Settled.BOT, Settled.SUGGESTION, Settled.ACT, Settled.PERSON)
SLICED = {
    "language": (N_("By language"), N_("Language")),
    "topic": (N_("By topic"), N_("Topic")),
    "event": (N_("By event"), N_("Event")),
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One plot with its table; `name` stands in the address of its CSV. plot: JSON, or empty."""

    name: str
    title: str
    words: str
    plot: str
    columns: Sequence[str]
    rows: Sequence[Row]


class Opens(Protocol):
    """The address of the rows behind a value: table, part and where in it."""

    def __call__(self, table: str, part: str = "", **place: str) -> str: ...


def parts_of(
    locale: Translator, found: Figures, topics: Mapping[str, str], events: Mapping[str, str],
    opens: Opens,
) -> list[Part]:  # fmt: skip
    """Everything the page shows. `topics`, `events`: names by key; "" is what has none."""
    languages = {
        one.key: str(locale.locale.languages.get(one.key, one.key)) for one in found.by_language
    }
    return [
        _settled(locale, found, opens),
        _precision(locale, found, opens),
        _doubts(locale, found, opens),
        _cost(locale, found, opens),
        _sliced(locale, "language", found.by_language, languages, opens),
        _sliced(locale, "topic", found.by_topic, topics, opens),
        _sliced(locale, "event", found.by_event, events, opens),
    ]


def _counted(locale: Translator, count: int, href: str) -> Cell:
    """A number that opens to its rows, where there are any."""
    return replace(number_cell(locale, count), href=href if count else "")


def part_name(settled: Settled) -> str:
    """What the rows' page calls it: `wrong` is also said of direct answers."""
    return "not_helped" if settled is Settled.WRONG else settled.value


def _settled(locale: Translator, found: Figures, opens: Opens) -> Part:
    _ = locale.gettext
    rest = [one for one in Settled if one not in DRAWN]
    series = [
        Series(_(SETTLED_WORDS[one]), [float(week.settled[one.value]) for week in found.by_week])
        for one in DRAWN
    ]
    unsettled: list[float | None] = [
        float(sum(week.settled[o.value] for o in rest)) for week in found.by_week
    ]
    series.append(Series(_("Not settled, or nobody said"), unsettled))
    return Part(
        name="settled",
        title=_("Settled by"),
        words=_("One for each question, vote on an article and case. Silence is no success."),
        plot=_weekly(locale, found, Kind.BARS, Unit.COUNT, series, anything=found.requests > 0),
        columns=[_("Week from"), *[_(SETTLED_WORDS[one]) for one in Settled], _("Requests")],
        rows=[
            Row([
                _day(locale, week),
                *[
                    _counted(
                        locale, week.settled[one.value],
                        opens("settled", part_name(one), week=str(week.monday)),
                    )
                    for one in Settled
                ],
                number_cell(locale, week.requests),
            ], opens("settled", week=str(week.monday)))
            for week in reversed(found.by_week)
        ],
    )  # fmt: skip


def _precision(locale: Translator, found: Figures, opens: Opens) -> Part:
    _ = locale.gettext
    weeks = found.by_week
    series = Series(
        "", [w.precision for w in weeks], [w.low for w in weeks], [w.high for w in weeks]
    )
    judged = found.direct_right + found.direct_wrong
    return Part(
        name="precision",
        title=_("Direct answers that were right"),
        words=_(
            "Of those that somebody judged: votes, asking again within a day, agents’ corrections."
        ),
        plot=_weekly(locale, found, Kind.LINE, Unit.SHARE, [series], anything=judged > 0),
        columns=[
            _("Week from"), _("Direct answers"), _("Right"), _("Wrong"), _("Share right"),
            _("95% interval"),
        ],
        rows=[
            Row([
                _day(locale, week),
                *[
                    _counted(locale, n, opens("precision", part, week=str(week.monday)))
                    for n, part in (
                        (week.direct, "direct"), (week.direct_right, "right"),
                        (week.direct_wrong, "wrong"),
                    )
                ],
                _share(locale, week.precision),
                _interval(locale, week),
            ], opens("precision", "direct", week=str(week.monday)))
            for week in reversed(weeks)
        ],
    )  # fmt: skip


def _doubts(locale: Translator, found: Figures, opens: Opens) -> Part:
    _ = locale.gettext
    weeks = found.by_week
    names = (_("Asked again within a day"), _("Corrected by an agent"))
    series = [
        Series(names[0], [float(week.asked_again) for week in weeks]),
        Series(names[1], [float(week.corrected) for week in weeks]),
    ]
    return Part(
        name="doubts",
        title=_("Asked again, corrected"),
        words=_("Answers that did not end it, whatever anybody voted."),
        plot=_weekly(
            locale, found, Kind.BARS, Unit.COUNT, series,
            anything=found.asked_again + found.corrected > 0,
        ),
        columns=[_("Week from"), *names, _("Requests")],
        rows=[
            Row([
                _day(locale, week),
                *[
                    _counted(locale, n, opens("doubts", part, week=str(week.monday)))
                    for n, part in (
                        (week.asked_again, "asked_again"), (week.corrected, "corrected"),
                        (week.requests, ""),
                    )
                ],
            ], opens("doubts", week=str(week.monday)))
            for week in reversed(weeks)
        ],
    )  # fmt: skip


def _cost(locale: Translator, found: Figures, opens: Opens) -> Part:
    _ = locale.gettext
    weeks, scale = found.by_week, 10 ** exponent(found.currency)
    costs = [
        None if week.cost_per_case_minor is None else week.cost_per_case_minor / scale
        for week in weeks
    ]
    return Part(
        name="cost",
        title=_("Cost of a case"),
        words=_("The time that agents had cases open, at your price of a minute."),
        plot=_weekly(
            locale, found, Kind.LINE, Unit.MONEY, [Series("", costs)],
            anything=any(cost is not None for cost in costs),
        ),
        columns=[_("Week from"), _("Cases"), _("Agents’ minutes"), _("Cost of a case")],
        rows=[
            Row([
                _day(locale, week),
                number_cell(locale, week.cases),
                Cell(
                    locale.decimal(week.handled_minutes), raw=f"{week.handled_minutes}", num=True
                ),
                money_cell(
                    locale,
                    None
                    if week.cost_per_case_minor is None
                    else Money(week.cost_per_case_minor, found.currency),
                ),
            ], opens("cost", week=str(week.monday)))
            for week in reversed(weeks)
        ],
    )  # fmt: skip


def _sliced(
    locale: Translator, name: str, slices: Sequence[Slice], names: Mapping[str, str],
    opens: Opens,
) -> Part:  # fmt: skip
    _ = locale.gettext
    title, column = SLICED[name]
    largest = slices[:NAMES_MAX]
    series = [
        Series(_("Without a person"), [float(one.automatic) for one in largest]),
        Series(_("By a person"), [float(one.person) for one in largest]),
        Series(
            _("Not settled, or nobody said"),
            [float(one.requests - one.automatic - one.person) for one in largest],
        ),
    ]
    labels = [names.get(one.key) or one.key or _("None") for one in largest]
    plot = Plot(Kind.NAMES, Unit.COUNT, "", labels, series) if largest else None
    return Part(
        name=name,
        title=_(title),
        words="",
        plot=_json(plot),
        columns=[
            _(column), _("Requests"), _("Without a person"), _("By a person"), _("Nobody said"),
            _("Not helped"), _("Judged"), _("Share right"),
        ],
        rows=[
            Row([
                Cell(names.get(one.key) or one.key or _("None"), raw=one.key),
                *[
                    _counted(locale, value, opens(name, part, key=one.key))
                    for value, part in (
                        (one.requests, ""), (one.automatic, "automatic"), (one.person, "person"),
                        (one.unsaid, "unsaid"), (one.wrong, "not_helped"),
                        (one.direct_judged, "judged"),
                    )
                ],
                _share(locale, one.precision),
            ], opens(name, key=one.key))
            for one in slices
        ],
    )  # fmt: skip


def _weekly(
    locale: Translator,
    found: Figures,
    kind: Kind,
    unit: Unit,
    series: list[Series],
    *,
    anything: bool,
) -> str:
    labels = [format_skeleton("MMMd", week.monday, locale=locale.locale) for week in found.by_week]
    currency = found.currency if unit is Unit.MONEY else ""
    return _json(Plot(kind, unit, currency, labels, series) if anything else None)


def _json(plot: Plot | None) -> str:
    # "<" can't end the script element that holds it.
    return msgspec.json.encode(plot).decode().replace("<", "\\u003c") if plot else ""


def _day(locale: Translator, week: Week) -> Cell:
    return Cell(locale.date(week.monday, style="medium"), raw=week.monday.isoformat())


def _share(locale: Translator, value: float | None) -> Cell:
    if value is None:
        return Cell("", num=True)
    return Cell(locale.share(value), raw=f"{value:.4f}", num=True)


def _interval(locale: Translator, week: Week) -> Cell:
    if week.low is None or week.high is None:
        return Cell("", num=True)
    said = f"{locale.share(week.low)} – {locale.share(week.high)}"
    return Cell(said, raw=f"{week.low:.4f} {week.high:.4f}", num=True)
