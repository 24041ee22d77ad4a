"""Every route as everybody: what the role table allows works, all else is closed and tells nothing.

The table (`paywall.accounts.roles`) and the routes' own demands are read, not repeated; which
routes are open to the public is written out here, so that opening one is a decision.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Base, Database
from infra.kernel.ids import new_id
from infra.kernel.settings import Settings
from offers.tables import Coupon, Offer, OfferKind, OfferState, Pool, Price
from paywall.accounts.identify import KEY_PREFIX, fingerprint
from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import (
    API_KEY_SCOPES,
    INSTALLATION_ROLES,
    NEEDS_FRESH,
    NEEDS_STRONG,
    VENUE_ROLES,
    Permission,
    Role,
    allowed,
)
from paywall.accounts.sessions import open_session
from paywall.accounts.tables import Account, ApiKey, Invitation, Membership
from paywall.app.assembly import assemble
from paywall.catalogue.tables import Event, EventState, Replay, Season, Stream
from paywall.checkout.order_requests import OrderRequest
from paywall.http.guards import SAFE_METHODS
from tests.apps import app_over
from tests.churn.triggers import a_trigger
from tests.http.conftest import VENUE, venue

OTHER = "ven_01k9x4m8z2v7q0n3t5r6s8w1yb"
MARK = "Quatuor Marqueterie"  # in the name of everything that belongs to the venue

PUBLIC = {
    "/",
    "/.well-known/jwks.json",
    "/buy/{offer_id:str}",
    "/buy/{offer_id:str}/quote",
    "/dev/components",
    "/dev/mailbox",
    "/dev/mailbox/attachments/{attachment_id:str}",
    "/dev/mailbox/{mail_id:str}",
    "/dev/mailbox/{mail_id:str}/html",
    "/dev/posters/{name:str}",
    "/docs",
    "/events/{event_id:str}/poster.svg",
    "/health/live",
    "/health/ready",
    "/help",
    "/help/contact",
    "/help/{article:str}",
    "/l/{token:str}",
    "/login",
    "/login/forgot",
    "/login/link",
    "/login/mail",
    "/logout",
    "/media/{rest:path}",
    "/metrics",
    "/openapi.json",
    "/orders/{order_id:str}",
    "/orders/{order_id:str}/link",
    "/orders/{order_id:str}/payment",
    "/orders/{order_id:str}/payment/status",
    "/orders/{order_id:str}/receipt.pdf",
    "/orders/{order_id:str}/retry",
    "/preferences",
    "/register",
    "/requests/{case_id:str}/rating",
    "/requests/{case_id:str}/answer",
    "/sitemap.xml",
    "/static/dist/{name:str}",
    "/unsubscribe/{token:str}",
    "/v1/auth/invitations/accept",
    "/v1/auth/login",
    "/v1/auth/login-links",
    "/v1/auth/login-links/redeem",
    "/v1/auth/passkeys/login/options",
    "/v1/auth/passkeys/login/verify",
    "/v1/auth/register",
    "/v1/catalogue/events/{event_id:str}",
    "/v1/catalogue/events/{event_id:str}/notice",
    "/v1/catalogue/events/{event_id:str}/offers",
    "/v1/catalogue/venues",
    "/v1/catalogue/venues/{venue_slug:str}",
    "/v1/catalogue/venues/{venue_slug:str}/articles",
    "/v1/catalogue/venues/{venue_slug:str}/articles/{slug:str}",
    "/v1/catalogue/venues/{venue_slug:str}/articles/{slug:str}/vote",
    "/v1/catalogue/venues/{venue_slug:str}/events",
    "/v1/catalogue/venues/{venue_slug:str}/events/{event_slug:str}",
    "/v1/catalogue/venues/{venue_slug:str}/seasons",
    "/v1/conversations",
    "/v1/conversations/{conversation_id:str}",
    "/v1/conversations/{conversation_id:str}/hand-over",
    "/v1/conversations/{conversation_id:str}/lines/{line_id:str}/vote",
    "/v1/conversations/{conversation_id:str}/messages",
    "/v1/conversations/{conversation_id:str}/suggestions",
    "/v1/gateways/{hook_token:str}/webhook",
    "/v1/playback/sessions/{sid:str}",
    "/v1/playback/sessions/{sid:str}/beat",
    "/v1/playback/sessions/{sid:str}/stop",
    "/v1/quotes",
    "/v1/venues/{venue_id:str}/support/mail",
    "/venues/{slug:str}",
    "/venues/{slug:str}/events/{event_slug:str}",
    "/venues/{slug:str}/help",
    "/venues/{slug:str}/help/ask",
    "/venues/{slug:str}/help/contact",
    "/venues/{slug:str}/help/{article:str}",
    "/venues/{slug:str}/help/{article:str}/vote",
    "/venues/{slug:str}/imprint",
    "/venues/{slug:str}/privacy",
    "/venues/{slug:str}/terms",
    "/venues/{slug:str}/theme.css",
    "/visits",
    "/watch/{event_id:str}",
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    opt: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def permission(self) -> Permission | None:
        found: Permission | None = self.opt.get("permission")
        return found

    @property
    def params(self) -> set[str]:
        return set(re.findall(r"\{(\w+)", self.path))


@dataclass
class Caller:
    """Somebody with a log-in or a key, and what the table therefore says of them."""

    name: str
    secret: str = ""
    here: frozenset[Role] = frozenset()
    installation: frozenset[Role] = frozenset()
    scopes: frozenset[Permission] = frozenset()
    key: bool = False
    strong: bool = True
    fresh: bool = True
    insider: bool = False  # has some role or key at the venue

    def expected(self, route: Route) -> set[int]:
        """The statuses of a refusal, or an empty set where the table lets them in."""
        permission = route.permission
        assert permission is not None
        if not self.secret:
            return {401}
        at_venue = "venue_id" in route.params
        if self.key:
            if at_venue and permission in self.scopes:
                # The console is for people: a key with the very scope is told to sign in.
                return {401} if route.path.startswith("/console") else set()
            return {403} if not at_venue or self.insider else {404}
        roles = self.here if at_venue else self.installation
        if permission not in allowed(roles):
            return {404} if at_venue and not self.insider else {403}
        acts = route.method not in SAFE_METHODS
        if permission in NEEDS_STRONG and not self.strong:
            return {403}
        if permission in NEEDS_FRESH and acts and not self.fresh:
            return {403}
        return set()


@dataclass
class House:
    app: Any
    db: Database
    routes: list[Route]
    callers: list[Caller] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    order_id: str = ""

    def url(self, route: Route, venue_id: str = VENUE) -> str:
        values = self.ids | {"venue_id": venue_id}
        return re.sub(r"\{(\w+):\w+\}", lambda m: values.get(m[1], "nothing"), route.path)

    async def ask(self, caller: Caller, route: Route, venue_id: str = VENUE) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("203.0.113.7", 50000))
        headers = {"Sec-Fetch-Site": "same-origin", "Idempotency-Key": new_id("idempotency")}
        if caller.secret:
            headers["Authorization"] = f"Bearer {caller.secret}"
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            url = self.url(route, venue_id)
            if route.path.startswith("/console") and route.method == "POST":
                return await client.post(url, headers=headers, data={"nothing": "x"})
            body = {} if route.method in ("POST", "PUT", "PATCH") else None
            return await client.request(route.method, url, headers=headers, json=body)


def routes_of(app: Any) -> list[Route]:
    found = [
        Route(method, route.path, dict(handler.opt))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
    ]
    return sorted(found, key=lambda r: (r.method != "GET", r.path, r.method))


@pytest.fixture
async def house(tmp_path: Path, clock: HandClock) -> AsyncIterator[House]:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'isolation.sqlite3'}")
    await db.create_all()
    settings = Settings(data_dir=tmp_path, public_url="http://test", rate_scale=0)
    parts = assemble(settings, clock=clock, db=db)
    app = app_over(parts)
    made = House(app, db, routes_of(app))
    now = clock.machine()
    async with db.transaction() as tx:
        tx.add(venue(VENUE, "verriere", now, name=MARK))
        tx.add(venue(OTHER, "autre", now))
        _seed(tx, made, now)
        await tx.flush()
        for role in sorted(VENUE_ROLES):
            made.callers.append(await _person(tx, now, role.value, VENUE, role))
            made.callers.append(await _person(tx, now, f"other venue's {role}", OTHER, role))
        for role in sorted(INSTALLATION_ROLES):
            made.callers.append(await _person(tx, now, role.value, INSTALLATION, role))
        made.callers.append(await _person(tx, now, "viewer"))
        made.callers.append(await _person(tx, now, "viewer, not proven", proven=False))
        owner = {"venue_id": VENUE, "role": Role.OWNER}
        made.callers.append(await _person(tx, now, "owner without factor", strong=False, **owner))
        made.callers.append(await _person(tx, now, "owner, not fresh", fresh=False, **owner))
        for scope in sorted(API_KEY_SCOPES):
            made.callers.append(_key(tx, now, f"key {scope}", VENUE, frozenset({scope})))
        made.callers.append(_key(tx, now, "other venue's key", OTHER, API_KEY_SCOPES))
        made.callers.append(Caller("nobody"))
    order_id = new_id("ord")
    request = OrderRequest(
        order_id=order_id,
        venue_id=VENUE,
        offer_id=made.ids["offer_id"],
        email="ada@example.org",
        terms_accepted=True,
        coupon="FREI",
    )
    await parts.buy.buy(request)  # free with its code, so that it is paid at once
    made.ids["order_id"] = made.order_id = order_id
    yield made
    await parts.close()


def _seed(tx: Any, made: House, now: datetime) -> None:
    """One of everything at the venue."""
    ids = made.ids
    for name in ("season", "event", "stream", "replay", "offer", "coupon", "invitation"):
        ids[f"{name}_id"] = new_id(name[:3])
    ids["trigger_id"] = new_id("trg")
    ends = now + timedelta(days=2)
    tx.add_all(
        [
            Season(
                id=ids["season_id"], venue_id=VENUE, slug="s", name=MARK,
                starts_at=now, ends_at=now + timedelta(days=90),
            ),
            Event(
                id=ids["event_id"], venue_id=VENUE, season_id=ids["season_id"], slug="e", name=MARK,
                timezone="Europe/Paris", starts_at=now + timedelta(days=1), ends_at=ends,
                state=EventState.PUBLISHED, poster_seed=1, created_at=now,
            ),
            Stream(
                id=ids["stream_id"], venue_id=VENUE, event_id=ids["event_id"], kind="local",
                source="salle", created_at=now,
            ),
            Replay(
                id=ids["replay_id"], venue_id=VENUE, event_id=ids["event_id"], kind="local",
                source="film", available_from=ends, created_at=now,
            ),
            Offer(
                id=ids["offer_id"], venue_id=VENUE, kind=OfferKind.STREAM_TICKET,
                scope_kind="event", scope_id=ids["event_id"], name=MARK,
                state=OfferState.ON_SALE, created_at=now,
            ),
            Pool(offer_id=ids["offer_id"], venue_id=VENUE, taken=0),
            a_trigger(VENUE, ids["trigger_id"], now, name=MARK),
            Coupon(
                id=ids["coupon_id"], venue_id=VENUE, code="FREI", percent_bps=10000, minor=0,
                currency="", max_per_customer=9, used=0, created_at=now,
            ),
            Invitation(
                id=ids["invitation_id"], venue_id=VENUE, email="new@example.org",
                role=Role.SCANNER, token_hash="x", invited_by="acc", created_at=now,
                expires_at=now + timedelta(days=7),
            ),
        ]
    )  # fmt: skip

    tx.add(
        Price(
            id=new_id("pri"), venue_id=VENUE, offer_id=ids["offer_id"], currency="EUR",
            minor=1000, created_at=now,
        )
    )  # fmt: skip


async def _person(
    tx: Any,
    now: datetime,
    name: str,
    venue_id: str = "",
    role: Role | None = None,
    *,
    strong: bool = True,
    fresh: bool = True,
    proven: bool = True,
) -> Caller:
    account_id = new_id("acc")
    email = f"{re.sub(r'[^a-z]', '-', name)}@example.org"
    tx.add(
        Account(
            id=account_id, email=email, name=name, created_at=now,
            email_proven_at=now if proven else None,
        )
    )  # fmt: skip
    if role is not None:
        membership = Membership(
            id=new_id("mem"), venue_id=venue_id, account_id=account_id, role=role, created_at=now
        )
        tx.add(membership)
    await tx.flush()
    long_ago = now if fresh else now - timedelta(minutes=11)
    opened = await open_session(tx, account_id, long_ago, strong=strong)
    roles = frozenset() if role is None else frozenset({role})
    return Caller(
        name,
        opened.secret,
        here=roles if venue_id == VENUE else frozenset(),
        installation=roles if venue_id == INSTALLATION else frozenset(),
        strong=strong,
        fresh=fresh,
        insider=venue_id == VENUE,
    )


def _key(tx: Any, now: datetime, name: str, at: str, scopes: frozenset[Permission]) -> Caller:
    secret = KEY_PREFIX + "test_" + new_id("k").replace("_", "") + "k" * 12
    tx.add(
        ApiKey(
            id=new_id("key"), venue_id=at, name=name, secret_hash=fingerprint(secret),
            shown=secret[:12], scopes=" ".join(sorted(scopes)), created_by="acc", created_at=now,
        )
    )  # fmt: skip
    here = at == VENUE
    return Caller(name, secret, scopes=scopes if here else frozenset(), key=True, insider=here)


def refused(answer: httpx.Response, statuses: set[int]) -> bool:
    """By status, or as the console does: on to the log-in or the confirmation."""
    if answer.status_code in statuses:
        return True
    onward = answer.headers.get("location", "")
    doors = {401: "/login", 403: "/console/confirm"}
    return answer.status_code == 303 and any(onward.startswith(doors.get(s, "-")) for s in statuses)


async def test_the_public_routes_are_those_written_here(house: House) -> None:
    assert {route.path for route in house.routes if route.opt.get("public")} == PUBLIC


async def test_every_route_says_who_may_use_it(house: House) -> None:
    demands = ("public", "person", "caller", "permission")
    silent = [r.name for r in house.routes if sum(bool(r.opt.get(d)) for d in demands) != 1]
    assert silent == []


@pytest.mark.slow
async def test_every_guarded_route_as_everybody(house: House) -> None:
    """Refusals first, so that nobody who is let in has changed what the others look for."""
    wrong = []
    guarded = [route for route in house.routes if route.permission is not None]
    assert len(guarded) > 60
    for route in guarded:
        for caller in house.callers:
            statuses = caller.expected(route)
            if not statuses:
                continue
            answer = await house.ask(caller, route)
            if not refused(answer, statuses) or MARK in answer.text:
                wrong.append(f"{caller.name}: {route.name} gave {answer.status_code}")
    assert wrong == []
    for route in guarded:
        for caller in house.callers:
            if caller.expected(route):
                continue
            answer = await house.ask(caller, route)
            # 503: a processor that is not running here was asked, so the door was open.
            closed = answer.status_code in (401, 403) or answer.status_code in (500, 501, 502)
            if answer.status_code == 404 and "There is no such venue" in answer.text:
                closed = True
            if route.method == "GET" and answer.status_code not in (200, 303, 404):
                closed = True
            if closed:
                text = answer.text[:120].replace("\n", " ")
                wrong.append(f"{caller.name}: {route.name} gave {answer.status_code} {text}")
    assert wrong == []


async def test_another_venues_objects_are_not_there_under_ones_own(house: House) -> None:
    """The owner of the other venue asks at their own address for this venue's things.

    The console answers a form with a redirect that says so on the next page; nothing has changed.
    """
    before = await rows_of_the_venue(house.db)
    (owner,) = [c for c in house.callers if c.name == "other venue's owner"]
    wrong = []
    for route in house.routes:
        if route.permission is None or not (route.params - {"venue_id"} <= house.ids.keys()):
            continue
        if "venue_id" not in route.params or route.params == {"venue_id"}:
            continue
        answer = await house.ask(owner, route, venue_id=OTHER)
        fine = {400, 404, 415, 422, 428}
        if route.path.startswith("/console") and route.method == "POST":
            fine.add(303)
        if answer.status_code not in fine or MARK in answer.text:
            wrong.append(f"{route.name} gave {answer.status_code}")
    assert wrong == []
    assert await rows_of_the_venue(house.db) == before


async def rows_of_the_venue(db: Database) -> dict[str, list[str]]:
    found = {}
    async with db.read() as tx:
        for table in Base.metadata.sorted_tables:
            if "venue_id" in table.c:
                rows = await tx.execute(table.select().where(table.c.venue_id == VENUE))
                found[table.name] = sorted(repr(tuple(row)) for row in rows)
    assert found["event"]
    return found


async def test_lists_of_one_venue_show_nothing_of_another(house: House) -> None:
    (owner,) = [c for c in house.callers if c.name == "other venue's owner"]
    for route in house.routes:
        if route.method == "GET" and route.permission and route.params == {"venue_id"}:
            answer = await house.ask(owner, route, venue_id=OTHER)
            assert answer.status_code < 500, route.name
            assert MARK not in answer.text, route.name


async def test_a_persons_own_routes_are_closed_to_nobody_and_to_keys(house: House) -> None:
    nobody = house.callers[-1]
    keys = [c for c in house.callers if c.key][:1]
    for route in house.routes:
        if not route.opt.get("person"):
            continue
        for caller in [nobody, *keys]:
            answer = await house.ask(caller, route)
            assert refused(answer, {401}), (caller.name, route.name, answer.status_code)


async def test_what_a_viewer_bought_is_nobody_elses(house: House) -> None:
    """Not another viewer's, and not of somebody who only claims the address."""
    for caller in house.callers:
        if caller.name not in ("viewer", "viewer, not proven", "owner", "nobody"):
            continue
        for route in house.routes:
            mine = route.path.startswith(("/orders/", "/v1/checkouts/"))
            if not mine or "order_id" not in route.params:
                continue
            answer = await house.ask(caller, route)
            assert answer.status_code in (303, 401, 404), (caller.name, route.name)
            assert MARK not in answer.text, (caller.name, route.name)
            if answer.status_code == 303:
                assert "/login" in answer.headers["location"]
        if caller.secret:
            (listing,) = [r for r in house.routes if r.name == "GET /v1/me/orders"]
            assert (await house.ask(caller, listing)).json()["data"] == []
