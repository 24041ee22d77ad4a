"""Believable sample data for the gallery: one hall, its concerts, one buyer. No database."""
# ruff: noqa: E501 - sentences of sample copy stay on one line

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Row
from typing import Any

from markupsafe import Markup

from paywall.pages.posters import poster_svg

NOW = datetime(2026, 10, 1, 18, 0, tzinfo=UTC)
TZ = "Europe/Paris"


@dataclass(frozen=True)
class SampleMoney:
    minor: int
    currency: str = "EUR"


def euros(cents: int) -> SampleMoney:
    return SampleMoney(cents)


TITLES = (
    ("Maud & the Tides", "Album night, with a brass section of nine"),
    ("Ibrahim Sangaré Quintet", "Kora, double bass and a room that listens"),
    ("Nachtmusik für Orgel und Elektronik", "Lange Nacht der leisen Töne"),
    ("Les Sœurs Vasseur", "Chansons d’hiver"),
    ("Kroke", "Thirty years on the road"),
    ("Winterreise", "Anneliese Brandt, Joon-ho Park"),
    ("Ólafur Þór", "Piano, strings, snow"),
    ("The Late Trams", "Last show before the record"),
    ("Orchestre de Chambre Nouvelle Aquitaine", "Haydn, Farrenc, Dutilleux"),
    ("ليلى منصور", "أغاني البحر"),
)
STATES = (
    "live",
    "on_sale",
    "not_yet",
    "sold_out",
    "replay",
    "over",
    "cancelled",
    "on_sale",
    "on_sale",
    "on_sale",
)


def event(index: int, **changes: Any) -> Row:
    title, subtitle = TITLES[index % len(TITLES)]
    starts = NOW + timedelta(days=index * 3, hours=1)
    row = Row(
        id=f"evt_{index}",
        title=title,
        subtitle=subtitle,
        url="event-on-sale.html",
        poster_url=f"posters/{index}.svg",
        starts_at=starts,
        doors_at=starts - timedelta(minutes=30),
        ends_at=starts + timedelta(hours=2),
        tz=TZ,
        venue_name="La Verrière",
        city="Lyon",
        state=STATES[index % len(STATES)],
        owned=False,
        price=euros(1200),
        sales_open_at=NOW + timedelta(days=2) if STATES[index % len(STATES)] == "not_yet" else None,
        description_html=Markup(
            "<p>Nine brass players, one voice, and the songs that took four winters to write. "
            "Filmed with six cameras from the balcony, the wings and the front row.</p>"
            "<p>The concert lasts about ninety minutes, without an interval.</p>"
        ),
        language_note="",
        countries_note="",
    )
    row.__dict__.update(changes)
    return row


def poster_files() -> dict[str, str]:
    files = {
        f"posters/{index}.svg": poster_svg(
            title,
            (NOW + timedelta(days=index * 3)).strftime("%d.%m.%Y  21:00"),
            f"evt_{index}",
            venue_text="La Verrière, Lyon",
        )
        for index, (title, _) in enumerate(TITLES)
    }
    for index in range(16):
        title, _ = TITLES[index % len(TITLES)]
        files[f"posters/wall-{index}.svg"] = poster_svg(
            title, "3 Oct 2026, 20:00", f"wall {index}", venue_text="La Verrière"
        )
    return files


VENUE = Row(name="La Verrière", slug="la-verriere", url="venue.html", logo_url=None, theme_url=None)
ACCOUNT = Row(name="Inès Moreau", email="ines.moreau@example.org")


def shell(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "mode": "live",
        "here": "/",
        "installation": Row(name="Lumen Live"),
        "currency": "EUR",
        "currencies": ["EUR", "GBP", "CHF", "JPY"],
        "account": None,
        "venue": VENUE,
        "notices": [],
    }
    return values | changes


def offer(**changes: Any) -> Row:
    row = Row(
        kind="stream_ticket",
        price=euros(1200),
        was=None,
        opens_at=NOW,
        until=NOW + timedelta(days=8),
        replay_days=7,
        places_left=None,
        buy_url="checkout.html",
    )
    row.__dict__.update(changes)
    return row


def event_page(state: str, **changes: Any) -> dict[str, Any]:
    owned = bool(changes.pop("owned", False))
    sales_open_at = NOW + timedelta(days=2) if state == "not_yet" else None
    index = int(changes.pop("index", 0))
    values: dict[str, Any] = {
        "event": event(index, state=state, owned=owned, sales_open_at=sales_open_at),
        "offer": offer(),
        "other_offers": [
            Row(
                name="Season pass",
                text="All 14 concerts, live and replay",
                price=euros(8900),
                url="#",
            ),
            Row(
                name="Seat in the hall",
                text="Row A to H, at the box office from 19:00",
                price=euros(2400),
                url="#",
            ),
        ],
        "watch_url": "watch.html",
        "waiting_list_url": "#",
        "remind_url": "#",
        "refusal": None,
    }
    return shell(mode="test" if state == "on_sale" else "live") | values | changes


def order(**changes: Any) -> Row:
    shown = event(0)
    row = Row(
        id="ord_81",
        number="LV-2026-00081",
        event=shown,
        lines=[
            Row(name="Stream ticket", detail="Live, and the replay for 7 days", amount=euros(1200))
        ],
        discounts=[Row(label="Code WINTER", amount=euros(-200))],
        taxes=[Row(label="VAT 5.5 %, France", amount=euros(52))],
        tax_included=True,
        total=euros(1000),
        held_until=NOW + timedelta(minutes=14),
        paid_at=NOW,
        invoice_url="#",
    )
    row.__dict__.update(changes)
    return row


def form(values: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> Row:
    return Row(values=values or {}, errors=errors or {})


def checkout(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "order": order(),
        "form": form({"country": "FR", "coupon": ""}),
        "form_id": "f1",
        "countries": [("FR", "France"), ("BE", "Belgique"), ("DE", "Deutschland")],
        "coupon_applied": "WINTER",
        "email_known": False,
        "seller": Row(name="La Verrière", terms_url="#"),
        "withdrawal": "The concert is dated, so the right of withdrawal doesn’t apply. If it is cancelled, you are refunded.",
    }
    return shell() | values | changes


def payment(state: str, gateway: str = "stripe", **changes: Any) -> dict[str, Any]:
    values = {
        "state": state,
        "gateway": gateway,
        "slow": False,
        "public_key": "pk_test_sample",
        "client_secret": "cs_sample",
        "session_id": "",
        "session_data": "",
        "environment": "test",
        "country": "FR",
        "script_url": "stand-in.js",
        "style_url": "",
        "return_url": "payment-waiting.html",
        "retry_url": "checkout.html",
        "decline_reason": "Your bank turned the card down and gave no reason. It can tell you more, or another card may work.",
    }
    return shell() | {"order": order(), "payment": Row(**(values | changes))}


def ticket(index: int, state: str) -> Row:
    shown = event(index)
    return Row(
        title=shown.title,
        url="event-owned.html",
        poster_url=shown.poster_url,
        starts_at=shown.starts_at,
        tz=TZ,
        venue_name=shown.venue_name,
        what="Stream ticket",
        state=state,
        opens_at=shown.doors_at,
        until=NOW + timedelta(days=4),
        watch_url="watch.html",
        receipt_url="receipt.html",
    )


def account_page(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "account": ACCOUNT,
        "venue": None,
        "profile_form": form({"name": "Inès Moreau", "language": "fr"}),
        "password_form": form(),
        "has_password": True,
        "email_proven": True,
        "tz": TZ,
        "passkeys": [
            Row(id="pk1", name="Pixel 9", created_at=NOW - timedelta(days=90), last_used_at=NOW)
        ],
        "consents": [
            Row(venue_id="v1", venue_name="La Verrière", given=True),
            Row(venue_id="v2", venue_name="Kulturhaus Ost", given=False),
        ],
        "sessions": [
            Row(id="s1", device="Firefox on Linux", place="Lyon", last_seen_at=NOW, current=True),
            Row(
                id="s2",
                device="Safari on iPhone",
                place="Paris",
                last_seen_at=NOW - timedelta(days=2),
                current=False,
            ),
        ],
    }
    return shell() | values | changes


def message() -> Row:
    return Row(
        id="m1",
        to=ACCOUNT.email,
        subject="Your ticket for Maud & the Tides",
        sent_at=NOW,
        kind="receipt",
        text="Your stream ticket is ready.\n\nOpen the concert:\nhttps://lumen.example/e/maud\n\n--\nLa Verrière, Lyon",
        links=[("Open the concert", "#")],
    )


def mail(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "sender": Row(
            name="La Verrière",
            url="#",
            logo_url=None,
            address="12 rue des Tables-Claudiennes, 69001 Lyon",
        ),
        "subject": "Your replay of Maud & the Tides is open until Sunday 21:00",
        "action": Row(text="Watch the replay", url="https://lumen.example/w/maud"),
        "unsubscribe_url": None,
        "why": "You get this mail because you bought a ticket.",
        "tz": TZ,
        "minutes": 15,
        "device": "Firefox on Linux",
        "order": order(),
        "opens": "Your ticket opens the stream on Saturday at 20:30 and the replay for 7 days.",
        "title": "Maud & the Tides · Live",
        "amount": euros(1000),
        "closing": "What it opened is closed.",
        "sentence": "A passkey was added to your account.",
        "address": "https://hooks.example.org/paywall",
        "reason": "The endpoint answered 500 ten times.",
        "order_number": "LV-2026-00081",
        "inviter": "Claire Aubry",
        "role": "box office",
        "venue_name": "La Verrière",
        "until": NOW + timedelta(days=7),
        "email": ACCOUNT.email,
    }
    return values | changes
