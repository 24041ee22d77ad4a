"""Marks for sentences of the conversation; they are said through the port Wording. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def N_(message: str) -> str:
    """Marks a sentence for the catalogues."""
    return message


NOTHING = N_("There is nothing here that I can do.")

ACT_LABELS: Mapping[str, str] = {
    "why_cant_i_watch": N_("Check what I can watch"),
    "resend_ticket": N_("Mail my ticket again"),
    "resend_receipt": N_("Mail my receipt again"),
    "refund": N_("See what I can give back"),
    "end_session": N_("See my other devices"),
    "change_language": N_("Change my language"),
    "change_consent": N_("Change news by mail"),
}
"""The button that shows an act's previews, by the act's name."""
