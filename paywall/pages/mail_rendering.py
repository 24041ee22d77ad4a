"""Mails in the reader's language: from an outbox row's template and data to subject, text, HTML.

Each template has one function that says its subject, its one action and its words; the layouts
are in templates/mail. A reader without a language of their own gets the venue's, else English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment

from infra.kernel.money import Money
from paywall.checkout.order_number import short_number
from paywall.notices.ports import Rendered
from paywall.pages.action_letters import ACTION_LETTERS
from paywall.pages.case_letters import CASE_LETTERS
from paywall.pages.i18n import CONSOLE_LANGUAGES, SOURCE_LANGUAGE, Catalogues, Translator
from paywall.pages.letter import Data, Letter
from paywall.pages.staff_letters import STAFF_LETTERS


class PageMailRenderer:
    """Implements the notices' MailRenderer with the pages' templates and catalogues."""

    def __init__(self, environment: Environment, catalogues: Catalogues) -> None:
        self._environment = environment
        self._catalogues = catalogues

    def render(self, template: str, locale: str, data: Data) -> Rendered:
        """Subject, text and HTML of a mail; `data["venue"]` says who writes."""
        venue = data["venue"]
        if template in STAFF_LETTERS and locale not in CONSOLE_LANGUAGES:
            locale = SOURCE_LANGUAGE
        translator = self._catalogues.translator(locale or SOURCE_LANGUAGE)
        letter = LETTERS[template](data, translator)
        action = letter.action
        context = {
            "locale": translator,
            "sender": SimpleNamespace(
                name=venue["name"], url="", logo_url=None, address=venue["contact_email"]
            ),
            "subject": letter.subject,
            "why": letter.why,
            "action": SimpleNamespace(text=action[0], url=action[1]) if action else None,
            "unsubscribe_url": None,
            **letter.extra,
        }
        html = self._environment.get_template(f"mail/{letter.layout}.html").render(context)
        text = self._environment.get_template(f"mail/{letter.layout}.txt").render(context)
        return Rendered(subject=letter.subject, text=text, html=html)


def _money(view: Mapping[str, Any]) -> Money:
    return Money(view["amount"], view["currency"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _login_link(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="login_link",
        subject=_("Your log-in button"),
        why=_("You get this mail because a log-in was asked for with your address."),
        action=(_("Log in"), data["url"]),
        extra={"minutes": data["minutes"], "device": data["device"]},
    )


def _proof(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="proof",
        subject=_("Confirm your address"),
        why=_("You get this mail because an account was begun with your address."),
        action=(_("Confirm my address"), data["url"]),
        extra={"minutes": data["minutes"], "device": data["device"]},
    )


def _already_registered(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    return Letter(
        layout="already_registered",
        subject=_("You already have an account"),
        why=_("You get this mail because an account was begun with your address."),
        action=(_("Log in"), data["url"]),
        extra={"minutes": data["minutes"], "device": data["device"]},
    )


def _account_changed(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    sentences = {
        "password_set": _("Your password was changed."),
        "passkey_added": _("A passkey was added to your account."),
        "passkey_removed": _("A passkey was removed from your account."),
        "totp_on": _("An authenticator app was added to your account."),
        "totp_off": _("The authenticator app was removed from your account."),
        "recovery_codes_renewed": _("New recovery codes were made for your account."),
    }
    sentence = sentences.get(data["what"], _("The way you log in was changed."))
    return Letter(
        layout="account_changed",
        subject=sentence.rstrip("."),
        why=_("You get this mail because the way you log in was changed."),
        extra={"sentence": sentence},
    )


def opens_sentence(data: Data, t: Translator) -> str:
    """What was bought and until when it opens, with the place's time."""
    _ = t.gettext
    zone = data["timezone"]
    until = t.datetime(_moment(data["opens_until"]), zone)
    match data["offer_kind"]:
        case "season_pass":
            return _("Every concert of the season, live and replay, until %(until)s.") % {
                "until": until
            }
        case "replay":
            return _("The replay, from your first play, until %(until)s at the latest.") % {
                "until": until
            }
        case _:
            starts = t.datetime(_moment(data["starts_at"]), zone)
            return _("Live on %(starts)s, and everything it opens until %(until)s.") % {
                "starts": starts,
                "until": until,
            }


def _receipt(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    total, tax = _money(data["total"]), _money(data["tax"])
    taxes = []
    if tax.minor:
        taxes.append(SimpleNamespace(label=_("VAT"), amount=tax))
    line = SimpleNamespace(name=data["title"], detail=data["offer_name"], amount=total)
    return Letter(
        layout="receipt",
        subject=_("Your ticket for %(title)s") % {"title": data["title"]},
        why=_("You get this mail because you bought something. The receipt is attached."),
        action=(_("Open my ticket"), data["url"]),
        extra={
            "order": SimpleNamespace(
                number=short_number(data["order_id"]),
                paid_at=_moment(data["paid_at"]),
                lines=[line],
                discounts=[],
                taxes=taxes,
                total=total,
            ),
            "opens": opens_sentence(data, t),
            "tz": data["timezone"],
        },
    )


def _refund(data: Data, t: Translator) -> Letter:
    _ = t.gettext
    amount = _money(data["amount"])
    closing = _("What it opened is closed.") if data["whole"] else _("What you bought stays open.")
    return Letter(
        layout="refund",
        subject=_("%(amount)s go back to you") % {"amount": t.money(amount)},
        why=_("You get this mail because a payment of yours was given back."),
        action=(_("See the order"), data["url"]),
        extra={
            "title": data["title"],
            "amount": amount,
            "closing": closing,
            "order_number": short_number(data["order_id"]),
        },
    )


LETTERS: Mapping[str, Callable[[Data, Translator], Letter]] = {
    "login_link": _login_link,
    "proof": _proof,
    "already_registered": _already_registered,
    "account_changed": _account_changed,
    **STAFF_LETTERS,
    **CASE_LETTERS,
    **ACTION_LETTERS,
    "receipt": _receipt,
    "refund": _refund,
}
"""Every template name that a use case may enqueue."""
