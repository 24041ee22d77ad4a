"""Sentences that pages say of offers, orders and payments, in the reader's language. Pure."""
# ruff: noqa: E501 - sentences stay on one line, as translators see them

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from infra.kernel.money import Money
from offers.quote import Availability
from offers.tables import Offer, OfferKind
from paywall.checkout.shelf import Opens
from paywall.pages.i18n import Translator
from paywall.payments.port import Decline


def kind_name(locale: Translator, kind: OfferKind) -> str:
    names = {
        OfferKind.STREAM_TICKET: locale.gettext("Stream ticket"),
        OfferKind.REPLAY: locale.gettext("Replay"),
        OfferKind.SEASON_PASS: locale.gettext("Season pass"),
    }
    return names[kind]


def opens_text(locale: Translator, offer: Offer, opened: Opens, tz: str) -> str:
    """What a purchase opens and until when, as one or two short sentences."""
    if offer.kind is OfferKind.SEASON_PASS:
        return locale.gettext("Every concert of the season, live and replay, until %(day)s.") % {
            "day": locale.date(opened.until, tz)
        }
    if offer.kind is OfferKind.REPLAY:
        if opened.play_window_s:
            hours = opened.play_window_s // 3600
            return locale.ngettext(
                "The recording, for %(hours)s hour from the first play, until %(when)s at the latest.",
                "The recording, for %(hours)s hours from the first play, until %(when)s at the latest.",
                hours,
            ) % {"hours": hours, "when": locale.datetime(opened.until, tz)}
        return locale.gettext("The recording, as often as you like until %(when)s.") % {
            "when": locale.datetime(opened.until, tz)
        }
    if not opened.replay:
        return locale.gettext("The whole concert live, on one device at a time.")
    return locale.gettext("The concert live, and its replay until %(when)s.") % {
        "when": locale.datetime(opened.until, tz)
    }


def why_not(
    locale: Translator, state: Availability, on_sale_from: datetime | None, tz: str
) -> tuple[str, str]:
    """Title and sentence for an offer that can't be bought now."""
    if state is Availability.NOT_YET and on_sale_from is not None:
        return (
            locale.gettext("Not on sale yet"),
            locale.gettext("The sale opens on %(when)s. Come back then.")
            % {"when": locale.datetime(on_sale_from, tz)},
        )
    if state is Availability.SOLD_OUT:
        return (
            locale.gettext("Sold out"),
            locale.gettext(
                "Every place is taken. Some come back when a payment isn’t finished, within 15 minutes."
            ),
        )
    if state is Availability.OVER:
        return locale.gettext("The sale is over"), locale.gettext("This can’t be bought any more.")
    if state is Availability.NO_PRICE:
        return (
            locale.gettext("No price yet"),
            locale.gettext(
                "There is no price in your currency. Choose another at the top of the page."
            ),
        )
    return locale.gettext("Not on sale at the moment"), locale.gettext(
        "The hall has paused the sale."
    )


def decline_text(locale: Translator, decline: Decline | None) -> str:
    """Why the bank said no, and what may help. Never more than the bank told."""
    texts = {
        Decline.CARD_DECLINED: locale.gettext(
            "Your bank turned the card down and gave no reason. It can tell you more, or another card may work."
        ),
        Decline.INSUFFICIENT_FUNDS: locale.gettext(
            "There isn’t enough money on this card for the payment. Use another one."
        ),
        Decline.AUTHENTICATION_FAILED: locale.gettext(
            "Your bank couldn’t confirm that it is you. Try again and approve the payment in its app."
        ),
        Decline.EXPIRED_CARD: locale.gettext("This card has expired. Use another one."),
        Decline.INCORRECT_CVC: locale.gettext(
            "The security code wasn’t right. It is on the back of the card, or on the front of some."
        ),
        Decline.FRAUD_SUSPECTED: locale.gettext(
            "Your bank stopped this payment to protect you. Call it, or use another card."
        ),
        Decline.METHOD_UNAVAILABLE: locale.gettext(
            "This way to pay doesn’t work right now. Choose another one."
        ),
        Decline.ABANDONED: locale.gettext("The payment wasn’t finished in time."),
    }
    other = locale.gettext("The payment was refused. Try again, or use another card.")
    return texts.get(decline, other) if decline is not None else other


def tax_label(locale: Translator, bps: int) -> str:
    """VAT with its rate; a venue that charges none has no tax line at all."""
    rate = locale.number(_percent(bps))
    return locale.gettext("VAT %(rate)s %%") % {"rate": rate}


def _percent(bps: int) -> int | Decimal:
    return bps // 100 if bps % 100 == 0 else Decimal(bps) / 100


def line_detail(locale: Translator, quantity: int, unit: Money) -> str:
    if quantity == 1:
        return ""
    return f"{quantity} × {locale.money(unit)}"
