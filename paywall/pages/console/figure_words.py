"""The console's words for figures: titles, sentences and what they are split by. Pure data.

The English is that of `churn.metrics.definitions`, repeated here so that catalogues find it; a test
compares.
"""

from __future__ import annotations


def N_(message: str) -> str:
    return message


TEXTS = frozenset({
    N_("Monthly recurring revenue"),
    N_("What running subscriptions pay a month, at the month's end, tax included."),
    N_("What is really paid: every discount is taken off while it runs."),
    N_("A discount that ends on a date doesn't lower MRR; one for ever does."),
    N_("Movements of MRR"),
    N_("What changed MRR within the month; the sum is the difference of two months' ends."),
    N_("Each person's MRR at the month's end against its start."),
    N_("Every change, also those taken back within the month."),
    N_("Paying subscribers"),
    N_("People with MRR above zero at the month's end."),
    N_("People, not subscriptions."),
    N_("Revenue per subscriber"),
    N_("MRR divided by paying subscribers, at the month's end."),
    N_("MRR over subscribers."),
    N_("Churn of subscribers"),
    N_("The share of subscribers that left within the month."),
    N_("Paying at the month's start and not at its end, over paying at its start."),
    N_("Everybody who left within the month, over paying at its start."),
    N_("Every leaving within the month, over paying at its start and new in it."),
    N_("Churn of money"),
    N_("The share of the month's first MRR that was lost within it."),
    N_("Churned and contracted, over MRR at the month's start."),
    N_("The same less expansion and reactivation; below zero is growth."),
    N_("Who left, by cause"),
    N_(
        "People whose paying ended within the month: by choice, by a payment that failed "
        "for good (involuntary), by the venue, or paused."
    ),
    N_("By the last ending within the month."),
    N_("Reasons for leaving"),
    N_("What those who left by choice said."),
    N_("Trials that became paid"),
    N_("Of the trials that came to their end within the month, the share that pays."),
    N_("By the month that ended the trial."),
    N_("Free to paid"),
    N_("Of the people on a free plan at the month's start, the share that pays at its end."),
    N_("By each person's best running plan."),
    N_("Basic to premium"),
    N_("Of the people who paid for basic at the month's start, the share on premium at its end."),
    N_("Retention of cohorts"),
    N_("Of those who first paid in a month, the share that pays at the end of each month after."),
    N_("Who came back counts again."),
    N_("How long they stay"),
    N_("The chance to be still paying so many days after the first payment."),
    N_(
        "Kaplan-Meier over all uninterrupted times of paying; 95 % by Greenwood's "
        "variance on the log-log scale."
    ),
    N_("Lifetime value"),
    N_("What a new subscriber pays on average, tax included."),
    N_(
        "Revenue per subscriber times the mean time paid within three years or what the "
        "history covers: the area under the survival curve, 95 % by its variance."
    ),
    N_(
        "Revenue per subscriber over the month's churn of subscribers; 95 % by Wilson's "
        "interval of the churn."
    ),
    N_("Viewers"),
    N_("People who watched within the month."),
    N_("With any second of picture."),
    N_("Active days of 30"),
    N_("Days with watching in the 30 days up to the month's end, mean of who watched then."),
    N_("Days in the venue's time zone."),
    N_("Minutes watched"),
    N_("Within the month, live and replay."),
    N_("Seconds of picture over 60."),
    N_("Share of live"),
    N_("Of the minutes watched within the month."),
    N_("Minutes live over all."),
    N_("Revenue per event"),
    N_(
        "What was paid within the month for an event, less what was given back of it, tax"
        " included."
    ),
    N_("Paid lines of orders by the event that they open."),
    N_("Revenue per stream"),
    N_("The part of an event's revenue that sold watching: stream tickets and replays."),
    N_("Paid lines of orders of these kinds."),
})  # fmt: skip

DIMENSIONS = {
    "new": N_("New"),
    "expansion": N_("Expansion"),
    "contraction": N_("Contraction"),
    "churned": N_("Churned"),
    "reactivated": N_("Reactivated"),
    "choice": N_("By choice"),
    "payment": N_("Payment failed"),
    "venue": N_("Ended by the venue"),
    "paused": N_("Paused"),
    "live": N_("Live"),
    "replay": N_("Replay"),
    "price": N_("Price"),
    "content": N_("Programme"),
    "quality": N_("Picture and sound"),
    "time": N_("No time"),
    "other": N_("Something else"),
    "not said": N_("Not said"),
}
"""What a figure is split by, in words; names that data brings, such as events, stay."""

ROW_COLUMNS = {
    "person": N_("Person"),
    "amount": N_("Value"),
    "before": N_("Before"),
    "after": N_("After"),
    "at": N_("When"),
    "cause": N_("Cause"),
    "reason": N_("Reason"),
    "began": N_("Paid at the month's start"),
    "subscription_id": N_("Subscription"),
    "tried_at": N_("Trial from"),
    "over_at": N_("Trial until"),
    "converted": N_("Became it"),
    "began_at": N_("Paid from"),
    "left_at": N_("Paid until"),
    "days": N_("Days"),
    "left": N_("Left"),
    "order_id": N_("Order"),
    "quantity": N_("Quantity"),
    "label": N_("Event"),
    "kind": N_("Kind of offer"),
    "plan": N_("Plan"),
}
"""Columns of the rows behind a value. Month, currency and dimension stand above the table."""
ABOVE = ("month", "currency", "dimension")

GROUPS = (
    (N_("Revenue"), ("mrr", "mrr_movements", "arpu", "lifetime_value")),
    (N_("Who stays"), ("subscribers", "subscriber_churn", "money_churn", "survival")),
    (N_("Who leaves, and why"), ("leaving_by_cause", "leaving_reasons", "cohort_retention")),
    (N_("Who becomes more"), ("trial_conversion", "free_to_paid", "basic_to_premium")),
    (N_("Watching"), ("viewers", "active_days", "minutes", "live_share")),
    (N_("Events"), ("event_revenue", "stream_revenue")),
)
"""The overview: every figure once, by what it answers."""
