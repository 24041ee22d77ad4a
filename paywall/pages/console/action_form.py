"""The form of an action: what it asks for each kind of act, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from churn.triggers import acts as acts_of
from churn.triggers import conditions, occasions
from churn.triggers.acts import Act, Lettered
from churn.triggers.conditions import EVERYBODY, Compare
from churn.triggers.define import DAY_S, NewTrigger
from churn.triggers.ready import Ready
from churn.triggers.tables import Trigger
from infra.kernel.db import Tx
from infra.kernel.errors import Invalid
from offers.tables import Offer, OfferState
from paywall.catalogue.tables import Event, EventState, Season
from paywall.pages.console import action_words, condition_fields
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Input
from paywall.pages.console.nav import N_
from paywall.pages.console.typed import Typed, amount_text, ask, bps_text
from paywall.pages.i18n import LANGUAGES, NAMES

LETTERED = frozenset({"mail", "coupon", "free_days", "free_stream"})


class Choices(msgspec.Struct, frozen=True):
    """What the venue has that an act can point at."""

    offers: list[tuple[str, str]]
    seasons: list[tuple[str, str]]
    events: list[tuple[str, str]]


async def choices(desk: Desk, tx: Tx) -> Choices:
    """Offers on sale, seasons that run, events that are still to be watched."""
    venue_id = desk.venue.id
    offers = select(Offer.id, Offer.name).where(
        Offer.venue_id == venue_id, Offer.state != OfferState.ARCHIVED
    )
    seasons = select(Season.id, Season.name).where(
        Season.venue_id == venue_id, Season.ends_at > desk.now
    )
    events = (
        select(Event.id, Event.name)
        .where(
            Event.venue_id == venue_id,
            Event.state == EventState.PUBLISHED,
            Event.ends_at > desk.now,
        )
        .order_by(Event.starts_at)
    )
    found = [
        [(row[0], row[1]) for row in (await tx.execute(query.limit(100))).all()]
        for query in (offers, seasons, events)
    ]
    return Choices(*found)


def groups(
    desk: Desk, kind: str, languages: Sequence[str], has: Choices, *, started: bool
) -> dict[str, list[Input]]:
    """The form's fields under the headings of the page."""
    _ = desk.gettext
    money = desk.venue.currency
    share = _("Between 10 and 20 of 100 people get nothing, so that the difference can be seen.")
    fixed = {"readonly": ""} if started else {}
    return {
        "when": [
            Input("name", _("Name"), required=True, attrs={"maxlength": "160"}),
            Input(
                "occasion", _("Occasion"), "select",
                options=[(one, _(text)) for one, text in action_words.OCCASIONS.items()],
            ),
            Input(
                "level", _("Days, or the level of risk in %"), "number",
                hint=_("Empty: the usual one. Not every occasion has one."),
            ),
            Input("delay_h", _("Wait so many hours first"), "number"),
        ],
        "what": _what(desk, kind, languages, has),
        "limits": [
            Input(
                "again_after_days", _("The same person again after how many days"), "number",
                hint=_("Empty: once."),
            ),
            Input(
                "rest_days", _("Days of rest after any action"), "number",
                hint=_("Nobody whom another action reached within so many days."),
            ),
            Input(
                "quiet_from", _("Quiet from"), "time",
                hint=_("In the time of the person where it is known, else yours."),
            ),
            Input("quiet_until", _("Quiet until"), "time"),
            Input("not_during_case", _("Not while a support case is open"), "check"),
            Input(
                "holdout", _("Held out, %"), "number", hint=share,
                attrs=fixed,
            ),
        ],
        "money": [
            Input(
                "cost", _("What doing it once costs, in %(currency)s") % {"currency": money},
                "amount", required=True,
                hint=_("Mail and work; a code or free days: what you expect to forgo."),
            ),
            Input("budget", _("Budget a month, in %(currency)s") % {"currency": money}, "amount",
                  required=True, hint=_("Never exceeded.")),
            Input(
                "value_months", _("Months that somebody who stays is counted"), "number",
            ),
            Input(
                "uplift", _("Share of leavers that you expect it to keep, %"), "amount",
                hint=_("Your assumption, until the action itself has measured it."),
            ),
        ],
    }  # fmt: skip


def _what(desk: Desk, kind: str, languages: Sequence[str], has: Choices) -> list[Input]:
    _ = desk.gettext
    fields: list[Input] = []
    if kind == "mail":
        fields.append(Input("service", _("A notice about the contract, with no advertising"),
                            "check"))  # fmt: skip
    elif kind == "coupon":
        money = desk.venue.currency
        fields += [
            Input("percent", _("Percentage off"), "amount", hint=_("Such as 20. Or an amount:")),
            Input("amount", _("Amount off, in %(currency)s") % {"currency": money}, "amount"),
            Input("offer_id", _("For"), "select", options=[("", _("Every offer")), *has.offers]),
            Input("valid_days", _("Valid for how many days"), "number"),
        ]
    elif kind == "free_days":
        fields += [
            Input("season_id", _("Season"), "select", options=has.seasons),
            Input("days", _("Days"), "number"),
        ]
    elif kind == "free_stream":
        fields.append(Input("event_id", _("Event"), "select", options=has.events))
    elif kind == "webhook":
        fields.append(Input("note", _("A word for your program"), attrs={"maxlength": "200"}))
    else:
        fields += [
            Input("title", _("What is to be done"), required=True, attrs={"maxlength": "200"}),
            Input("note", _("Note"), "textarea"),
        ]
    if kind in LETTERED:
        blanks = ", ".join("{" + name + "}" for name in _blanks(kind))
        for language in languages:
            own = NAMES[language]
            fields += [
                Input(
                    f"subject_{language}", _("Subject, %(language)s") % {"language": own},
                    attrs={"maxlength": "160", "lang": language},
                ),
                Input(
                    f"body_{language}", _("Text, %(language)s") % {"language": own}, "textarea",
                    hint=_("Markdown. Filled in: %(blanks)s") % {"blanks": blanks},
                    attrs={"lang": language, "rows": "8"},
                ),
            ]  # fmt: skip
    return fields


def _blanks(kind: str) -> tuple[str, ...]:
    more = {
        "coupon": ("code", "off", "until"),
        "free_days": ("until",),
        "free_stream": ("event", "until"),
    }
    return (*acts_of.BLANKS, *more.get(kind, ()))


def languages_of(desk: Desk, texts: Mapping[str, Any], wanted: str = "") -> list[str]:
    """Those that have words, the venue's own, English and French, and one that was asked for."""
    first = [desk.venue.locale, *texts, "fr", "en", wanted]
    return [one for one in dict.fromkeys(first) if one in LANGUAGES]


def level_text(trigger: Trigger) -> str:
    """The occasion's number as people type it, its usual one where none was given."""
    return usual_level(trigger.occasion, trigger.level)


def usual_level(name: str, level: float | None = None) -> str:
    """An occasion's number as people type it: this one, or its usual one; empty where it has none.

    Shares are typed as percentages.
    """
    occasion = occasions.OCCASION[name]
    chosen = occasion.level if level is None else level
    return "" if chosen is None else f"{chosen * (100 if occasion.unit == 'share' else 1):g}"


def values_of(trigger: Trigger) -> dict[str, str]:
    """A stored action as its form shows it."""
    money = trigger.currency
    act = acts_of.read(trigger.act)
    return {
        "name": trigger.name,
        "occasion": trigger.occasion,
        "level": "" if trigger.level is None else level_text(trigger),
        "delay_h": f"{trigger.delay_s / 3600:g}",
        "again_after_days": str(trigger.again_after_days or ""),
        "rest_days": str(trigger.rest_days),
        "quiet_from": trigger.quiet_from,
        "quiet_until": trigger.quiet_until,
        "not_during_case": "yes" if trigger.not_during_case else "",
        "holdout": bps_text(trigger.holdout_bps),
        "cost": amount_text(trigger.cost_minor, money),
        "budget": amount_text(trigger.budget_minor, money),
        "value_months": str(trigger.value_months),
        "uplift": bps_text(trigger.uplift_bps),
        **_act_values(act, money),
    }


def _act_values(act: Act, money: str) -> dict[str, str]:
    plain = {
        name: "" if value is None else str(value)
        for name, value in acts_of.stored(act).items()
        if name not in ("type", "texts", "service", "percent_bps", "amount_off")
    }
    if isinstance(act, Lettered):
        for language, words in act.texts.items():
            plain[f"subject_{language}"] = words.subject
            plain[f"body_{language}"] = words.body_md
    if acts_of.is_service(act):
        plain["service"] = "yes"
    if isinstance(act, acts_of.Coupon):
        plain["percent"] = "" if act.percent_bps is None else bps_text(act.percent_bps)
        plain["amount"] = (
            "" if act.amount_off is None else amount_text(act.amount_off.amount, money)
        )
    return plain


def values_to_start(ready: Ready | None, kind: str) -> dict[str, str]:
    """What a new action's form is filled with."""
    values = {
        "occasion": "always", "delay_h": "0", "rest_days": "7", "quiet_from": "21:00",
        "quiet_until": "09:00", "not_during_case": "yes", "holdout": "15", "cost": "0.01",
        "budget": "100", "value_months": "6", "uplift": "10", "days": "14", "valid_days": "14",
        "percent": "20" if kind == "coupon" else "",
    }  # fmt: skip
    costs = {"coupon": "3", "free_days": "5", "free_stream": "5", "task": "5", "webhook": "0"}
    values["cost"] = costs.get(kind, "0.01")
    if ready is None:
        return values
    values |= {
        "occasion": ready.occasion,
        "level": usual_level(ready.occasion),
        "delay_h": str(ready.delay_h),
        "again_after_days": str(ready.again_after_days or ""),
        "service": "yes" if ready.service else "",
        "title": ready.title,
    }
    for language, words in ready.texts.items():
        values[f"subject_{language}"] = words.subject
        values[f"body_{language}"] = words.body_md
    return values


def who_to_start(ready: Ready | None, currency: str) -> condition_fields.Node:
    """The conditions of a new action's form."""
    only = ready is not None and ready.subscribers
    condition = conditions.All([Compare("subscribed", "eq", 1)]) if only else EVERYBODY
    return condition_fields.from_condition(condition, currency)


def read(desk: Desk, typed: Typed, kind: str, currency: str) -> NewTrigger:
    """The action that was typed; Invalid with the name of the form's field."""
    occasion = typed.text("occasion")
    level = _level(typed, occasion)
    cost, budget = typed.minor("cost", currency), typed.minor("budget", currency)
    for name, value in (("cost", cost), ("budget", budget)):
        if value is None:
            raise Invalid(name, N_("Give an amount, such as 12.00."))
    root = condition_fields.from_fields(typed.values)
    return ask(
        NewTrigger,
        name=typed.text("name"),
        occasion=occasion,
        level=level,
        who=msgspec.to_builtins(condition_fields.to_condition(root, currency)),
        act=_act(typed, kind, currency),
        delay_s=min(typed.seconds("delay_h", 3600), 30 * DAY_S),
        again_after_days=typed.whole("again_after_days"),
        rest_days=typed.whole("rest_days", 7),
        quiet_from=typed.text("quiet_from")[:5],
        quiet_until=typed.text("quiet_until")[:5],
        not_during_case=typed.flag("not_during_case"),
        cost={"amount": cost, "currency": currency},
        budget={"amount": budget, "currency": currency},
        value_months=typed.whole("value_months", 6),
        uplift_bps=typed.bps("uplift", 1000),
        holdout_bps=typed.bps("holdout", 1500),
    )


def _level(typed: Typed, occasion: str) -> float | None:
    found = occasions.OCCASION.get(occasion)
    if found is None or found.level is None or not typed.text("level"):
        return None
    if found.unit == "share":
        bps = typed.bps("level")
        return None if bps is None else bps / 10_000
    days = typed.whole("level")
    return None if days is None else float(days)


def _act(typed: Typed, kind: str, currency: str) -> dict[str, Any]:
    act: dict[str, Any] = {"type": kind}
    if kind in LETTERED:
        act["texts"] = _texts(typed)
    if kind == "mail":
        act["service"] = typed.flag("service")
    elif kind == "coupon":
        minor = typed.minor("amount", currency)
        act |= {
            "percent_bps": typed.bps("percent"),
            "amount_off": None if minor is None else {"amount": minor, "currency": currency},
            "offer_id": typed.text("offer_id") or None,
            "valid_days": typed.whole("valid_days", 14),
        }
    elif kind == "free_days":
        act |= {"season_id": typed.text("season_id"), "days": typed.whole("days", 14)}
    elif kind == "free_stream":
        act["event_id"] = typed.text("event_id")
    elif kind == "webhook":
        act["note"] = typed.text("note")
    else:
        act |= {"title": typed.text("title"), "note": typed.text("note")}
    return act


def _texts(typed: Typed) -> dict[str, Any]:
    texts = {}
    for language in LANGUAGES:
        subject, body = typed.text(f"subject_{language}"), typed.text(f"body_{language}")
        if not subject and not body:
            continue
        if not subject or not body:
            missing = "body" if subject else "subject"
            raise Invalid(f"{missing}_{language}", N_("Fill this in."))
        texts[language] = {"subject": subject, "body_md": body.replace("\r\n", "\n")}
    if not texts:
        raise Invalid("texts", N_("Write the mail in one language at least."))
    return texts
