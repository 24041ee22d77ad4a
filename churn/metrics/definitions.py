"""The figures' names, units, words and published definitions. Pure data; docs/metrics.md says more.

A figure is a set of values: per month (`2026-03`), currency where it is about money, and a
dimension where it is split (a movement's kind, a reason, an event).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Unit(StrEnum):
    """How a value is shown. Money is in minor units, a share is 0 to 1."""

    MONEY = "money"
    SHARE = "share"
    COUNT = "count"
    DAYS = "days"
    MINUTES = "minutes"


class Definition(msgspec.Struct, frozen=True):
    """One way to compute a figure, by whom it is published, and when that page was read."""

    name: str
    words: str
    source: str = ""
    url: str = ""
    read_on: str = ""


class Figure(msgspec.Struct, frozen=True):
    """One figure. The first definition is the default."""

    name: str
    title: str
    unit: Unit
    words: str
    definitions: tuple[Definition, ...]
    dimension: str = ""
    """What it is split by; empty where it is one value a month."""

    def definition(self, name: str = "") -> Definition:
        """The one of this name, the default for none. KeyError where there is no such."""
        if not name:
            return self.definitions[0]
        return {definition.name: definition for definition in self.definitions}[name]


SEEN = "2026-11-22"
_STRIPE = "https://docs.stripe.com/billing/subscriptions/analytics/glossary"
_STRIPE_MRR = "https://support.stripe.com/questions/billing-analytics"
_STRIPE_CHURN = "https://support.stripe.com/questions/calculating-subscriber-churn-rate-in-billing"
_CHARTMOGUL_CHURN = "https://help.chartmogul.com/hc/en-us/articles/207340419-Churn-rate-formulas"
_CHARTMOGUL_MONEY = "https://help.chartmogul.com/hc/en-us/articles/203359341-Metric-MRR-Churn-Rate"
_RECURLY = "https://recurly.com/blog/key-terms-related-to-churn-defined/"
_BAREMETRICS = "https://help.baremetrics.com/en/articles/5380347-user-and-revenue-churn"
_PROFITWELL = "https://www.paddle.com/help/profitwell-metrics/measure/compare/profitwell-vs-recurly"


def _own(words: str) -> Definition:
    return Definition("paywall", words)


_MRR = (
    Definition(
        "paid",
        "What is really paid: every discount is taken off while it runs.",
        "ProfitWell", _PROFITWELL, SEEN,
    ),
    Definition(
        "list",
        "A discount that ends on a date doesn't lower MRR; one for ever does.",
        "Stripe", _STRIPE_MRR, SEEN,
    ),
)  # fmt: skip

FIGURES: tuple[Figure, ...] = (
    Figure(
        "mrr", "Monthly recurring revenue", Unit.MONEY,
        "What running subscriptions pay a month, at the month's end, tax included.", _MRR,
    ),
    Figure(
        "mrr_movements", "Movements of MRR", Unit.MONEY,
        "What changed MRR within the month; the sum is the difference of two months' ends.",
        (
            Definition(
                "snapshot", "Each person's MRR at the month's end against its start.",
                "ChartMogul, standard", _CHARTMOGUL_CHURN, SEEN,
            ),
            Definition(
                "every", "Every change, also those taken back within the month.",
                "Stripe", _STRIPE, SEEN,
            ),
        ),
        "movement",
    ),
    Figure(
        "subscribers", "Paying subscribers", Unit.COUNT,
        "People with MRR above zero at the month's end.", (_own("People, not subscriptions."),),
    ),
    Figure(
        "arpu", "Revenue per subscriber", Unit.MONEY,
        "MRR divided by paying subscribers, at the month's end.",
        (Definition("mrr", "MRR over subscribers.", "Stripe", _STRIPE, SEEN),),
    ),
    Figure(
        "subscriber_churn", "Churn of subscribers", Unit.SHARE,
        "The share of subscribers that left within the month.",
        (
            Definition(
                "start",
                "Paying at the month's start and not at its end, over paying at its start.",
                "ChartMogul, standard", _CHARTMOGUL_CHURN, SEEN,
            ),
            Definition(
                "recurly", "Everybody who left within the month, over paying at its start.",
                "Recurly; Baremetrics over 30 days", _RECURLY, SEEN,
            ),
            Definition(
                "stripe",
                "Every leaving within the month, over paying at its start and new in it.",
                "Stripe, over 30 days", _STRIPE_CHURN, SEEN,
            ),
        ),
    ),
    Figure(
        "money_churn", "Churn of money", Unit.SHARE,
        "The share of the month's first MRR that was lost within it.",
        (
            Definition(
                "gross", "Churned and contracted, over MRR at the month's start.",
                "ChartMogul; Baremetrics", _CHARTMOGUL_MONEY, SEEN,
            ),
            Definition(
                "net", "The same less expansion and reactivation; below zero is growth.",
                "ChartMogul", _CHARTMOGUL_MONEY, SEEN,
            ),
        ),
    ),
    Figure(
        "leaving_by_cause", "Who left, by cause", Unit.COUNT,
        "People whose paying ended within the month: by choice, by a payment that failed for good "
        "(involuntary), by the venue, or paused.",
        (Definition("ended", "By the last ending within the month.", "Recurly", _RECURLY, SEEN),),
        "cause",
    ),
    Figure(
        "leaving_reasons", "Reasons for leaving", Unit.COUNT,
        "What those who left by choice said.", (_own("By the last ending within the month."),),
        "reason",
    ),
    Figure(
        "trial_conversion", "Trials that became paid", Unit.SHARE,
        "Of the trials that came to their end within the month, the share that pays.",
        (Definition("ended", "By the month that ended the trial.", "Stripe", _STRIPE, SEEN),),
    ),
    Figure(
        "free_to_paid", "Free to paid", Unit.SHARE,
        "Of the people on a free plan at the month's start, the share that pays at its end.",
        (_own("By each person's best running plan."),),
    ),
    Figure(
        "basic_to_premium", "Basic to premium", Unit.SHARE,
        "Of the people who paid for basic at the month's start, the share on premium at its end.",
        (_own("By each person's best running plan."),),
    ),
    Figure(
        "cohort_retention", "Retention of cohorts", Unit.SHARE,
        "Of those who first paid in a month, the share that pays at the end of each month after.",
        (_own("Who came back counts again."),),
        "months_later",
    ),
    Figure(
        "survival", "How long they stay", Unit.SHARE,
        "The chance to be still paying so many days after the first payment.",
        (
            Definition(
                "kaplan_meier",
                "Kaplan-Meier over all uninterrupted times of paying; 95 % by Greenwood's variance "
                "on the log-log scale.",
                "Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 1980",
                "https://real-statistics.com/survival-analysis/kaplan-meier-procedure/"
                "kaplan-meier-theory",
                SEEN,
            ),
        ),
        "day",
    ),
    Figure(
        "lifetime_value", "Lifetime value", Unit.MONEY,
        "What a new subscriber pays on average, tax included.",
        (
            Definition(
                "three_years",
                "Revenue per subscriber times the mean time paid within three years or what the "
                "history covers: the area under the survival curve, 95 % by its variance.",
                "Klein and Moeschberger, Survival Analysis, 2nd ed., section 4.5",
                "https://larry-leon.github.io/weightedsurv/articles/weightedrmst_methodology.html",
                SEEN,
            ),
            Definition(
                "simple",
                "Revenue per subscriber over the month's churn of subscribers; 95 % by Wilson's "
                "interval of the churn.",
                "Stripe; ChartMogul", _STRIPE, SEEN,
            ),
        ),
    ),
    Figure(
        "viewers", "Viewers", Unit.COUNT, "People who watched within the month.",
        (_own("With any second of picture."),),
    ),
    Figure(
        "active_days", "Active days of 30", Unit.DAYS,
        "Days with watching in the 30 days up to the month's end, mean of who watched then.",
        (_own("Days in the venue's time zone."),),
    ),
    Figure(
        "minutes", "Minutes watched", Unit.MINUTES, "Within the month, live and replay.",
        (_own("Seconds of picture over 60."),), "kind",
    ),
    Figure(
        "live_share", "Share of live", Unit.SHARE, "Of the minutes watched within the month.",
        (_own("Minutes live over all."),),
    ),
    Figure(
        "event_revenue", "Revenue per event", Unit.MONEY,
        "What was paid within the month for an event, less what was given back of it, tax "
        "included.", (_own("Paid lines of orders by the event that they open."),), "event",
    ),
    Figure(
        "stream_revenue", "Revenue per stream", Unit.MONEY,
        "The part of an event's revenue that sold watching: stream tickets and replays.",
        (_own("Paid lines of orders of these kinds."),), "event and kind",
    ),
)  # fmt: skip

FIGURE = {figure.name: figure for figure in FIGURES}

ROWS_OF = {
    ("subscribers", "paywall"): ("mrr", "paid"),
    ("arpu", "mrr"): ("mrr", "paid"),
    ("lifetime_value", "three_years"): ("survival", "kaplan_meier"),
    ("lifetime_value", "simple"): ("subscriber_churn", "start"),
    ("viewers", "paywall"): ("minutes", "paywall"),
    ("live_share", "paywall"): ("minutes", "paywall"),
}
"""Figures that are made of another's rows: (figure, definition) -> (figure, definition)."""


def rows_of(figure: str, definition: str = "") -> tuple[str, str]:
    """Under which figure and definition the rows are. KeyError for an unknown one."""
    chosen = (figure, FIGURE[figure].definition(definition).name)
    return ROWS_OF.get(chosen, chosen)
