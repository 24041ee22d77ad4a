"""The facts that analytics reads: the tables of the lake, each column's meaning and unit.

Pure data: no Parquet, no database. Writers (the export, imports, the simulator) and readers
(metrics, features) meet here and nowhere else.

Every fact says twice when it was: `event_at`, when it happened, and `known_at`, when it was
written down. A fact is never edited. In tables that are `versioned`, what becomes different (an
order is refunded) is written again under the same `fact_id` with a later `known_at`; a reader as
of a moment takes, of each `fact_id`, the version known last before that moment. Elsewhere each
change is a fact of its own. People are named by a pseudonym that differs at each venue.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """The type of a column. Times are UTC, money is in minor units of the row's `currency`."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    YES = "yes"
    TIME = "time"


class Column(msgspec.Struct, frozen=True):
    """One column. Text that isn't known is empty; numbers and times that aren't known are null."""

    name: str
    kind: Kind
    meaning: str


class Table(msgspec.Struct, frozen=True):
    """One kind of fact."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    versioned: bool = False
    """A fact may be written again as it changes. All others are written once."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _t(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning)


def _i(name: str, meaning: str) -> Column:
    return Column(name, Kind.WHOLE, meaning)


def _n(name: str, meaning: str) -> Column:
    return Column(name, Kind.NUMBER, meaning)


def _b(name: str, meaning: str) -> Column:
    return Column(name, Kind.YES, meaning)


def _at(name: str, meaning: str) -> Column:
    return Column(name, Kind.TIME, meaning)


FACT_ID = _t("fact_id", "What the row is about; versions of one fact share it.")
EVENT_AT = _at("event_at", "When it happened, in business time.")
KNOWN_AT = _at("known_at", "When it was known: a reader as of an earlier moment must not see it.")
SOURCE = _t("origin", "`paywall`, or the name of the import or simulation that brought it.")
PERSON = _t("person", "Pseudonym of the customer at this venue; empty where nobody is known.")
CURRENCY = _t("currency", "ISO 4217.")
EVERY = (FACT_ID, EVENT_AT, KNOWN_AT, SOURCE)


def _table(name: str, meaning: str, *columns: Column, versioned: bool = False) -> Table:
    return Table(name, meaning, (*EVERY, *columns), versioned)


TABLES: tuple[Table, ...] = (
    _table(
        "people",
        "A customer of the venue. `event_at` is when they became one.",
        PERSON,
        _t("country", "ISO 3166-1 alpha-2."),
        _t("language", "BCP 47, such as `fr`."),
        _t("city", "As the person or the import gave it."),
        _t(
            "source", "Where they came from first: `search`, `social`, `partner`, `mail`, `direct`."
        ),
        _t("campaign", "The campaign of that first visit."),
        versioned=True,
    ),
    _table(
        "subscriptions",
        "One change in a subscription's life. `event_at` is when it took effect.",
        PERSON,
        _t("subscription_id", "The subscription."),
        _t(
            "change",
            "`trial_started`, `started` (pays from here on), `changed` (plan or price), `paused`, "
            "`resumed`, `cancel_asked` (ends at `period_end`), `cancel_withdrawn`, `ended`.",
        ),
        _t("plan", "The plan's name after the change."),
        _t("tier", "`free`, `basic` or `premium`."),
        _i("interval_months", "1 monthly, 12 yearly."),
        _i("price_minor", "What an interval costs this person after the change, tax included."),
        _i("list_minor", "What it costs without any discount."),
        CURRENCY,
        _at("discount_until", "When a discount that is running ends."),
        _at("trial_until", "When a trial that is running ends."),
        _at("period_end", "When the paid period ends and the next payment is due."),
        _t("cause", "Of `ended`: `choice`, `payment` (it failed for good) or `venue`."),
        _t(
            "reason",
            "What the person said when leaving: `price`, `content`, `quality`, `other` ...",
        ),
    ),
    _table(
        "invoices",
        "A bill. `event_at` is its date.",
        PERSON,
        _t("invoice_id", "The invoice."),
        _t("subscription_id", "Which subscription it bills; empty for a single purchase."),
        _t("state", "`issued`, `paid`, `void` or `uncollectible`."),
        _i("total_minor", "Tax included."),
        _i("tax_minor", "The tax in it."),
        CURRENCY,
        _at("due_at", "When it has to be paid."),
        _at("period_start", "First moment of what it pays for."),
        _at("period_end", "End of what it pays for."),
        versioned=True,
    ),
    _table(
        "payments",
        "One attempt to take money, or money going back.",
        PERSON,
        _t("payment_id", "The attempt."),
        _t("invoice_id", "What it pays."),
        _t("subscription_id", "Of a renewal."),
        _t("order_id", "Of a single purchase."),
        _t("outcome", "`captured`, `declined`, `refunded` or `disputed`."),
        _t("decline", "The reason of a decline, such as `insufficient_funds` or `expired_card`."),
        _i("amount_minor", "Asked, or given back; never negative."),
        CURRENCY,
        _i("attempt", "1 for the first try of this bill, 2 for the next ..."),
        _t("method", "`card`, `sepa_debit`, `paypal` ..."),
        _at("card_expires_at", "The end of the card's last month."),
        _t("brand", "Of a card: `visa`, `mastercard` ..."),
    ),
    _table(
        "orders",
        "One line of a purchase. `event_at` is when it was paid, or made where it never was.",
        PERSON,
        _t("order_id", "The order."),
        _t("concert_id", "The event that it opens; empty where it opens none or many."),
        _t("offer_id", "What was sold."),
        _t("offer_kind", "`stream_ticket`, `replay`, `admission`, `season_pass` ..."),
        _t("offer_name", "Its name then."),
        _i("quantity", "How many."),
        _i("total_minor", "Paid for the line after discount, tax included."),
        _i("list_minor", "The same without discount."),
        _i("refunded_minor", "Given back of it."),
        CURRENCY,
        _t("coupon", "The code used."),
        _t("channel", "`web`, `api`, `box_office`, or the import's."),
        _t(
            "state",
            "`open`, `paid`, `expired`, `cancelled`, `unserved`, `partly_refunded`, `refunded`.",
        ),
        _t("source", "Of the visit that it came from, as in `visits`."),
        _t("campaign", "The campaign whose link that was."),
        versioned=True,
    ),
    _table(
        "grants",
        "The right to watch something.",
        PERSON,
        _t("grant_id", "The grant."),
        _t("scope_kind", "`event`, `season` or `subscription`."),
        _t("scope_id", "Of which."),
        _t("order_id", "What paid for it; empty where it was given."),
        _at("starts_at", "From when."),
        _at("ends_at", "Until when."),
        _t("state", "`active`, `suspended` or `revoked`."),
        _b("gift", "Given by the venue and not bought."),
        versioned=True,
    ),
    _table(
        "viewing",
        "One playback session. `event_at` is its start; `known_at` its end.",
        PERSON,
        _t("session_id", "The session."),
        _t("concert_id", "What was watched."),
        _t("kind", "`live` or `replay`."),
        _n("watched_s", "Seconds of picture."),
        _n("startup_ms", "From pressing play to the first picture; null where not measured."),
        _n("rebuffer_s", "Seconds waited in the midst of it; null where not measured."),
        _b("failed", "It never showed a picture."),
        _t("device", "`web`, `phone`, `tv` or ``."),
        _t("country", "Where from, ISO 3166-1 alpha-2."),
    ),
    _table(
        "support",
        "A case at support.",
        PERSON,
        _t("case_id", "The case."),
        _t("topic", "`access`, `payment`, `refund`, `quality` ..."),
        _t("channel", "`web`, `player`, `mail`, `api` or `form`."),
        _t("state", "`open` or `solved`."),
        _t("settled_by", "`article`, `bot`, `suggestion`, `act`, `person` or ``."),
        _i("satisfaction", "1 to 5; null where not answered."),
        _at("solved_at", "When it was settled."),
        versioned=True,
    ),
    _table(
        "messages",
        "Something sent to a person, and what became of it.",
        PERSON,
        _t("message_id", "The message."),
        _t("kind", "`service`, `marketing` or `action`."),
        _t("template", "Which text."),
        _t("action_id", "Which action sent it, where one did."),
        _t(
            "change",
            "`sent`, `bounced`, `opened`, `machine_opened` (a mail program fetched the picture), "
            "`clicked`, `complained` or `unsubscribed`.",
        ),
    ),
    _table(
        "assignments",
        "A person met an action's condition and a coin said treated or held out.",
        PERSON,
        _t("action_id", "The action."),
        _t("arm", "`treated` or `held_out`."),
        _t("act", "`mail`, `coupon`, `free_days`, `webhook`, `task` ..."),
        _i("cost_minor", "What it cost; 0 for the held out."),
        _i("month_minor", "What the person paid a month then."),
        CURRENCY,
    ),
    _table(
        "consents",
        "A yes or a no to being written to.",
        PERSON,
        _t("purpose", "Such as `venue_news`."),
        _b("granted", "Yes or no."),
        _t("source", "Where it was given."),
    ),
    _table(
        "visits",
        "Somebody came to the venue's pages; of people who aren't logged in, how many did.",
        PERSON,
        _t("visit_id", "The visit."),
        _t("page", "`storefront`, `event`, `offer`, `account`, `cancel` ..."),
        _t("concert_id", "Which event's page."),
        _t("source", "`search`, `social`, `partner`, `mail`, `direct`."),
        _t("campaign", "Its campaign."),
        _t("device", "`web`, `phone` or `tv`."),
        _t("country", "Where from, ISO 3166-1 alpha-2, where something on the way told."),
        _i("visits", "How many came this way in this half hour, where nobody is known; else 1."),
    ),
    _table(
        "concerts",
        "An event of the venue. `event_at` is when it begins, `known_at` when it was announced.",
        _t("concert_id", "The event."),
        _t("name", "Its name."),
        _t("artist", "Who plays, where that was said."),
        _t("season_id", "Of which season."),
        _at("ends_at", "When it ends."),
        _t("state", "`draft`, `published`, `cancelled`."),
        _t("genre", "Such as `jazz`, in the venue's own words."),
        versioned=True,
    ),
)

BY_NAME = {table.name: table for table in TABLES}
OF_PEOPLE = frozenset(table.name for table in TABLES if "person" in table.names)
"""Tables that an erasure has to go through."""
