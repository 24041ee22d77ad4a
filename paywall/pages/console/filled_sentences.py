"""Sentences of use cases that hold facts (a name, a number), in the reader's language.

The domain speaks English and fills its sentences in; here the filled text is matched against its
general form, and the facts go into the translation. A test holds each form to who says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from infra.kernel.errors import Problem
from paywall.pages.console import words
from paywall.pages.console.feature_words import MEANINGS, meaning
from paywall.pages.console.nav import N_
from paywall.pages.i18n import Translator

FORMS = (
    # catalogue
    N_("%(name)s starts later. Move starts_at, or the season."),
    N_("%(name)s ends earlier. Move ends_at, or the season."),
    N_("The address %(slug)s is in use. Choose another."),
    N_("The event can last at most %(days)s days: move ends_at earlier."),
    N_("The season can last at most %(days)s days: move ends_at earlier."),
    N_("%(name)s is live; only a test-mode venue's clock can be moved."),
    N_("%(id)s is %(state)s; it can't become %(target)s."),
    # offers and coupons
    N_("This can't go on sale yet. %(todo)s"),
    N_("An offer has at most %(count)s prices. Make a new offer."),
    N_("The code %(code)s exists. Choose another."),
    N_("It was used %(count)s times already. Choose as many."),
    # money
    N_("Use a number between 0 and %(count)s."),
    N_("List at most %(count)s; leave it empty for all."),
    N_("%(code)s is no code of %(count)s capital letters."),
    N_("This order is %(state)s; there is nothing to give back."),
    N_("This order was paid in %(currency)s."),
    N_("Give back between %(least)s and %(left)s %(currency)s."),
    N_("This stays closed: %(why)s."),
    # people and keys
    N_("Your role can't take the role %(role)s away."),
    N_("Your role can't give the role %(role)s here."),
    N_("This is the venue's last %(role)s. Name another one first."),
    N_("This is the installation's last %(role)s. Name another one first."),
    N_("A key can't have %(scope)s; possible are %(known)s."),
    N_("You can't give %(scope)s: your own role lacks it."),
    N_("A venue has at most %(count)s keys. Revoke one first."),
    N_("Your role does not include %(scope)s. Ask an owner of the venue for it."),
    # actions
    N_("A venue has %(count)s actions at most; end one first."),
    N_("{%(blank)s} is not filled in. Use %(known)s."),
    N_("At most %(count)s conditions, nested %(depth)s deep. Leave some out."),
    N_("%(name)s is no feature. See the list of features."),
    N_("%(feature)s can't be compared with %(kind)s."),
    N_("%(feature)s is a word: it is the same or it is another."),
    N_("%(feature)s: give a number."),
    N_("Choose one of %(names)s."),
    N_("Give a number from %(low)s to %(high)s."),
    # webhooks
    N_("A venue has %(count)s webhook endpoints at most; remove one first."),
    N_("Not known: %(kinds)s. See docs/webhooks.md."),
)
WHY = (
    N_("the order is %(state)s"),
    N_("its access was stopped"),
    N_("its payment is disputed"),
    N_("its money could not be collected"),
    N_("its money is on its way back"),
)
KINDS = {"words": N_("words"), "numbers": N_("numbers")}
"""What a condition compares a feature with."""
_PLACE = re.compile(r"%\((\w+)\)s")


def _matcher(form: str) -> re.Pattern[str]:
    parts = _PLACE.split(form)
    fixed = [re.escape(part) for part in parts[::2]]
    facts = [f"(?P<{name}>.+)" for name in parts[1::2]] + [""]
    return re.compile("".join(a + b for a, b in zip(fixed, facts, strict=True)), re.DOTALL)


_MATCHERS = {form: _matcher(form) for form in FORMS}
_WHYS = {form: _matcher(form) for form in WHY}


def in_words_of(locale: Translator, problem: Problem) -> str:
    """The problem's sentence translated, or as it was written where no form fits it."""
    missing = problem.extra.get("missing") or []
    spoken = _filled(locale, problem.detail, _MATCHERS, missing)
    return locale.gettext(problem.detail) if spoken is None else spoken


def _filled(
    locale: Translator, text: str, forms: Mapping[str, re.Pattern[str]], missing: list[str]
) -> str | None:
    for form, matcher in forms.items():
        found = matcher.fullmatch(text)
        if found is not None:
            told = found.groupdict()
            facts = {name: _fact(locale, name, told[name], missing) for name in told}
            return locale.gettext(form) % facts
    return None


def _fact(locale: Translator, name: str, value: str, missing: list[str]) -> str:
    """A fact that is a word of ours is translated too; a name or number stays."""
    speak: dict[str, Callable[[str], str]] = {
        "state": lambda state: words.state_text(locale, state).lower(),
        "target": lambda state: words.state_text(locale, state).lower(),
        "role": lambda role: locale.gettext(words.ROLES.get(role, role)).lower(),
        "feature": lambda name: meaning(locale, name) if name in MEANINGS else name,
        "kind": lambda kind: locale.gettext(KINDS.get(kind, kind)),
        "why": lambda why: _filled(locale, why, _WHYS, []) or locale.gettext(why),
        "todo": lambda todo: " ".join(locale.gettext(one) for one in missing) or todo,
    }
    return speak[name](value) if name in speak else value
