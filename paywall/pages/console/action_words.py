"""Occasions, features, acts and outcomes of actions in people's words; translated where shown."""

from __future__ import annotations

from decimal import Decimal

from churn.effects import Verdict
from churn.feature_list import FEATURES, SCORES, FeatureKind
from churn.triggers.tables import ActionEffect, Trigger
from infra.kernel.money import Money
from paywall.pages.console.nav import N_
from paywall.pages.i18n import Translator

OCCASIONS = {
    "risk_rising": N_("The risk of leaving is above a level and rising"),
    "card_expires": N_("The card of a subscription expires soon"),
    "payment_failed": N_("A payment of a subscription failed"),
    "trial_ends": N_("A trial ends soon"),
    "discount_ends": N_("A discount ends soon"),
    "silent": N_("They have watched nothing for some time"),
    "bad_stream": N_("They had a bad stream last night"),
    "first_concert": N_("They have just watched their first concert in 90 days"),
    "always": N_("Any day, for whoever the conditions fit"),
}
LEVELS = {
    "risk_rising": N_("Level, %"),
    "card_expires": N_("Within how many days"),
    "trial_ends": N_("Within how many days"),
    "discount_ends": N_("Within how many days"),
    "silent": N_("For how many days"),
    "first_concert": N_("Within how many days"),
}
KINDS = {
    "mail": N_("Mail"),
    "coupon": N_("Personal code"),
    "free_days": N_("Free days"),
    "free_stream": N_("Free stream"),
    "webhook": N_("Webhook"),
    "task": N_("Task for a person"),
}
KIND_SENTENCES = {
    "mail": N_("Your words, to one person."),
    "coupon": N_("A code that works once, told by mail."),
    "free_days": N_("The whole season for some days, told by mail."),
    "free_stream": N_("One concert, told by mail."),
    "webhook": N_("Your own program hears action.due and acts."),
    "task": N_("A line on the task list, such as a call."),
}
READY = {
    "card_expires": N_("The card expires soon"),
    "payment_failed": N_("A payment failed"),
    "trial_ends": N_("The trial ends in three days"),
    "discount_ends": N_("A discount ends soon"),
    "risk_rising": N_("The risk of leaving is high and rising"),
    "silent": N_("Watched nothing for three weeks"),
    "bad_stream": N_("A bad stream last night"),
    "first_concert": N_("After the first concert"),
    "call": N_("Call those who bring most"),
}
MONEY_INTERVAL = N_("95% interval of the money kept")
SIMULATED = (
    N_("Two free weeks after three quiet ones"),
    N_("5 euros off a ticket after three quiet weeks"),
    N_("A mail before the card expires"),
    N_("A cheaper plan proposed in the app"),
)
"""Names of `churn.simulate.shown`, repeated so that catalogues find them; a test compares."""
GROUPS = {
    "person": N_("Person"),
    "subscription": N_("Subscription"),
    "payments": N_("Payments"),
    "watching": N_("Watching"),
    "quality": N_("Picture quality"),
    "support": N_("Support"),
    "mails": N_("Mails"),
    "season": N_("Season"),
    "risk": N_("Risk"),
}
FEATURE_WORDS = {
    "country": N_("Country"),
    "language": N_("Language"),
    "source": N_("Where they came from first"),
    "tenure_days": N_("Days since they became a customer"),
    "may_write": N_("Agreed to receive news"),
    "subscribed": N_("Has a running subscription"),
    "plan": N_("Plan"),
    "tier": N_("Tier (free, basic or premium)"),
    "interval_months": N_("Months a payment covers"),
    "trial": N_("Is in a free trial"),
    "trial_ends_in_days": N_("Days until the trial ends"),
    "subscribed_days": N_("Days since the subscription began"),
    "price_month_minor": N_("Pays a month"),
    "list_month_minor": N_("List price a month"),
    "discount_share": N_("Discount on the list price, %"),
    "discount_ends_in_days": N_("Days until the discount ends"),
    "renews_in_days": N_("Days until the next payment"),
    "plan_changes_365": N_("Changes of plan in a year"),
    "came_back": N_("Had left before and came back"),
    "payment_failed": N_("The last payment failed"),
    "declines_90": N_("Declined payments in 90 days"),
    "days_since_payment": N_("Days since the last payment"),
    "card_expires_in_days": N_("Days until the card expires"),
    "paid_365_minor": N_("Paid in a year"),
    "orders_365": N_("Single purchases in a year"),
    "refunds_365": N_("Refunds in a year"),
    "days_since_watched": N_("Days since they last watched"),
    "active_days_30": N_("Days with watching, of the last 30"),
    "active_days_90": N_("Days with watching, of the last 90"),
    "minutes_30": N_("Minutes watched in 30 days"),
    "minutes_before_30": N_("Minutes watched in the 30 days before those"),
    "minutes_trend": N_("Trend of minutes (1 doubled, −1 halved)"),
    "live_share_90": N_("Share of live in 90 days, %"),
    "concerts_90": N_("Different concerts in 90 days"),
    "devices_90": N_("Kinds of device in 90 days"),
    "rebuffer_share_30": N_("Waiting for the picture, % of the time, 30 days"),
    "failed_starts_30": N_("Times the picture never came, 30 days"),
    "startup_ms_30": N_("Milliseconds until the picture came"),
    "bad_stream_1": N_("A bad stream in the last 24 hours"),
    "cases_90": N_("Support cases in 90 days"),
    "open_case": N_("Has an open support case"),
    "satisfaction": N_("Last satisfaction, 1 to 5"),
    "mails_30": N_("Marketing mails in 30 days"),
    "open_share_90": N_("Mails opened in 90 days, %"),
    "click_share_90": N_("Mails clicked in 90 days, %"),
    "days_since_concert": N_("Days since your last concert"),
    "days_to_concert": N_("Days until your next concert"),
    "concerts_next_30": N_("Concerts in the next 30 days"),
    "month": N_("Month, 01 to 12"),
    "visits_30": N_("Visits to your pages in 30 days"),
    "cancel_visits_30": N_("Visits to the page for leaving in 30 days"),
    "risk": N_("Risk of leaving within 30 days, %"),
    "risk_before": N_("The same a week before, %"),
    "payment_risk": N_("Risk that the next payment fails, %"),
    "value_month_minor": N_("Brings a month, mean of a year"),
}
OPS = {
    "lt": N_("is below"),
    "le": N_("is at most"),
    "gt": N_("is above"),
    "ge": N_("is at least"),
    "eq": N_("is"),
    "ne": N_("is not"),
    "one_of": N_("is one of (parted by commas)"),
    "known": N_("is known"),
    "unknown": N_("is not known"),
    "more_than": N_("is above this other figure"),
}
MODES = {
    "all": N_("All of these hold"),
    "any": N_("At least one of these holds"),
    "none": N_("None of these holds"),
}
ARMS = {"treated": N_("Would get it"), "held_out": N_("Would be held out")}
WHYS = {
    "no_customer": N_("Imported or simulated; no customer here"),
    "other_currency": N_("Pays in another currency"),
    "not_worth": N_("Would cost more than it keeps"),
    "already": N_("Had it already, or was held out"),
    "resting": N_("Another action reached them lately"),
    "no_consent": N_("Has not agreed to news"),
    "opted_out": N_("Has said no"),
    "open_case": N_("Has an open support case"),
    "no_longer": N_("The condition no longer held"),
    "given_up": N_("Waited too long for a good moment"),
    "budget": N_("The month's budget was used up"),
    "over": N_("What it gives was over"),
    "no_endpoint": N_("No endpoint hears it"),
    "ended": N_("The action ended before"),
    "refused": N_("Refused by the mail server"),
    "unknown": N_("May have arrived; not sent again"),
}


def group_options(locale: Translator) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every feature by group, for a select with groups."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in (*SCORES, *FEATURES):
        found.setdefault(one.group, []).append((one.name, locale.gettext(FEATURE_WORDS[one.name])))
    return [(locale.gettext(GROUPS[group]), options) for group, options in found.items()]


KIND_OF = {one.name: one.kind for one in (*FEATURES, *SCORES)}
SHARE, MONEY = FeatureKind.SHARE, FeatureKind.MONEY


def name_of(locale: Translator, trigger: Trigger) -> str:
    """As its makers called it; a simulated one in the reader's language."""
    return locale.gettext(trigger.name) if trigger.simulated else trigger.name


def verdict(locale: Translator, effect: ActionEffect | None) -> tuple[str, str]:
    """The one sentence about an action, and its tone."""
    _ = locale.gettext
    if effect is None or effect.verdict is Verdict.TOO_EARLY:
        return _("Too early to say."), "plain"
    if effect.verdict is Verdict.HELPED:
        return _("It helped."), "good"
    if effect.verdict is Verdict.NO_DIFFERENCE:
        return _("It changed little."), "warn"
    return _("It did harm."), "bad"


def told(locale: Translator, effect: ActionEffect | None, *, running: bool) -> list[str]:
    """What the verdict rests on, in sentences for people who know no statistics."""
    _ = locale.gettext
    if effect is None or not (effect.treated and effect.held_out):
        return [_("It is measured each night, once people of both arms have had their time.")]
    seen = {
        "days": effect.after_days,
        "difference": more_or_fewer(locale, effect.effect),
        "low": more_or_fewer(locale, effect.low),
        "high": more_or_fewer(locale, effect.high),
    }
    sentences = [
        _(
            "After %(days)s days, of 100 people who got it %(difference)s are still there than of "
            "100 who got nothing."
        )
        % seen,
        locale.gettext(
            "With a certainty of 95%% the truth lies between %(low)s and %(high)s. You may look on "
            "any day."
        )
        % seen,
    ]
    if effect.verdict is Verdict.TOO_EARLY:
        sentences.append(_("So far chance alone can explain the difference."))
    if effect.verdict is Verdict.HARMED and running:
        sentences.append(_("End it, or fewer and fewer stay."))
    return sentences


def more_or_fewer(locale: Translator, value: float) -> str:
    """A difference of shares as people of 100: -0.052 as "5.2 fewer"."""
    n = {"n": locale.number(Decimal(f"{abs(value) * 100:.1f}"))}
    return (locale.gettext("%(n)s more") if value >= 0 else locale.gettext("%(n)s fewer")) % n


def money(locale: Translator, minor: int, currency: str) -> str:
    return locale.money(Money(minor, currency))


def share(locale: Translator, value: float) -> str:
    """0.934 as 93.4 %."""
    return locale.percent(Decimal(f"{value:.3f}"))
