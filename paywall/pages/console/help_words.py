"""States of help articles in people's words, and the names of languages. Pure."""

from __future__ import annotations

from paywall.bridges.help_editing import Entry
from paywall.pages.console.desk import Desk
from paywall.pages.i18n import NAMES
from support_bot.languages import LANGUAGES


def states(one: Entry) -> list[str]:
    """Every state that a filter finds the article under."""
    found = ["hidden"] if one.hidden else []
    if one.drafts:
        found.append("draft")
    if one.own:
        found.append("changed" if one.ships else "own")
    elif not one.ships:
        found.append("own")
    if one.ships and not one.own:
        found.append("shipped")
    return found


def state_of(desk: Desk, one: Entry) -> tuple[str, str]:
    """What the list says of it, and in which tone."""
    _ = desk.gettext
    if one.hidden:
        return _("Hidden"), "bad"
    if not one.languages:
        return _("Draft"), "plain"
    if one.drafts:
        return _("Draft waits"), "warn"
    if not one.ships:
        return _("Your own"), "good"
    return (_("Changed by you"), "good") if one.own else (_("As shipped"), "plain")


def state_options(desk: Desk) -> list[tuple[str, str]]:
    _ = desk.gettext
    return [
        ("", _("All")),
        ("shipped", _("As shipped")),
        ("changed", _("Changed by you")),
        ("own", _("Your own")),
        ("draft", _("Draft waits")),
        ("hidden", _("Hidden")),
    ]


def language_options() -> list[tuple[str, str]]:
    """Codes and the languages' own names, in the order of the names."""
    return sorted(((one, NAMES[one]) for one in LANGUAGES), key=lambda pair: pair[1].casefold())
