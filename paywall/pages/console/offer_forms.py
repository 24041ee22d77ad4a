"""The forms of offers: what each kind asks, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.kernel.errors import Invalid
from infra.kernel.ids import new_id
from offers import sale
from offers.tables import Offer, OfferKind, OfferState, Pool
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.forms import Form, Input
from paywall.pages.console.nav import N_
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed, ask, hours_text, local_text, needed

CURRENCIES = ("EUR", "GBP", "USD", "CAD", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "AUD")


def currency_options(desk: Desk) -> list[tuple[str, str]]:
    codes = sorted({*CURRENCIES, desk.venue.currency})
    codes.sort(key=lambda code: code != desk.venue.currency)
    return [(code, f"{code} – {desk.locale.currency_name(code)}") for code in codes]


def trail(desk: Desk) -> list[Link]:
    return [Link(desk.gettext("Offers"), desk.url("/offers"))]


def _terms(desk: Desk, kind: OfferKind) -> list[Input]:
    _ = desk.gettext
    if kind is OfferKind.STREAM_TICKET:
        return [
            Input(
                "replay_h", _("Replay after the end, hours"), "number",
                hint=_("How long a ticket also opens the replay. 0: live only."),
            )
        ]  # fmt: skip
    if kind is OfferKind.REPLAY:
        return [
            Input(
                "play_h", _("Open from the first play, hours"), "number", required=True,
                hint=_("48 gives two days from the moment somebody presses play."),
            ),
            Input(
                "hard_end_at", _("Closes for everybody"), "moment", required=True,
                hint=_("Whatever was played by then."),
            ),
        ]  # fmt: skip
    return []


def _sale(desk: Desk) -> list[Input]:
    _ = desk.gettext
    return [
        Input(
            "capacity", _("Places"), "number", hint=_("Empty: no limit. Never sold beyond it."),
            group=_("How it is sold"),
        ),
        Input("max_per_order", _("At most in one order"), "number"),
        Input("on_sale_from", _("On sale from"), "moment", hint=_("Empty: at once.")),
        Input("on_sale_until", _("On sale until"), "moment"),
    ]  # fmt: skip


def _prices(desk: Desk, kind: OfferKind) -> list[Input]:
    _ = desk.gettext
    later = (
        _("Lower price from mid-season")
        if kind is OfferKind.SEASON_PASS
        else _("Another price later")
    )
    return [
        Input(
            "currency", _("Currency"), "select", options=currency_options(desk), group=_("Price")
        ),
        Input("amount", _("Price"), "amount", hint=_("With tax, such as 12.00.")),
        Input("then_amount", later, "amount", hint=_("Optional. It replaces the price above.")),
        Input("then_from", _("That price holds from"), "moment"),
    ]


def new_form(
    desk: Desk, kind: OfferKind, scopes: Sequence[tuple[str, str]], scope_id: str, name: str
) -> Form:
    """A new offer of this kind. `scopes`: what it may be for, (id, name)."""
    _ = desk.gettext
    for_what = _("Season") if kind is OfferKind.SEASON_PASS else _("Event")
    leads = {
        OfferKind.STREAM_TICKET: _("Opens the live picture of one event, and its replay after it."),
        OfferKind.REPLAY: _("Opens the recording of one event for some hours."),
        OfferKind.SEASON_PASS: _("Opens every event of a season, live and replay, until it ends."),
    }
    return Form(
        section="offers",
        title=_(words.OFFER_KINDS[kind.value]),
        lead=leads[kind],
        action=desk.url("/offers/new", kind=kind.value),
        submit=_("Create the offer"),
        inputs=[
            Input("scope_id", for_what, "select", options=scopes, required=True),
            Input("name", _("Name"), required=True, attrs={"maxlength": "160"}),
            *_terms(desk, kind),
            *_prices(desk, kind),
            *_sale(desk),
            Input("about_md", _("About"), "textarea", hint=_("Markdown. Shown where it is sold.")),
        ],
        values={
            "scope_id": scope_id,
            "name": name,
            "currency": desk.venue.currency,
            "max_per_order": "1",
            "replay_h": "48",
            "play_h": "48",
        },
        hidden={"form_id": new_id("ofr")},
        draft=f"{desk.venue.id}-offer-{kind.value}",
        trail=trail(desk),
    )


def edit_form(desk: Desk, offer: Offer, pool: Pool | None) -> Form:
    """What may still change; what a ticket opens only while it is a draft."""
    _, zone = desk.gettext, desk.venue.timezone
    terms = _terms(desk, offer.kind) if offer.state is OfferState.DRAFT else []
    capacity = pool.capacity if pool is not None else None
    return Form(
        section="offers",
        title=_("Change the offer"),
        action=desk.url(f"/offers/{offer.id}/edit"),
        submit=_("Save the offer"),
        inputs=[
            Input("name", _("Name"), required=True, attrs={"maxlength": "160"}),
            *terms,
            *_sale(desk),
            Input("about_md", _("About"), "textarea", hint=_("Markdown. Shown where it is sold.")),
        ],
        values={
            "name": offer.name,
            "about_md": offer.about_md,
            "replay_h": hours_text(offer.replay_window_s),
            "play_h": hours_text(offer.play_window_s),
            "hard_end_at": local_text(offer.hard_end_at, zone),
            "capacity": "" if capacity is None else str(capacity),
            "max_per_order": str(offer.max_per_order),
            "on_sale_from": local_text(offer.on_sale_from, zone),
            "on_sale_until": local_text(offer.on_sale_until, zone),
        },
        hidden={"version": str(offer.version)},
        draft=f"{offer.id}-{offer.version}",
        trail=[*trail(desk), Link(offer.name, desk.url(f"/offers/{offer.id}"))],
    )


def _asked(desk: Desk, typed: Typed, kind: OfferKind, *, terms: bool) -> dict[str, Any]:
    zone = desk.venue.timezone
    members: dict[str, Any] = {
        "name": typed.text("name"),
        "about_md": typed.text("about_md"),
        "capacity": typed.whole("capacity"),
        "max_per_order": typed.whole("max_per_order", 1),
        "on_sale_from": typed.moment("on_sale_from", zone),
        "on_sale_until": typed.moment("on_sale_until", zone),
    }
    if terms and kind is OfferKind.STREAM_TICKET:
        members["replay_window_s"] = typed.seconds("replay_h", 3600)
    if terms and kind is OfferKind.REPLAY:
        members["play_window_s"] = typed.seconds("play_h", 3600)
        members["hard_end_at"] = typed.moment("hard_end_at", zone)
    return members


_FIELDS = {"replay_window_s": "replay_h", "play_window_s": "play_h"}


def renamed(problem: Invalid) -> Invalid:
    """The domain's field names as this form calls them."""
    if problem.field in _FIELDS:
        problem.field = _FIELDS[problem.field]
    return problem


def new_offer(desk: Desk, typed: Typed, kind: OfferKind) -> sale.NewOffer:
    """The offer as typed, with its one or two first prices."""
    currency = typed.text("currency") or desk.venue.currency
    first = typed.minor("amount", currency)
    then = typed.minor("then_amount", currency)
    then_from = typed.moment("then_from", desk.venue.timezone)
    prices = []
    if first is not None:
        prices.append({"amount": first, "currency": currency, "valid_until": then_from})
    if then is not None:
        if then_from is None:
            raise Invalid("then_from", N_("Say from when that price holds."))
        prices.append({"amount": then, "currency": currency, "valid_from": then_from})
    elif then_from is not None:
        raise Invalid("then_amount", N_("Say what it costs from then on."))
    return ask(
        sale.NewOffer,
        kind=kind,
        scope_id=needed(typed.text("scope_id"), "scope_id"),
        prices=prices,
        **_asked(desk, typed, kind, terms=True),
    )


def offer_edit(desk: Desk, typed: Typed, offer: Offer) -> sale.OfferEdit:
    terms = offer.state is OfferState.DRAFT
    return ask(sale.OfferEdit, **_asked(desk, typed, offer.kind, terms=terms))
