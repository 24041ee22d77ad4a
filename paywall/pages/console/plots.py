"""What a plot shows, from a figure's values: series over months, days or names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from churn.metrics.definitions import Figure, Unit
from churn.metrics.read import Value
from infra.kernel.money import exponent
from paywall.pages.i18n import Translator

COHORTS = 6
NAMES_MAX = 12
"""Bars of a plot over names, such as events: the largest; the table has them all."""


class Kind(StrEnum):
    """How a plot is drawn."""

    LINE = "line"
    BARS = "bars"  # side by side in time, stacked where there are several series
    NAMES = "names"  # one bar a name
    STEPS = "steps"  # a curve that falls in steps, over days
    DOTS = "dots"  # a dot a share with its interval; what comes after it is a line


class Series(msgspec.Struct, frozen=True):
    """One line or one colour of bars; null where nothing is known."""

    name: str
    values: list[float | None]
    low: list[float | None] = []
    high: list[float | None] = []


class Plot(msgspec.Struct, frozen=True):
    """What the element `figure-chart` draws. Values are in whole units, shares 0 to 1."""

    kind: Kind
    unit: Unit
    currency: str
    labels: list[str]
    series: list[Series]
    xs: list[float] = []
    """Where each value is on the axis: days of STEPS, shares of DOTS."""
    along: str = ""
    """What the axis counts, where that is not plain."""

    def as_json(self) -> str:
        """To stand in a script element, which no "<" may end."""
        return msgspec.json.encode(self).decode().replace("<", "\\u003c")


def plot_of(
    locale: Translator, figure: Figure, values: Sequence[Value], words: dict[str, str]
) -> Plot | None:
    """The plot of one figure in one currency; None where there is nothing to draw.

    `words` gives a dimension's name in the reader's language.
    """
    if not values:
        return None
    currency = values[0].currency
    if figure.name == "survival":
        return _steps(figure, values, locale)
    if figure.name == "cohort_retention":
        return _cohorts(figure, values, locale)
    if figure.dimension.startswith("event") or figure.dimension == "reason":
        return _names(figure, values, words, currency)
    months = sorted({value.month for value in values})
    dimensions = list(dict.fromkeys(value.dimension for value in values))
    at = {(value.month, value.dimension): value for value in values}
    series = [
        _series(
            words.get(one, one) or locale.gettext(figure.title), one, months, at, currency, figure
        )
        for one in dimensions
    ]
    bars = bool(figure.dimension) or (figure.unit is Unit.COUNT and figure.name != "subscribers")
    labels = [locale.month(month) for month in months]
    return Plot(Kind.BARS if bars else Kind.LINE, figure.unit, currency, labels, series)


def scaled(value: float | None, unit: Unit, currency: str) -> float | None:
    """Money from minor to whole units; everything else as it is."""
    if value is None or unit is not Unit.MONEY or not currency:
        return value
    return value / float(10 ** exponent(currency))


def _series(
    name: str,
    dimension: str,
    months: Sequence[str],
    at: dict[tuple[str, str], Value],
    currency: str,
    figure: Figure,
) -> Series:
    found = [at.get((month, dimension)) for month in months]

    def column(part: str) -> list[float | None]:
        return [scaled(getattr(v, part) if v else None, figure.unit, currency) for v in found]

    low = column("low")
    if all(value is None for value in low):
        return Series(name, column("value"))
    return Series(name, column("value"), low, column("high"))


def _steps(figure: Figure, values: Sequence[Value], locale: Translator) -> Plot:
    month = max(value.month for value in values)
    curve = sorted((float(value.dimension), value) for value in values if value.month == month)
    days = [day for day, _ in curve]
    series = Series(
        "", [v.value for _, v in curve], [v.low for _, v in curve], [v.high for _, v in curve]
    )
    labels, along = [f"{day:.0f}" for day in days], locale.gettext("Days after the first payment")
    return Plot(Kind.STEPS, figure.unit, "", labels, [series], days, along)


def _cohorts(figure: Figure, values: Sequence[Value], locale: Translator) -> Plot:
    """A line a cohort, over the months after the first payment: six that lie evenly in time."""
    everyone = sorted({value.month for value in values})[:-1]  # the last has no month after it
    step = max(1, -(-len(everyone) // COHORTS))
    cohorts = everyone[::-1][::step][::-1] or [value.month for value in values[:1]]
    latest = max(int(value.dimension) for value in values)
    at = {(value.month, int(value.dimension)): value.value for value in values}
    series = [
        Series(locale.month(cohort), [at.get((cohort, n)) for n in range(latest + 1)])
        for cohort in cohorts
    ]
    labels = [str(n) for n in range(latest + 1)]
    along = locale.gettext("Months after the first payment")
    return Plot(Kind.LINE, figure.unit, "", labels, series, along=along)


def _names(
    figure: Figure, values: Sequence[Value], words: dict[str, str], currency: str
) -> Plot | None:
    """The sum over the shown months by name, the largest first."""
    sums: dict[str, float] = {}
    for value in values:
        name = value.label or words.get(value.dimension, value.dimension) or "–"
        sums[name] = sums.get(name, 0.0) + (value.value or 0.0)
    largest = sorted(sums.items(), key=lambda pair: -pair[1])[:NAMES_MAX]
    shown = [scaled(total, figure.unit, currency) for _, total in largest]
    labels = [name for name, _ in largest]
    return Plot(Kind.NAMES, figure.unit, currency, labels, [Series("", shown)])
