"""Other sites that may play: CORS for the playback API and the media, by each venue's own list.

Nothing here rests on a cookie: a session is begun with a person's bearer token, kept alive with
its own secret, and its media are opened by their token. So no answer allows credentials, and what
an origin is allowed is to read answers (Fetch standard, https://fetch.spec.whatwg.org, CORS
protocol, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy import select

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.catalogue.tables import Mode, Venue

API: Final = "/v1/playback/"
MEDIA: Final = "/media/"
REMEMBER_S: Final = 5.0
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, DELETE"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, idempotency-key, range, x-session-secret",
    ),
    (b"access-control-max-age", b"600"),
]
_TOLD: Final = b"retry-after, ratelimit, ratelimit-policy, x-denied, x-request-id"


class PlayerOrigins(ASGIMiddleware):
    """Answers preflights and adds what lets an allowed origin read the answer. Keeps a cache.

    Media go by the list of the venue in their path. Of the API's addresses only some name a
    venue, so there every venue's list counts: it tells nothing without the person's token.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, db: Database, clock: Clock, public_url: str) -> None:
        self._db = db
        self._clock = clock
        self._own = public_url.rstrip("/").encode()
        self._venues: Mapping[str, frozenset[str]] = {}
        self._read_at: float | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        path = scope["path"]
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        if not origin or origin == self._own or not path.startswith((API, MEDIA)):
            await next_app(scope, receive, send)
            return
        allowed = await self._allows(origin.decode("latin-1"), path)
        extra = [(b"vary", b"Origin")]
        if allowed:
            extra += [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _TOLD),
            ]
        asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
        if scope.get("method") == "OPTIONS" and asks:
            headers = [*extra, *(_PREFLIGHT if allowed else [])]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await next_app(scope, receive, told)

    async def _allows(self, origin: str, path: str) -> bool:
        slugs = (await self._lists()).get(origin, frozenset())
        if path.startswith(API):
            return bool(slugs)
        segments = path.removeprefix(MEDIA).split("/")
        if segments[0] == "t":  # the token stands in the path
            segments = segments[2:]
        return bool(segments) and segments[0] in slugs

    async def _lists(self) -> Mapping[str, frozenset[str]]:
        """By origin, the venues that allow it; a few seconds old at most."""
        now = self._clock.monotonic()
        if self._read_at is None or now - self._read_at > REMEMBER_S:
            query = select(Venue.slug, Venue.mode, Venue.player_origins)
            found: dict[str, set[str]] = {}
            async with self._db.read() as tx:
                for slug, mode, origins in await tx.execute(query):
                    for origin in origins:
                        # A live venue's page is never one on somebody's own machine.
                        if mode is Mode.TEST or origin.startswith("https://"):
                            found.setdefault(origin, set()).add(slug)
            self._venues = {origin: frozenset(slugs) for origin, slugs in found.items()}
            self._read_at = now
        return self._venues
