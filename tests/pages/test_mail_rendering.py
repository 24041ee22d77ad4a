"""Every mail in English and French, from the very data that its writer puts into the outbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paywall.pages.environment import make_environment
from paywall.pages.i18n import Catalogues, compile_catalogues
from paywall.pages.mail_rendering import LETTERS, JinjaMailRenderer

VENUE = {
    "name": "La Cigale", "contact_email": "office@venue.example", "slug": "la-cigale",
    "address": "120 boulevard de Rochechouart, 75018 Paris", "timezone": "Europe/Paris",
    "accent": "#e0a458", "mode": "test",
}  # fmt: skip
LINK = {"minutes": 15, "device": "Firefox on Linux", "url": "https://x.example/login?token=abc"}
MAILS: dict[str, dict[str, Any]] = {
    "login_link": LINK,
    "confirm_registration": LINK,
    "already_registered": LINK,
    "account_changed": {"what": "passkey_added"},
    "staff_invitation": {
        "inviter": "ada@example.org", "place": "La Cigale", "role": "box_office",
        "until": "2026-11-27T18:00:00Z", "url": "https://x.example/i?token=abc",
    },
    "receipt": {
        "order_id": "ord_1", "paid_at": "2026-11-20T18:00:00Z", "title": "Maud & the Tides",
        "offer_name": "Stream", "offer_kind": "stream_ticket",
        "total": {"amount": 1200, "currency": "EUR"}, "tax": {"amount": 200, "currency": "EUR"},
        "starts_at": "2026-11-21T19:30:00Z", "timezone": "Europe/Paris",
        "opens_until": "2026-11-28T19:30:00Z", "url": "https://x.example/orders/ord_1",
    },
    "refund": {
        "order_id": "ord_1", "title": "Maud & the Tides", "whole": True, "reason": "paid twice",
        "amount": {"amount": 1200, "currency": "EUR"}, "url": "https://x.example/orders/ord_1",
    },
    "webhook_disabled": {"endpoint_id": "whe_1", "url": "https://a.example", "reason": "410"},
}  # fmt: skip


@pytest.fixture(scope="module")
def renderer() -> JinjaMailRenderer:
    compile_catalogues()
    catalogues = Catalogues()
    environment = make_environment(Path("/nowhere"), catalogues)
    return JinjaMailRenderer(environment, catalogues, "https://x.example")


def test_every_mail_is_tested() -> None:
    assert set(MAILS) == set(LETTERS)


@pytest.mark.parametrize("template", MAILS)
@pytest.mark.parametrize("locale", ["en", "fr", "", "xx"])
def test_a_mail_has_a_subject_a_text_and_the_same_in_html(
    template: str, locale: str, renderer: JinjaMailRenderer
) -> None:
    mail = renderer.render(template, locale, MAILS[template] | {"venue": VENUE})
    assert mail.subject
    assert "\n" not in mail.subject
    assert "La Cigale" in mail.text
    assert "&amp;" not in mail.text
    assert "\n\n\n" not in mail.text
    assert "Maud & the" not in mail.html
    if template != "webhook_disabled" and "url" in MAILS[template]:
        assert MAILS[template]["url"] in mail.text
        assert f'href="{MAILS[template]["url"]}"' in mail.html


@pytest.mark.parametrize("template", MAILS)
def test_a_mail_is_in_french_from_its_subject_to_its_end(
    template: str, renderer: JinjaMailRenderer
) -> None:
    data = MAILS[template] | {"venue": VENUE}
    english, french = (renderer.render(template, one, data) for one in ("en", "fr"))
    shared = {"", "--", "Maud & the Tides"}
    kept = set(english.text.splitlines()) & set(french.text.splitlines()) - shared
    untranslated = {
        line for line in kept
        if not line.startswith(("https://", "La Cigale,", "410"))
    }  # fmt: skip
    assert untranslated == set()
    assert english.subject != french.subject


def test_the_receipt_says_what_it_opens_in_the_venues_time(renderer: JinjaMailRenderer) -> None:
    mail = renderer.render("receipt", "en", MAILS["receipt"] | {"venue": VENUE})
    assert "20:30" in mail.text
    assert "€12.00" in mail.text
    assert mail.subject == "Your order: Maud & the Tides"


def test_a_reason_that_the_venue_wrote_is_escaped(renderer: JinjaMailRenderer) -> None:
    data = MAILS["refund"] | {"reason": "<b>rain</b>", "venue": VENUE}
    assert "<b>rain" not in renderer.render("refund", "en", data).html
