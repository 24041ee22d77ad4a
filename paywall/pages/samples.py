"""Believable sample data for /dev/components: one hall, its concerts, one buyer. No database."""

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
        taxes=[Row(label="VAT 5.5 %", amount=euros(52))],
        tz=TZ,
        total=euros(1000),
        held_until=NOW + timedelta(minutes=14),
        paid_at=NOW,
        invoice_url="#",
    )
    row.__dict__.update(changes)
    return row


def form(values: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> Row:
    return Row(values=values or {}, errors=errors or {})


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


def specimens() -> Row:
    """What components.html shows."""
    states = ("live", "upcoming", "replay", "past", "refunded")
    return Row(
        events=[event(index) for index in range(7)],
        tickets=[ticket(index, state) for index, state in enumerate(states)],
        order=order(),
        form=form({"email": "ines@", "country": "DE"}, {"email": "Write the address in full."}),
        posters=[f"posters/wall-{index}.svg" for index in range(16)],
    )
