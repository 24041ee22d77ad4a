"""What is known of a person on a day: the features' names, kinds and words.

Pure data. `churn.features` computes them from the lake, the models learn from them, triggers'
conditions are built from them, and `churn.tables.PersonToday` keeps the latest of each person.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class FeatureKind(StrEnum):
    """How a feature is compared and shown."""

    COUNT = "count"
    DAYS = "days"
    MINUTES = "minutes"
    MONEY = "money"  # minor units of the person's currency
    SHARE = "share"  # 0 to 1
    YES = "yes"  # 1 or 0
    NUMBER = "number"
    CATEGORY = "category"


class Feature(msgspec.Struct, frozen=True):
    """One feature. None (null) where there is nothing to know, such as a card that isn't there."""

    name: str
    kind: FeatureKind
    meaning: str
    group: str


def _group(name: str, *rows: tuple[str, FeatureKind, str]) -> tuple[Feature, ...]:
    return tuple(Feature(feature, kind, meaning, name) for feature, kind, meaning in rows)


K = FeatureKind

FEATURES: tuple[Feature, ...] = (
    *_group(
        "person",
        ("country", K.CATEGORY, "country"),
        ("language", K.CATEGORY, "language"),
        ("source", K.CATEGORY, "where they came from first"),
        ("tenure_days", K.DAYS, "days since they became a customer"),
        ("may_write", K.YES, "agreed to receive news"),
    ),
    *_group(
        "subscription",
        ("subscribed", K.YES, "has a running subscription"),
        ("plan", K.CATEGORY, "plan"),
        ("tier", K.CATEGORY, "free, basic or premium"),
        ("interval_months", K.COUNT, "months a payment covers"),
        ("trial", K.YES, "is in a free trial"),
        ("trial_ends_in_days", K.DAYS, "days until the trial ends"),
        ("subscribed_days", K.DAYS, "days since the running subscription began"),
        ("price_month_minor", K.MONEY, "pays a month"),
        ("list_month_minor", K.MONEY, "list price a month"),
        ("discount_share", K.SHARE, "discount on the list price"),
        ("discount_ends_in_days", K.DAYS, "days until the discount ends"),
        ("renews_in_days", K.DAYS, "days until the next payment"),
        ("plan_changes_365", K.COUNT, "changes of plan in a year"),
        ("came_back", K.YES, "had left before and came back"),
    ),
    *_group(
        "payments",
        ("payment_failed", K.YES, "the last payment failed"),
        ("declines_90", K.COUNT, "declined payments in 90 days"),
        ("days_since_payment", K.DAYS, "days since the last payment"),
        ("card_expires_in_days", K.DAYS, "days until the card expires"),
        ("paid_365_minor", K.MONEY, "paid in a year"),
        ("orders_365", K.COUNT, "single purchases in a year"),
        ("refunds_365", K.COUNT, "refunds in a year"),
    ),
    *_group(
        "watching",
        ("days_since_watched", K.DAYS, "days since they last watched"),
        ("active_days_30", K.COUNT, "days with watching, of the last 30"),
        ("active_days_90", K.COUNT, "days with watching, of the last 90"),
        ("minutes_30", K.MINUTES, "minutes watched in 30 days"),
        ("minutes_before_30", K.MINUTES, "minutes watched in the 30 days before those"),
        ("minutes_trend", K.NUMBER, "minutes of the last 30 days against the 30 before, as log2"),
        ("live_share_90", K.SHARE, "share of live in what they watched in 90 days"),
        ("concerts_90", K.COUNT, "different concerts watched in 90 days"),
        ("devices_90", K.COUNT, "kinds of device in 90 days"),
    ),
    *_group(
        "quality",
        ("rebuffer_share_30", K.SHARE, "share of the time spent waiting for the picture, 30 days"),
        ("failed_starts_30", K.COUNT, "times that the picture never came, 30 days"),
        ("startup_ms_30", K.NUMBER, "milliseconds until the picture came, median of 30 days"),
        ("bad_stream_1", K.YES, "a bad stream in the last 24 hours"),
    ),
    *_group(
        "support",
        ("cases_90", K.COUNT, "support cases in 90 days"),
        ("open_case", K.YES, "has an open support case"),
        ("satisfaction", K.NUMBER, "last satisfaction, 1 to 5"),
    ),
    *_group(
        "mails",
        ("mails_30", K.COUNT, "marketing mails received in 30 days"),
        ("open_share_90", K.SHARE, "share of mails opened by a person in 90 days"),
        ("click_share_90", K.SHARE, "share of mails clicked in 90 days"),
    ),
    *_group(
        "season",
        ("days_since_concert", K.DAYS, "days since the venue's last concert"),
        ("days_to_concert", K.DAYS, "days until the venue's next announced concert"),
        ("concerts_next_30", K.COUNT, "announced concerts in the next 30 days"),
        ("month", K.CATEGORY, "month of the year, 01 to 12"),
        ("visits_30", K.COUNT, "visits to the venue's pages in 30 days"),
        ("cancel_visits_30", K.COUNT, "visits to the page for leaving in 30 days"),
    ),
)

FEATURE = {feature.name: feature for feature in FEATURES}

SCORES: tuple[Feature, ...] = _group(
    "risk",
    ("risk", K.SHARE, "chance of leaving by choice within 30 days"),
    ("risk_before", K.SHARE, "the same a week before"),
    ("payment_risk", K.SHARE, "chance that the next renewal's payment fails"),
    ("value_month_minor", K.MONEY, "what the person brings a month, mean of the last year"),
)
"""Not learned from: what the models say of a person. Conditions may use them."""
