"""Why a training was taken up or refused: the engine's sentences in the reader's language."""

from __future__ import annotations

import re
from decimal import Decimal

from paywall.pages.console.nav import N_
from paywall.pages.i18n import Translator

BY_HAND = N_("Used by hand.")
_SENTENCES = (
    N_("Out-of-fold precision holds."),
    N_("Nothing new to learn."),
    N_("Gone back by hand."),
    N_("It no longer reaches a precision of %(a)s."),
    N_("It would answer %(a)s directly instead of %(b)s."),
    N_("Its accuracy would fall from %(a)s to %(b)s."),
    N_("Of %(a)s known questions it would settle %(b)s instead of %(c)s."),
    N_("Of %(a)s known questions it would find the article of %(b)s instead of %(c)s."),
)
_PLACE = re.compile(r"%\\\((\w)\\\)s")
_FORMS = tuple(
    (re.compile(_PLACE.sub(r"(?P<\1>\\d+(?:\\.\\d+)?%?)", re.escape(sentence))), sentence)
    for sentence in _SENTENCES
)


def in_words(locale: Translator, why: str) -> str:
    """A report's sentence, translated; one that is not known stays as it was written."""
    by_hand, _, rest = why.partition(f"{BY_HAND} ")
    if rest and not by_hand:
        return f"{locale.gettext(BY_HAND)} {in_words(locale, rest)}"
    for form, sentence in _FORMS:
        found = form.fullmatch(why)
        if found:
            numbers = {name: _number(locale, text) for name, text in found.groupdict().items()}
            return locale.gettext(sentence) % numbers
    return why


def _number(locale: Translator, text: str) -> str:
    if text.endswith("%"):
        return locale.percent(Decimal(text[:-1]) / 100)
    return locale.number(Decimal(text))
