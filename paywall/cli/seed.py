"""Demo data: a small French venue with a season, and two more venues to show tenancy."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from infra.adapters import encoder
from infra.adapters.sandbox import SandboxCredentials, register
from infra.adapters.sandbox_server.cards import TEST_CARDS
from infra.adapters.wire import Wire
from infra.kernel.db import Tx
from infra.kernel.ids import new_id, new_secret
from infra.kernel.settings import Settings
from offers.tables import Coupon, Offer, OfferKind, OfferState, Pool, Price
from paywall.accounts.identify import KEY_PREFIX, fingerprint
from paywall.accounts.passwords import Passwords
from paywall.accounts.roles import API_KEY_SCOPES, Role
from paywall.accounts.tables import Account, ApiKey, Membership
from paywall.accounts.totp import sealed_secret
from paywall.app.assembly import assemble
from paywall.catalogue.naming import slug_of
from paywall.catalogue.tables import Event, EventState, Mode, Replay, Season, Stream, Venue
from paywall.http.parts import Parts
from paywall.payments.tables import GatewayAccount

PASSWORD = "concert-demo-2026"  # noqa: S105 - printed on the demo's first screen
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of demo people only
RECORDING_S = 120
PEOPLE = [
    ("claire@laverriere.example", "Claire Aubry", "la-verriere", Role.OWNER),
    ("samir@laverriere.example", "Samir Haddad", "la-verriere", Role.MANAGER),
    ("ines@laverriere.example", "Inès Morel", "la-verriere", Role.SUPPORT),
    ("jonas@laerche.example", "Jonas Brandt", "kulturhaus-laerche", Role.OWNER),
    ("aoife@harbour.example", "Aoife Byrne", "harbour-room", Role.OWNER),
    ("operator@paywall.example", "Installation operator", "installation", Role.OPERATOR),
    ("viewer@example.org", "Maud Viewer", "", None),
]


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the demo. `starts` is hours from now; a fixed hour where `local_hour` is."""

    name: str
    subtitle: str
    about: str
    starts: float
    lasts: float = 2.0
    zone: str = "Europe/Paris"
    city: str = "Montreuil"
    local_hour: int | None = None
    live: bool = False
    replay: bool = False
    prices: dict[str, int]
    capacity: int | None = None


SHOWS = [
    Show(
        name="Maud & the Tides",
        subtitle="Chamber pop, with string quartet",
        about="Maud Lenoir sings her third album from first to last, with the Quatuor Sept-Îles. "
        "Filmed by six cameras, mixed live in the hall.",
        starts=-0.5,
        lasts=6,
        live=True,
        prices={"EUR": 1200, "GBP": 1100, "USD": 1400, "CAD": 1800, "JPY": 2000},
    ),
    Show(
        name="Orchestre des Possibles",
        subtitle="Ravel, Boulanger, Saariaho",
        about="Forty young players and no conductor. Ravel’s *Mother Goose*, the *Pie Jesu* of "
        "Lili Boulanger and Kaija Saariaho’s *Ciel d’hiver*.",
        starts=-6 * 24,
        local_hour=20,
        replay=True,
        prices={"EUR": 900, "GBP": 800, "USD": 1000},
    ),
    Show(
        name="Nuit gnawa",
        subtitle="Maâlem Aziz and guests",
        about="A whole night of guembri, qraqeb and call and response, until the last bus.",
        starts=3 * 24,
        local_hour=21,
        lasts=4,
        prices={"EUR": 1400, "GBP": 1300},
        capacity=300,
    ),
    Show(
        name="Les Ombres électriques",
        subtitle="Live score to “Nosferatu”",
        about="Two modular synthesisers, a hurdy-gurdy and Murnau’s film of 1922.",
        starts=7 * 24,
        local_hour=20,
        prices={"EUR": 1000},
        capacity=2,
    ),
    Show(
        name="Kora & Cello",
        subtitle="Streamed from Montréal",
        about="Ballaké Diabaté and Claire Roy, from the Salle Bourgie.",
        starts=10 * 24,
        local_hour=19,
        zone="America/Toronto",
        city="Montréal",
        prices={"EUR": 1100, "CAD": 1600},
    ),
    Show(
        name="Tokyo Quiet Club",
        subtitle="Ambient, streamed from Shimokitazawa",
        about="Three sets at whisper volume. Headphones on.",
        starts=16 * 24,
        local_hour=19,
        zone="Asia/Tokyo",
        city="Tokyo",
        prices={"EUR": 1000, "JPY": 1700},
    ),
    Show(
        name="Bal de minuit",
        subtitle="Season’s end, with everybody",
        about="The whole season’s artists, one stage, no set list.",
        starts=30 * 24,
        local_hour=22,
        lasts=5,
        prices={"EUR": 1500, "GBP": 1400, "USD": 1700},
    ),
]


async def seed_demo(settings: Settings, say: Console) -> None:
    """Write the demo once; a second start only moves the live event to now. Repeatable."""
    parts = assemble(settings)
    try:
        async with parts.db.read() as tx:
            known = await tx.scalar(select(Venue.id).where(Venue.slug == "la-verriere"))
        if known is None:
            say.print("Writing demo data and a recording ...")
            password = await Passwords().hash(PASSWORD)
            async with parts.db.transaction() as tx:
                await write_demo(tx, parts, password)
        else:
            await _move_live_event(parts)
        await register_merchants(parts)
        folder = settings.data_dir / "media" / "demo-replay"
        encoder.make_recording(folder, None, RECORDING_S)
    finally:
        await parts.close()


async def write_demo(tx: Tx, parts: Parts, password: str) -> None:
    """Venues, people, seasons and a key, into an empty database."""
    now = parts.clock.machine()
    venues = {
        "la-verriere": _venue(
            now, "la-verriere", "La Verrière", "FR", "Europe/Paris", "fr", "EUR", "#e0a458",
            550, "La Verrière SCOP, 12 rue des Filatures, 93100 Montreuil",
            "A glass-roofed spinning mill in Montreuil, 280 seats, and everyone else at home.",
        ),
        "kulturhaus-laerche": _venue(
            now, "kulturhaus-laerche", "Kulturhaus Lärche", "DE", "Europe/Berlin", "de", "EUR",
            "#6fa287", 700, "Kulturhaus Lärche e. V., Weserstraße 40, 12045 Berlin",
            "New music in a former post office in Neukölln.",
        ),
        "harbour-room": _venue(
            now, "harbour-room", "The Harbour Room", "IE", "Europe/Dublin", "en", "EUR",
            "#7c9ed9", 900, "Harbour Room Ltd, 3 Custom House Quay, Galway",
            "Trad sessions above the fish market.",
        ),
    }  # fmt: skip
    tx.add_all(venues.values())
    _people(tx, parts, now, venues, password)
    _season(tx, now, venues["la-verriere"], SHOWS, "Automne à La Verrière", "automne")
    _season(tx, now, venues["kulturhaus-laerche"], [
        Show(name="Stille Post", subtitle="Ensemble Lautlos", about="New pieces for five whispers.",
             starts=4 * 24, local_hour=20, zone="Europe/Berlin", city="Berlin",
             prices={"EUR": 800}),
    ], "Winterklänge", "winterklaenge")  # fmt: skip
    _season(tx, now, venues["harbour-room"], [
        Show(name="The Long Reel", subtitle="Fiddles and flutes", about="Bring your own tune.",
             starts=5 * 24, local_hour=21, zone="Europe/Dublin", city="Galway",
             prices={"EUR": 700, "GBP": 600}),
    ], "Sessions", "sessions")  # fmt: skip
    for venue in venues.values():
        _sandbox_account(tx, parts, now, venue)
    secret = os.environ.get("PAYWALL_TEST_DEMO_KEY") or KEY_PREFIX + "test_demo_" + new_secret()
    (parts.settings.data_dir / "demo-api-key").write_text(secret)
    tx.add(
        ApiKey(
            id=new_id("key"), venue_id=venues["la-verriere"].id, name="Demo key",
            secret_hash=fingerprint(secret), shown=secret[:16], created_at=now,
            scopes=" ".join(sorted(API_KEY_SCOPES)), created_by="seed",
        )
    )  # fmt: skip


def _venue(
    now: datetime, slug: str, name: str, country: str, zone: str, locale: str, currency: str,
    accent: str, vat_bps: int, legal: str, about: str,
) -> Venue:  # fmt: skip
    legal_name, _, address = legal.partition(", ")
    return Venue(
        id=new_id("ven"), slug=slug, name=name, legal_name=legal_name, address=address,
        contact_email=f"hello@{slug.split('-')[-1]}.example", about_md=about, mode=Mode.TEST,
        clock_offset_s=0, country=country, timezone=zone, locale=locale, currency=currency,
        accent=accent, vat_bps=vat_bps, platform_fee_bps=300, created_at=now,
    )  # fmt: skip


def _people(tx: Tx, parts: Parts, now: datetime, venues: dict[str, Venue], password: str) -> None:
    for email, name, slug, role in PEOPLE:
        account_id = new_id("acc")
        staff = role is not None
        sealed = sealed_secret(parts.sealer, account_id, TOTP_SECRET)
        tx.add(
            Account(
                id=account_id, email=email, name=name, email_proven_at=now, created_at=now,
                password_hash=password, totp_sealed=sealed if staff else "",
                totp_confirmed_at=now if staff else None,
            )
        )  # fmt: skip
        if role is not None:
            venue_id = venues[slug].id if slug in venues else slug
            tx.add(
                Membership(
                    id=new_id("mem"), venue_id=venue_id, account_id=account_id, role=role,
                    created_at=now,
                )
            )  # fmt: skip


def _season(tx: Tx, now: datetime, venue: Venue, shows: list[Show], name: str, slug: str) -> None:
    season = Season(
        id=new_id("ssn"), venue_id=venue.id, slug=slug, name=name,
        starts_at=now - timedelta(days=30), ends_at=now + timedelta(days=75),
    )  # fmt: skip
    tx.add(season)
    for seed, show in enumerate(shows):
        _show(tx, now, venue, season, show, seed)
    pass_offer = Offer(
        id=new_id("ofr"), venue_id=venue.id, kind=OfferKind.SEASON_PASS, scope_kind="season",
        scope_id=season.id, name="Pass", about_md="Every concert of the season, live and replay.",
        state=OfferState.ON_SALE, created_at=now,
    )  # fmt: skip
    tx.add_all([pass_offer, Pool(offer_id=pass_offer.id, venue_id=venue.id, taken=0)])
    middle = now + timedelta(days=20)
    for currency, first, later in (("EUR", 4900, 2900), ("GBP", 4200, 2500), ("USD", 5500, 3300)):
        tx.add_all(
            [
                _price(now, pass_offer, currency, first, None, middle),
                _price(now, pass_offer, currency, later, middle, None),
            ]
        )
    tx.add(
        Coupon(
            id=new_id("cpn"), venue_id=venue.id, code="AMIS20", percent_bps=2000, max_uses=500,
            created_at=now, max_per_customer=2, used=0, minor=0, currency="",
        )
    )  # fmt: skip


def _show(tx: Tx, now: datetime, venue: Venue, season: Season, show: Show, seed: int) -> None:
    starts_at = now + timedelta(hours=show.starts)
    if show.local_hour is not None:
        local = starts_at.astimezone(ZoneInfo(show.zone))
        starts_at = local.replace(hour=show.local_hour, minute=30, second=0, microsecond=0)
    else:
        starts_at = starts_at.replace(second=0, microsecond=0)
    event = Event(
        id=new_id("evt"), venue_id=venue.id, season_id=season.id,
        slug=slug_of(show.name, "concert"), name=show.name,
        subtitle=show.subtitle, city=show.city, about_md=show.about, timezone=show.zone,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=show.lasts), state=EventState.PUBLISHED,
        poster_seed=seed, created_at=now,
    )  # fmt: skip
    tx.add(event)
    source = "demo-live" if show.live else f"{venue.slug}-{event.slug}"[:60]
    if not show.replay:
        tx.add(
            Stream(
                id=new_id("str"), venue_id=venue.id, event_id=event.id, kind="local",
                source=source, created_at=now,
            )
        )  # fmt: skip
        _ticket(tx, now, venue, event, show)
    else:
        tx.add(
            Replay(
                id=new_id("rpl"), venue_id=venue.id, event_id=event.id, kind="local",
                source="demo-replay", available_from=event.ends_at,
                available_until=event.ends_at + timedelta(days=60), created_at=now,
            )
        )  # fmt: skip
        _replay_offer(tx, now, venue, event, show)


def _ticket(tx: Tx, now: datetime, venue: Venue, event: Event, show: Show) -> None:
    offer = Offer(
        id=new_id("ofr"), venue_id=venue.id, kind=OfferKind.STREAM_TICKET, scope_kind="event",
        scope_id=event.id, name="Live", state=OfferState.ON_SALE, created_at=now,
        replay_window_s=7 * 24 * 3600, on_sale_until=event.ends_at,
    )  # fmt: skip
    tx.add_all([offer, Pool(offer_id=offer.id, venue_id=venue.id, capacity=show.capacity, taken=0)])
    for currency, minor in show.prices.items():
        tx.add(_price(now, offer, currency, minor, None, None))


def _replay_offer(tx: Tx, now: datetime, venue: Venue, event: Event, show: Show) -> None:
    offer = Offer(
        id=new_id("ofr"), venue_id=venue.id, kind=OfferKind.REPLAY, scope_kind="event",
        scope_id=event.id, name="Replay", state=OfferState.ON_SALE, created_at=now,
        play_window_s=48 * 3600, hard_end_at=event.ends_at + timedelta(days=60),
    )  # fmt: skip
    tx.add_all([offer, Pool(offer_id=offer.id, venue_id=venue.id, taken=0)])
    for currency, minor in show.prices.items():
        tx.add(_price(now, offer, currency, minor, None, None))


def _price(
    now: datetime, offer: Offer, currency: str, minor: int,
    valid_from: datetime | None, valid_until: datetime | None,
) -> Price:  # fmt: skip
    return Price(
        id=new_id("pri"), venue_id=offer.venue_id, offer_id=offer.id, currency=currency,
        minor=minor, valid_from=valid_from, valid_until=valid_until, created_at=now,
    )  # fmt: skip


def _sandbox_account(tx: Tx, parts: Parts, now: datetime, venue: Venue) -> None:
    credentials = {
        "secret_key": f"sk_test_sandbox_{venue.slug}_{new_secret(18)}",
        "webhook_secret": "whsec_" + base64.b64encode(os.urandom(24)).decode(),
    }
    parts.desk.gateways.open_account(
        tx, now, venue_id=venue.id, venue_mode=venue.mode, gateway="sandbox",
        credentials=credentials, label="Sandbox",
    )  # fmt: skip


async def register_merchants(parts: Parts) -> None:
    """Tell the sandbox of every venue that sells through it, and where its webhooks go."""
    async with parts.db.read() as tx:
        query = (
            select(GatewayAccount, Venue.name)
            .join(Venue, Venue.id == GatewayAccount.venue_id)
            .where(GatewayAccount.gateway == "sandbox")
        )
        accounts = [(account, name) for account, name in await tx.execute(query)]
    async with Wire() as wire:
        for account, name in accounts:
            plain = parts.sealer.unseal(account.credentials, f"gateway credentials {account.id}")
            await register(
                wire,
                parts.settings.sandbox_url,
                msgspec.json.decode(plain, type=SandboxCredentials),
                name=name,
                webhook_url=f"{parts.settings.public_url}/v1/gateways/{account.hook_token}/webhook",
            )


async def _move_live_event(parts: Parts) -> None:
    """The demo's live concert is on again, so that a later start finds something to watch."""
    now = parts.clock.machine()
    async with parts.db.transaction() as tx:
        event = await tx.scalar(
            select(Event)
            .join(Stream, Stream.event_id == Event.id)
            .where(Stream.source == "demo-live")
        )
        if event is None or event.ends_at > now + timedelta(hours=1):
            return
        event.starts_at = now.replace(second=0, microsecond=0) - timedelta(minutes=30)
        event.ends_at = event.starts_at + timedelta(hours=6)
        offers = await tx.scalars(select(Offer).where(Offer.scope_id == event.id))
        for offer in offers:
            offer.on_sale_until = event.ends_at


def welcome(settings: Settings, *, audience: bool) -> None:
    """One screenful: where to go, who to be, which cards, what to try first."""
    out = Console()
    url = settings.public_url
    out.print(f"\n[bold]The hall is open:[/] {url}\n", highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("Watch now", f"{url}/venues/la-verriere/events/maud-the-tides")
    table.add_row("Storefront", f"{url}/venues/la-verriere")
    table.add_row("Console", f"{url}/console  (claire@laverriere.example)")
    table.add_row("Operator", f"{url}/console  (operator@paywall.example)")
    table.add_row("Mailbox", f"{url}/dev/mailbox  (every mail that the demo sends)")
    table.add_row("API", f"{url}/docs  (key: {settings.data_dir / 'demo-api-key'})")
    out.print(table, highlight=False)
    out.print(f"\nPassword of every demo person: [bold]{PASSWORD}[/]")
    out.print("Staff also need a code: [bold]make code[/] prints the one of this half minute.")
    out.print("\n[bold]Test cards[/] (any future date, any CVC)")
    cards = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for card in TEST_CARDS:
        digits = " ".join(card.number[i : i + 4] for i in range(0, 16, 4))
        cards.add_row(digits, card.english)
    out.print(cards, highlight=False)
    out.print(
        "\n[bold]First:[/] open “Watch now”, buy a ticket with 4242 4242 4242 4242, "
        "open the mail in the mailbox, press its button, watch. Ctrl-C ends everything.\n",
        highlight=False,
    )
    if audience:
        out.print(
            "Figures, Who may leave and Actions of La Verrière fill by themselves within minutes, "
            "from a simulated audience. The assistant answers from wording first, then better.\n",
            highlight=False,
        )
