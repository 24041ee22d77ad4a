"""What is known of a person, in the reader's language: names, values and reasons. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import get_month_names

from churn.feature_list import FEATURE, FeatureKind
from infra.kernel.money import Money
from paywall.pages.console.nav import N_
from paywall.pages.i18n import Translator

MEANINGS: Mapping[str, str] = {
    "country": N_("country"),
    "language": N_("language"),
    "source": N_("where they came from first"),
    "tenure_days": N_("days since they became a customer"),
    "may_write": N_("agreed to receive news"),
    "subscribed": N_("has a running subscription"),
    "plan": N_("plan"),
    "tier": N_("free, basic or premium"),
    "interval_months": N_("months a payment covers"),
    "trial": N_("is in a free trial"),
    "trial_ends_in_days": N_("days until the trial ends"),
    "subscribed_days": N_("days since the running subscription began"),
    "price_month_minor": N_("pays a month"),
    "list_month_minor": N_("list price a month"),
    "discount_share": N_("discount on the list price"),
    "discount_ends_in_days": N_("days until the discount ends"),
    "renews_in_days": N_("days until the next payment"),
    "plan_changes_365": N_("changes of plan in a year"),
    "came_back": N_("had left before and came back"),
    "payment_failed": N_("the last payment failed"),
    "declines_90": N_("declined payments in 90 days"),
    "days_since_payment": N_("days since the last payment"),
    "card_expires_in_days": N_("days until the card expires"),
    "paid_365_minor": N_("paid in a year"),
    "orders_365": N_("single purchases in a year"),
    "refunds_365": N_("refunds in a year"),
    "days_since_watched": N_("days since they last watched"),
    "active_days_30": N_("days with watching, of the last 30"),
    "active_days_90": N_("days with watching, of the last 90"),
    "minutes_30": N_("minutes watched in 30 days"),
    "minutes_before_30": N_("minutes watched in the 30 days before those"),
    "minutes_trend": N_("minutes of the last 30 days against the 30 before, as log2"),
    "live_share_90": N_("share of live in what they watched in 90 days"),
    "concerts_90": N_("different concerts watched in 90 days"),
    "devices_90": N_("kinds of device in 90 days"),
    "rebuffer_share_30": N_("share of the time spent waiting for the picture, 30 days"),
    "failed_starts_30": N_("times that the picture never came, 30 days"),
    "startup_ms_30": N_("milliseconds until the picture came, median of 30 days"),
    "bad_stream_1": N_("a bad stream in the last 24 hours"),
    "cases_90": N_("support cases in 90 days"),
    "open_case": N_("has an open support case"),
    "satisfaction": N_("last satisfaction, 1 to 5"),
    "mails_30": N_("marketing mails received in 30 days"),
    "open_share_90": N_("share of mails opened by a person in 90 days"),
    "click_share_90": N_("share of mails clicked in 90 days"),
    "days_since_concert": N_("days since the venue's last concert"),
    "days_to_concert": N_("days until the venue's next announced concert"),
    "concerts_next_30": N_("announced concerts in the next 30 days"),
    "month": N_("month of the year, 01 to 12"),
    "visits_30": N_("visits to the venue's pages in 30 days"),
    "cancel_visits_30": N_("visits to the page for leaving in 30 days"),
}
"""In the words of `churn.feature_list`; a test holds both to be the same."""
_TREND = "minutes_trend"


def meaning(locale: Translator, name: str) -> str:
    """The feature's name in words. Watching's trend and the month read better than their column."""
    if name == _TREND:
        return locale.gettext("watching, the last 30 days against the 30 before")
    if name == "month":
        return locale.gettext("month of the year")
    return locale.gettext(MEANINGS[name]) if name in MEANINGS else name


def value_text(locale: Translator, name: str, value: Any, currency: str = "EUR") -> str:
    """A feature's value as a person writes it; a dash where nothing is known."""
    _ = locale.gettext
    kind = FEATURE[name].kind if name in FEATURE else FeatureKind.NUMBER
    if value is None or value == "":
        return _("unknown")
    if name == "month":
        names: Mapping[int, str] = get_month_names("wide", "stand-alone", locale.locale)
        return names[int(value)]
    if kind is FeatureKind.CATEGORY:
        return _place_or_tongue(locale, name, str(value))
    number = float(value)
    if name == _TREND:
        return _times(locale, number)
    match kind:
        case FeatureKind.YES:
            return _("Yes") if number >= 0.5 else _("No")
        case FeatureKind.MONEY:
            return locale.money(Money(round(number), currency or "EUR"))
        case FeatureKind.SHARE:
            return locale.percent(Decimal(round(number, 2 if number >= 0.1 else 3)).quantize(
                Decimal("0.01") if number >= 0.1 else Decimal("0.001")
            ).normalize())  # fmt: skip
        case FeatureKind.NUMBER:
            return locale.number(Decimal(str(round(number, 1))).normalize())
        case _:
            return locale.number(round(number))


def _place_or_tongue(locale: Translator, name: str, value: str) -> str:
    """A country or language by its name; any other category as it is."""
    known = Locale.parse(locale.locale)
    if name == "country":
        return str(known.territories.get(value, value))
    return str(known.languages.get(value, value)) if name == "language" else value


def _times(locale: Translator, log2: float) -> str:
    """`half as much`: a factor in words."""
    _ = locale.gettext
    if abs(log2) < 0.15:
        return _("as much")
    factor = locale.number(Decimal(str(round(math.pow(2, min(abs(log2), 7)), 1))).normalize())
    text = _("%(factor)s times as much") if log2 > 0 else _("%(factor)s times less")
    return text % {"factor": factor}


def usual_text(
    locale: Translator, name: str, usual: Mapping[str, Any] | None, currency: str = "EUR"
) -> str:
    """What most people have; empty where the card does not say."""
    if not usual:
        return ""
    if "most" in usual:
        share = locale.percent(Decimal(str(round(usual["share"], 2))))
        told = {"share": share, "value": value_text(locale, name, usual["most"], currency)}
        return locale.gettext("%(share)s of people: %(value)s") % told
    low, high = (value_text(locale, name, usual[end], currency) for end in ("low", "high"))
    if low == high:
        return locale.gettext("half of people: %(value)s") % {"value": low}
    return locale.gettext("half of people: %(low)s to %(high)s") % {"low": low, "high": high}


def points_text(locale: Translator, points: float) -> str:
    """`+12 points`: so many more in a hundred than with other people's value."""
    size = abs(points)
    number = locale.number(Decimal(str(round(size, 0 if size >= 1 else 1))).normalize())
    text = locale.ngettext("%(n)s point", "%(n)s points", max(1, round(size)))
    return ("+" if points >= 0 else "−") + text % {"n": number}


def brief(locale: Translator, reason: Mapping[str, Any], currency: str = "EUR") -> str:
    """`days since they last watched: 34`."""
    name = str(reason["feature"])
    told = {
        "what": meaning(locale, name),
        "value": value_text(locale, name, reason.get("value"), currency),
    }
    return locale.gettext("%(what)s: %(value)s") % told


def in_hundred(locale: Translator, chance: float) -> str:
    """`12 in 100`: a chance for people who know no statistics."""
    hundred = chance * 100
    if hundred < 0.5:
        return locale.gettext("fewer than 1 in 100")
    return locale.gettext("%(n)s in 100") % {"n": locale.number(round(hundred))}
