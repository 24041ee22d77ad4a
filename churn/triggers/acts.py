"""What is done: a mail, a webhook, a coupon, free days, a free stream, a task. Data and checks."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from infra.kernel.bounds import Ask, Id, MoneyAsk
from infra.kernel.errors import Invalid

LANGUAGES_MAX = 30
_LANGUAGE = re.compile(r"[a-z]{2}")
_BLANK = re.compile(r"\{([^{}]*)\}")
BLANKS = ("name", "venue", "plan")
"""What every text may leave to be filled in: {name}, {venue}, {plan}."""


class LetterText(Ask, frozen=True):
    """A mail's words in one language. Blanks such as {name} are filled in for each person."""

    subject: Annotated[str, Meta(min_length=1, max_length=160)]
    body_md: Annotated[str, Meta(min_length=1, max_length=8000, description="Markdown.")]


Texts = Annotated[
    dict[str, LetterText],
    Meta(min_length=1, max_length=LANGUAGES_MAX, description="By language: `en`, `fr` ..."),
]


class Lettered(Ask, frozen=True):
    """An act that writes to the person."""

    texts: Texts

    def blanks(self) -> tuple[str, ...]:
        return BLANKS


class Mail(Lettered, frozen=True, tag="mail"):
    """A mail. `service`: a notice about a running contract, with no advertising in it."""

    service: bool = False


class Coupon(Lettered, frozen=True, tag="coupon"):
    """A personal code that works once, told by mail ({code}, {off}, {until})."""

    percent_bps: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    amount_off: MoneyAsk | None = None
    offer_id: Id | None = None
    valid_days: Annotated[int, Meta(ge=1, le=365)] = 14

    def blanks(self) -> tuple[str, ...]:
        return (*BLANKS, "code", "off", "until")


class FreeDays(Lettered, frozen=True, tag="free_days"):
    """Everything of a season, live and replay, for some days, told by mail ({until})."""

    season_id: Id
    days: Annotated[int, Meta(ge=1, le=90)] = 14

    def blanks(self) -> tuple[str, ...]:
        return (*BLANKS, "until")


class FreeStream(Lettered, frozen=True, tag="free_stream"):
    """One event, live and its replay, told by mail ({event}, {until})."""

    event_id: Id

    def blanks(self) -> tuple[str, ...]:
        return (*BLANKS, "event", "until")


class Webhook(Ask, frozen=True, tag="webhook"):
    """`action.due` to the venue's endpoints, whose own program then acts."""

    note: Annotated[str, Meta(max_length=200)] = ""


class Task(Ask, frozen=True, tag="task"):
    """A line on the venue's task list, for a person to do."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    note: Annotated[str, Meta(max_length=2000)] = ""


Act: TypeAlias = Mail | Coupon | FreeDays | FreeStream | Webhook | Task


def kind_of(act: Act) -> str:
    return str(type(act).__struct_config__.tag)


def stored(act: Act) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(act)
    return plain


def read(raw: dict[str, Any]) -> Act:
    """The act of a row. Whoever wrote it has passed `check`."""
    found: Act = msgspec.convert(raw, Act)
    return found


def is_service(act: Act) -> bool:
    return isinstance(act, Mail) and act.service


def check(act: Act, *, contractual: bool) -> None:
    """Invalid where a text leaves a blank that nobody fills, or advertising calls itself service.

    Prior consent is needed for any mail that promotes something (Directive 2002/58/EC, article
    13(1)); one that tells a subscriber what their contract needs of them promotes nothing. Only a
    plain mail on a contractual occasion can be that: a coupon or a gift is advertising.
    """
    if is_service(act) and not contractual:
        raise Invalid(
            "service",
            "Only a mail about a running subscription is a service notice: an expiring card, a "
            "failed payment, the end of a trial or of a discount. Anything else needs consent.",
        )
    if isinstance(act, Coupon) and (act.percent_bps is None) == (act.amount_off is None):
        raise Invalid("percent_bps", "Give either percent_bps or amount_off.")
    if not isinstance(act, Lettered):
        return
    for language, words in act.texts.items():
        if not _LANGUAGE.fullmatch(language):
            raise Invalid("texts", "Name languages by two letters, such as en and fr.")
        for text in (words.subject, words.body_md):
            strange = set(_BLANK.findall(text)) - set(act.blanks())
            if strange:
                known = ", ".join("{" + name + "}" for name in act.blanks())
                raise Invalid("texts", f"{{{min(strange)[:40]}}} is not filled in. Use {known}.")


def text_for(act: Lettered, *languages: str) -> tuple[str, LetterText]:
    """The words in the first of these languages that there is, else in the first that was made."""
    for language in languages:
        if language in act.texts:
            return language, act.texts[language]
    return next(iter(act.texts.items()))
