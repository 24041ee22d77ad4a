"""Mails about a customer's request: it arrived, it was answered, how did it go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from markupsafe import Markup

from paywall.catalogue import prose
from paywall.pages.i18n import Translator
from paywall.pages.letter import Data, Letter


def said_html(text: str) -> Markup:
    """An agent's or the bot's words: Markdown in which a line's end is a line's end."""
    return Markup(prose.html(text.replace("\n", "  \n")))  # noqa: S704 - nh3 cleaned it


def _received(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    by = (
        t.datetime(datetime.fromisoformat(data["by"]), data["venue"]["timezone"])
        if data["by"]
        else ""
    )
    return Letter(
        layout="case_received",
        subject=_("We have your message: %(subject)s") % {"subject": data["subject"]}
        + f" {data['tag']}",
        why=_("You get this mail because you asked us for help."),
        action=(_("Open my request"), data["url"]),
        extra={
            "by": by,
            "answerable": data["answerable"],
            "tag": data["tag"],
            "articles": data["articles"],
            "judge_url": data["judge_url"],
        },
    )


def _answer(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return _said(data, t, "case_answer", (_("This did not help"), data["judge_url"]))


def _reply(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return _said(data, t, "case_reply", (_("Open my request"), data["url"]))


def _said(data: Data, t: Translator, layout: str, action: tuple[str, str]) -> Letter:
    """What the assistant or an agent answered."""
    return Letter(
        layout=layout,
        subject=f"Re: {data['subject']} {data['tag']}",
        why=t.gettext("You get this mail because you asked us for help."),
        action=action,
        extra={
            "words": data["text"],
            "said": said_html(data["text"]),
            "article": data.get("article", []),
            "answerable": data["answerable"],
            "tag": data["tag"],
            "heading": data["subject"],
        },
    )


def _rating(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="case_rating",
        subject=_("Did we help you?") + f" {data['tag']}",
        why=_("You get this mail because you asked us for help."),
        action=(_("Say how it went"), data["url"]),
        extra={"about": data["subject"], "answerable": data["answerable"], "tag": data["tag"]},
    )


CASE_LETTERS: Mapping[str, Callable[[Data, Translator], Letter]] = {
    "case_received": _received,
    "case_answer": _answer,
    "case_reply": _reply,
    "case_rating": _rating,
}
