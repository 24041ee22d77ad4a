"""Mails in words: an outbox row's plain data becomes subject, text and HTML in one language.

Answers `MailRenderer` of paywall.notices. Each template has one function here that turns its data
into the context its file documents, so a mail that lacks something fails in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from jinja2 import Environment

from infra.kernel.money import Money
from paywall.notices.ports import Rendered
from paywall.pages.i18n import Catalogues, Translator, negotiate

FAR_YEARS = 9
"""An end this far away is none: offers without one are opened for ten years."""


class _Letter(msgspec.Struct, kw_only=True):
    """What differs between mails: the file, its words around the body, and its context."""

    file: str
    subject: str
    why: str
    action: str = ""  # the button's text; its address is data["url"]
    context: dict[str, Any] = {}


class _Reader(msgspec.Struct, kw_only=True):
    """One mail's data with the words of its reader's language."""

    words: Translator
    data: Mapping[str, Any]
    venue: Mapping[str, Any]

    def money(self, name: str) -> Money:
        return Money(self.data[name]["amount"], self.data[name]["currency"])

    def moment(self, name: str) -> datetime | None:
        return datetime.fromisoformat(self.data[name]) if self.data[name] else None


class JinjaMailRenderer:
    """A MailRenderer on the pages' Jinja environment."""

    def __init__(self, environment: Environment, catalogues: Catalogues, public_url: str) -> None:
        self._environment = environment
        self._catalogues = catalogues
        self._public_url = public_url.rstrip("/")

    def render(self, template: str, locale: str, data: Mapping[str, Any]) -> Rendered:
        words = self._catalogues.translator(negotiate(preferred=locale))
        reader = _Reader(words=words, data=data, venue=data["venue"])
        letter = LETTERS[template](reader)
        context = {
            "locale": words,
            "sender": {
                "name": reader.venue["name"], "address": reader.venue["address"],
                "url": self._public_url, "logo_url": None,
            },
            "subject": letter.subject,
            "why": letter.why,
            "action": {"text": letter.action, "url": data["url"]} if letter.action else None,
            "unsubscribe_url": None,
            "tz": reader.venue["timezone"],
            **letter.context,
        }  # fmt: skip
        text = self._environment.get_template(f"mail/{letter.file}.txt").render(context)
        html = self._environment.get_template(f"mail/{letter.file}.html").render(context)
        return Rendered(subject=letter.subject, text=_tidy(text), html=html)


def _tidy(text: str) -> str:
    """No line of blanks only, no more than one empty line in a row."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _login_link(r: _Reader) -> _Letter:
    return _Letter(
        file="login_link", subject=r.words.gettext("Your log-in link"),
        why=r.words.gettext("You get this mail because a log-in link was asked for."),
        action=r.words.gettext("Log in"), context=_asked(r),
    )  # fmt: skip


def _confirm_registration(r: _Reader) -> _Letter:
    return _Letter(
        file="confirm_registration", subject=r.words.gettext("Confirm your address"),
        why=r.words.gettext("You get this mail because an account was begun with your address."),
        action=r.words.gettext("Confirm and log in"), context=_asked(r),
    )  # fmt: skip


def _already_registered(r: _Reader) -> _Letter:
    return _Letter(
        file="already_registered", subject=r.words.gettext("You have an account already"),
        why=r.words.gettext("You get this mail because an account was begun with your address."),
        action=r.words.gettext("Log in"), context=_asked(r),
    )  # fmt: skip


def _asked(r: _Reader) -> dict[str, Any]:
    return {"minutes": r.data["minutes"], "device": r.data["device"]}


def _account_changed(r: _Reader) -> _Letter:
    _ = r.words.gettext
    sentences = {
        "password_set": _("Your password was changed."),
        "passkey_added": _("A passkey was added to your account."),
        "passkey_removed": _("A passkey was removed from your account."),
        "totp_on": _("Codes from an app are asked for when you log in from now on."),
        "totp_off": _("Codes from an app are no longer asked for when you log in."),
        "recovery_codes_renewed": _("New recovery codes were made; the old ones no longer work."),
    }
    what = sentences.get(r.data["what"], _("How you log in was changed."))
    return _Letter(
        file="account_changed", subject=_("Your account was changed"), context={"what": what},
        why=_("You get this mail because it is about the safety of your account."),
    )  # fmt: skip


def _staff_invitation(r: _Reader) -> _Letter:
    _ = r.words.gettext
    roles = {
        "operator": _("operator"), "reviewer": _("reviewer"),
        "installation_finance": _("installation finance"), "owner": _("owner"),
        "manager": _("manager"), "finance": _("finance"), "marketing": _("marketing"),
        "support": _("support"), "box_office": _("box office"), "scanner": _("scanner"),
        "producer": _("producer"),
    }  # fmt: skip
    place = r.data["place"]
    return _Letter(
        file="invitation", subject=_("An invitation to work on %(venue)s") % {"venue": place},
        why=_("You get this mail because somebody wrote your address into an invitation."),
        action=_("Look at the invitation"),
        context={
            "inviter": r.data["inviter"], "venue_name": place,
            "role": roles.get(r.data["role"], r.data["role"]), "until": r.moment("until"),
        },
    )  # fmt: skip


def _receipt(r: _Reader) -> _Letter:
    _ = r.words.gettext
    zone = r.data["timezone"]
    title = r.data["title"] or r.data["offer_name"]
    line = {"name": title, "detail": r.data["offer_name"], "amount": r.money("total")}
    tax = r.money("tax")
    order = {
        "number": r.data["order_id"], "paid_at": r.moment("paid_at"), "lines": [line],
        "discounts": [], "total": r.money("total"),
        "taxes": [{"label": _("VAT"), "amount": tax}] if tax else [],
    }  # fmt: skip
    return _Letter(
        file="receipt", subject=_("Your order: %(title)s") % {"title": title},
        why=_("You get this mail because you bought this."), action=_("Your tickets"),
        context={"order": order, "opens": _opens(r, zone), "tz": zone},
    )  # fmt: skip


def _opens(r: _Reader, zone: str) -> str:
    """One sentence: what the purchase opens, and until when."""
    _ = r.words.gettext
    until, starts, paid = r.moment("opens_until"), r.moment("starts_at"), r.moment("paid_at")
    assert until is not None
    assert paid is not None
    said = {"until": r.words.datetime(until, zone), "when": ""}
    if r.data["offer_kind"] == "stream_ticket" and starts is not None:
        said["when"] = r.words.datetime(starts, zone)
        return _("Your ticket opens the stream on %(when)s, and the replay until %(until)s.") % said
    if until.year - paid.year >= FAR_YEARS:
        return _("It is open to you from now on.")
    return _("It is open to you until %(until)s.") % said


def _refund(r: _Reader) -> _Letter:
    _ = r.words.gettext
    amount = r.money("amount")
    # Ours are said in the reader's language; the venue's own are said as it wrote them.
    reasons = {
        "paid twice": _("It was paid twice."),
        "sold out before the payment came": _(
            "The last place went to somebody else before the payment came."
        ),
    }
    return _Letter(
        file="refund", action=_("Look at the order"),
        subject=_("We are sending %(amount)s back to you") % {"amount": r.words.money(amount)},
        why=_("You get this mail because you bought this."),
        context={
            "amount": amount, "whole": r.data["whole"], "title": r.data["title"],
            "reason": reasons.get(r.data["reason"], r.data["reason"]), "order_number": r.data["order_id"],
        },
    )  # fmt: skip


def _webhook_disabled(r: _Reader) -> _Letter:
    _ = r.words.gettext
    return _Letter(
        file="webhook_disabled", subject=_("A webhook address was switched off"),
        why=_("You get this mail because you are the contact of this venue."),
        context={"url": r.data["url"], "reason": r.data["reason"]},
    )  # fmt: skip


LETTERS: Mapping[str, Callable[[_Reader], _Letter]] = {
    "login_link": _login_link,
    "confirm_registration": _confirm_registration,
    "already_registered": _already_registered,
    "account_changed": _account_changed,
    "staff_invitation": _staff_invitation,
    "receipt": _receipt,
    "refund": _refund,
    "webhook_disabled": _webhook_disabled,
}
"""By template name, as outbox rows carry it."""
