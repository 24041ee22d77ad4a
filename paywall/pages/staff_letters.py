"""Mails to people who work at a venue: in the languages of the console, English and French."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from paywall.pages.i18n import Translator
from paywall.pages.letter import Data, Letter


def _invitation(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    place = data["venue_name"] or data["venue"]["name"]
    return Letter(
        layout="invitation",
        subject=_("You are invited to work on %(place)s") % {"place": place},
        why=_("You get this mail because somebody there entered your address."),
        action=(_("Accept the invitation"), data["url"]),
        extra={
            "inviter": data["inviter"],
            "role": role_name(data["role"], t),
            "venue_name": place,
            "until": datetime.fromisoformat(data["until"]),
            "tz": data["tz"] or "UTC",
        },
    )


def role_name(role: str, t: Translator) -> str:
    """A role in the reader's language."""
    _ = t.gettext
    return {
        "operator": _("operator"),
        "reviewer": _("reviewer"),
        "installation_finance": _("finance of the installation"),
        "owner": _("owner"),
        "manager": _("manager"),
        "finance": _("finance"),
        "marketing": _("marketing"),
        "support": _("support"),
        "box_office": _("box office"),
        "scanner": _("scanner"),
        "producer": _("producer"),
    }.get(role, role)


def _webhook_disabled(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="webhook_disabled",
        subject=_("A webhook of yours was switched off"),
        why=_("You get this mail because you are the venue’s contact."),
        extra={"address": data["url"], "reason": data["reason"]},
    )


def _question_spike(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="question_spike",
        subject=_("Many people ask about the same thing: %(topic)s") % {"topic": data["topic"]},
        why=_("You get this mail because you are the venue’s contact."),
        extra={
            "topic": data["topic"],
            "questions": data["questions"],
            "minutes": data["minutes"],
            "event_name": data["event_name"],
        },
    )


def _late(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    numbers = {"number": data["number"]}
    subject = (
        _("Case %(number)s waits for an answer") if data["what"] == "reply"
        else _("Case %(number)s is not solved yet")
    ) % numbers  # fmt: skip
    return Letter(
        layout="case_late",
        subject=subject,
        why=_("You get this mail because you answer the venue’s customers."),
        action=(_("Open the case"), data["url"]),
        extra={
            "about": data["subject"],
            "live": data["live"],
            "due": t.datetime(datetime.fromisoformat(data["due_at"]), data["timezone"]),
        },
    )


STAFF_LETTERS: Mapping[str, Callable[[Data, Translator], Letter]] = {
    "invitation": _invitation,
    "webhook_disabled": _webhook_disabled,
    "question_spike": _question_spike,
    "case_late": _late,
}
