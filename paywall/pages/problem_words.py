"""Errors in the reader's language: a title for each kind, and the sentence for known codes. Pure."""
# ruff: noqa: E501 - sentences stay on one line, as translators see them

from __future__ import annotations

from infra.kernel.away import DatabaseAway
from infra.kernel.errors import Problem, TooMany
from paywall.pages.i18n import Translator


def title_of(locale: Translator, status: int) -> str:
    titles = {
        401: locale.gettext("Log in first"),
        402: locale.gettext("This has to be bought first"),
        403: locale.gettext("This isn’t open to you"),
        404: locale.gettext("This page isn’t here"),
        405: locale.gettext("This page isn’t here"),
        409: locale.gettext("Something has changed meanwhile"),
        410: locale.gettext("This has run out"),
        413: locale.gettext("That was too much at once"),
        422: locale.gettext("Something isn’t right yet"),
        429: locale.gettext("Too many tries"),
        500: locale.gettext("Something broke on our side"),
        503: locale.gettext("Not available right now"),
    }
    return titles.get(status, locale.gettext("This can’t be done"))


def detail_of(locale: Translator, problem: Problem) -> str:
    """The sentence of a problem. One without a translation is given as it was written."""
    if isinstance(problem, TooMany):
        minutes = max(1, -(-problem.retry_after_s // 60))
        return locale.ngettext(
            "Wait %(minutes)s minute, then try again.",
            "Wait %(minutes)s minutes, then try again.",
            minutes,
        ) % {"minutes": minutes}
    if isinstance(problem, DatabaseAway):
        return locale.gettext("This is our mistake, and it has been noted. Try again in a minute.")
    texts = {
        "not_found": locale.gettext("The address is wrong, or what was here has moved."),
        "price_changed": locale.gettext(
            "The price has changed since this page was opened. Look at the new total, then go on."
        ),
        "sold_out": locale.gettext("The last place has just gone to somebody else."),
        "event_cancelled": locale.gettext("This concert has been cancelled."),
        "sale_over": locale.gettext("This can’t be bought any more."),
        "not_yet_on_sale": locale.gettext("This is not on sale yet."),
        "paused": locale.gettext("The hall has paused the sale."),
        "no_payment_account": locale.gettext(
            "This hall can’t take payments in this currency from your country yet. Choose another currency at the top of the page, or write to the hall."
        ),
        "order_closed": locale.gettext(
            "Your place was kept for 15 minutes, and they are over. You weren’t charged: start the purchase again."
        ),
        "cross_site": locale.gettext(
            "This form came from another site. Open our page and try again."
        ),
    }
    if problem.code == "coupon_refused":
        return _coupon(locale, problem.detail)
    texts |= _of_logging_in(locale)
    return texts.get(problem.code) or _as_said(locale, problem.detail)


def _of_logging_in(locale: Translator) -> dict[str, str]:
    return {
        "link_spent": locale.gettext(
            "A log-in link works once and for 15 minutes. Ask for a new one, it takes a few seconds."
        ),
        "wrong_credentials": locale.gettext(
            "The address or the password isn’t right. You can have a log-in button mailed instead."
        ),
        "password_short": locale.gettext(
            "Use at least 10 characters; four unrelated words are easy to remember."
        ),
        "password_long": locale.gettext("Use at most 256 characters."),
        "password_common": locale.gettext(
            "This password is among the first that anyone would try. Use four unrelated words, or let your browser suggest one."
        ),
        "fresh_check_needed": locale.gettext(
            "Log in again to show that it is you, then repeat this."
        ),
        "code_needed": locale.gettext("Add the code from your authenticator app."),
        "wrong_code": locale.gettext("The code isn’t right."),
        "code_used": locale.gettext("This code was used already. Wait for the next one."),
        "address_not_proven": locale.gettext(
            "Prove your address first: open the button that we mail to it."
        ),
        "factor_needed": locale.gettext("Confirm with your passkey or authenticator code."),
        "passkey_refused": locale.gettext("The passkey couldn’t be verified. Start again."),
        "passkey_taken": locale.gettext("This passkey is in use already."),
        "ceremony_over": locale.gettext("This took too long or was answered already. Start again."),
        "continuation_over": locale.gettext(
            "Log in again: the code was waited for 5 minutes, or your password has changed."
        ),
    }


def _as_said(locale: Translator, detail: str) -> str:
    """Sentences of use cases that have no code of their own."""
    texts = {
        "Write a mail address such as name@example.org.": locale.gettext(
            "Write a mail address such as name@example.org."
        ),
        "Use at most 120 characters.": locale.gettext("Use at most 120 characters."),
        "The password has just been changed. Sign in again.": locale.gettext(
            "The password has just been changed. Log in again."
        ),
    }
    return texts.get(detail, detail)


_IN_CURRENCY = "This code is for payments in "


def _coupon(locale: Translator, detail: str) -> str:
    if detail.startswith(_IN_CURRENCY):
        currency = detail.removeprefix(_IN_CURRENCY).rstrip(".")
        return locale.gettext("This code is for payments in %(currency)s.") % {"currency": currency}
    texts = {
        "There is no such code. Check for a typing mistake.": locale.gettext(
            "There is no such code. Check for a typing mistake."
        ),
        "This code has been withdrawn.": locale.gettext("This code has been withdrawn."),
        "This code is not valid yet.": locale.gettext("This code is not valid yet."),
        "This code has expired.": locale.gettext("This code has expired."),
        "This code is for another offer.": locale.gettext("This code is for another offer."),
        "This code has been used up.": locale.gettext("This code has been used up."),
        "You have already used this code.": locale.gettext("You have already used this code."),
    }
    return texts.get(detail, detail)
