"""Mails of a venue's actions: the venue's own words, filled in and made safe, in our layout."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from infra.kernel.money import Money
from paywall.catalogue import prose
from paywall.mailings.clicks import led_through
from paywall.notices.kinds import NEWS, NOTICE
from paywall.pages.i18n import Translator
from paywall.pages.letter import Data, Letter


def _action_news(data: Data, t: Translator) -> Letter:
    why = t.gettext("You get this mail because you agreed to news from %(venue)s.")
    return _letter(data, t, why)


def _action_notice(data: Data, t: Translator) -> Letter:
    why = t.gettext("You get this mail because it concerns your subscription at %(venue)s.")
    return _letter(data, t, why)


def _letter(data: Data, t: Translator, why: str) -> Letter:
    venue = data["blanks"]["venue"]
    words = blanks_in_words(data["blanks"], t)
    url = data.get("unsubscribe_url") or None
    links, onward = data.get("links", {}), data["url"]
    return Letter(
        layout="action",
        subject=_one_line(filled(data["subject"], words)),
        why=why % {"venue": venue},
        action=(
            t.gettext("Go to %(venue)s") % {"venue": venue},
            links.get(onward, onward),
        ),
        extra={
            "text": filled(data["body_md"], words),
            "html": Markup(  # noqa: S704 - prose.html's
                led_through(filled_html(data["body_md"], words), links)
            ),
            "unsubscribe_url": url,
        },
    )


def blanks_in_words(blanks: Mapping[str, Any], t: Translator) -> dict[str, str]:
    """Dates, amounts and percentages in the reader's manner; the rest as it is."""
    words = {name: str(value) for name, value in blanks.items() if isinstance(value, str)}
    if until := blanks.get("until"):
        words["until"] = t.datetime(datetime.fromisoformat(until), blanks["timezone"])
    off = blanks.get("off")
    if off is not None and "percent_bps" in off:
        words["off"] = t.percent(Decimal(off["percent_bps"]) / 10_000)
    elif off is not None:
        words["off"] = t.money(Money(off["amount"], off["currency"]))
    return words


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its blanks filled; a name that isn't known takes its space along."""
    for name, value in words.items():
        if not value:
            text = text.replace(" {" + name + "}", "")
        text = text.replace("{" + name + "}", value)
    return text


def filled_html(body_md: str, words: Mapping[str, str]) -> str:
    """Rendered and made safe first, filled afterwards: a person's name is never markup."""
    return filled(prose.html(body_md), {name: html.escape(value) for name, value in words.items()})


def _one_line(text: str) -> str:
    return " ".join(text.split())


ACTION_LETTERS: Mapping[str, Callable[[Data, Translator], Letter]] = {
    NEWS: _action_news,
    NOTICE: _action_notice,
}
