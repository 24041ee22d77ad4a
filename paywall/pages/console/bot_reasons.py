"""Why a training was taken up or refused, in sentences."""

from __future__ import annotations

from decimal import Decimal

from paywall.pages.console.nav import N_
from paywall.pages.i18n import Translator
from support_bot.training_reason import Reason, Why

SENTENCES = {
    Reason.HOLDS: N_("The precision holds on questions that it had not learned."),
    Reason.NOTHING_NEW: N_("Nothing new to learn."),
    Reason.BACK: N_("Gone back by hand."),
    Reason.NOT_PRECISE: N_("It no longer reaches a precision of %(a)s."),
    Reason.ANSWERS_LESS: N_("It would answer %(a)s directly instead of %(b)s."),
    Reason.LESS_ACCURATE: N_("Its accuracy would fall from %(a)s to %(b)s."),
    Reason.SETTLES_LESS: N_("Of %(a)s known questions it would settle %(b)s instead of %(c)s."),
    Reason.FINDS_LESS: N_(
        "Of %(a)s known questions it would find the article of %(b)s instead of %(c)s."
    ),
}
_COUNTS = {Reason.SETTLES_LESS, Reason.FINDS_LESS}


def in_words(locale: Translator, why: Why) -> str:
    """One sentence or two in the reader's language."""
    _ = locale.gettext
    say = locale.number if why.reason in _COUNTS else locale.percent
    numbers = (say(round(Decimal(str(one)), 3)) for one in why.numbers)
    said = _(SENTENCES[why.reason]) % dict(zip("abc", numbers, strict=False))
    by_hand = _("Used by hand.")
    return f"{by_hand} {said}" if why.by_hand else said
