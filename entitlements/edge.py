"""May this request have this file? Arithmetic only: no database, no clock, no framework.

The embedded edge calls `Edge.check`; edges elsewhere (nginx, CDN functions) follow the same rules.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from entitlements import jose
from entitlements.edge_keys import EdgeRing
from entitlements.jose import Refusal, VerifyKey
from entitlements.tokens import PLAYBACK_TYP, Claims, verify
from infra.kernel.clock import epoch_s

MAX_PATH_BYTES = 4096
MAX_SEGMENTS = 24
# What media files are called. Everything else is refused and not decoded: `%`, `;`, `\`, spaces,
# control characters and all that two programs might read differently (`%2e`, `%252f`, `%00`).
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_TOKEN_SEGMENT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Pass(msgspec.Struct, frozen=True):
    """Serve `path`: below the mount, without the token, so that all viewers share one object."""

    path: str
    claims: Claims


class Deny(msgspec.Struct, frozen=True):
    """Answer with `status` (401: bring a token, or a newer one; 403: not with this one) and
    `Cache-Control: no-store`."""

    status: int
    code: str


class Barred(Protocol):
    """What an edge knows of revocations; `entitlements.denylist.Denylist` is one."""

    def denies(self, sid: str) -> bool: ...

    def min_epoch(self, event_id: str) -> int: ...


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the raw request target before `?`, never decoded by a framework; `query` what
    follows. `authorization` is that header's value. `country` is ISO 3166-1 alpha-2, and only
    from a trusted proxy."""

    path: str
    method: str = "GET"
    query: str = ""
    authorization: str = ""
    country: str = ""


class Edge:
    """One edge of one group, with a bounded memory of tokens whose signature it has verified.

    `issuer` binds the edge to one tenant's host name; None serves all venues of the installation
    (the embedded size), where the prefix in the token keeps them apart.
    """

    def __init__(
        self,
        ring: EdgeRing,
        barred: Barred,
        *,
        issuer: str | None = None,
        mount: str = "/media",
        remember: int = 10_000,
    ) -> None:
        assert not mount.endswith("/"), "a mount has no slash at its end"
        self.ring = ring
        self._barred = barred
        self._issuer = issuer
        self._mount = mount
        self._remember = remember
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._verified_under: Mapping[str, VerifyKey] = {}

    def check(self, request: Request, now: datetime) -> Pass | Deny:
        """Judge one request at machine time `now`. Never raises, whatever the request holds."""
        split = split_path(request.path, self._mount)
        if split is None:
            return Deny(403, "path")
        path, in_path = split
        token = in_path or _bearer(request.authorization)
        if token is None:
            return Deny(401, "no_token")
        claims = self._claims(token, now)
        if isinstance(claims, Refusal):
            # A player can mend these by renewing; any other refusal stays one.
            return Deny(401 if claims.code in {"expired", "not_yet"} else 403, claims.code)
        code = self._refuse(claims, path, request)
        if code is not None:
            return Deny(401 if code == "epoch" else 403, code)
        return Pass(path, claims)

    def _claims(self, token: str, now: datetime) -> Claims | Refusal:
        if len(token) > jose.MAX_TOKEN_BYTES:  # before anything is computed from it
            return Refusal("too_long", f"A token has at most {jose.MAX_TOKEN_BYTES} bytes.")
        name = jose.fingerprint(token)
        keys = self.ring.verifiers(now)
        if keys is not self._verified_under:  # a key came or went: what it signed is asked again
            self._verified.clear()
            self._verified_under = keys
        known = self._verified.get(name)
        # Only what can't change with time is remembered: exp, denial and epoch are judged anew.
        if known is not None and epoch_s(now) < known["exp"]:
            return known
        verdict = verify(
            token,
            keys,
            audience=self.ring.audience,
            issuer=self._issuer,
            typ=PLAYBACK_TYP,
            now=now,
        )
        if isinstance(verdict, Refusal):
            return verdict
        self._verified[name] = verdict
        if len(self._verified) > self._remember:
            self._verified.popitem(last=False)
        return verdict

    def _refuse(self, claims: Claims, path: str, request: Request) -> str | None:
        if not covers(claims["pth"], claims["cls"], path):
            return "prefix"
        if self._barred.denies(claims["sid"]):
            return "revoked"
        if claims["ep"] < self._barred.min_epoch(claims["evt"]):
            return "epoch"
        if request.method not in claims.get("m", "GET,HEAD").split(","):
            return "method"
        if "q" in claims and request.query != claims["q"]:
            return "query"
        if not _country_allowed(claims.get("co"), request.country):
            return "geo"
        return None


def check(
    request: Request,
    ring: EdgeRing,
    barred: Barred,
    now: datetime,
    *,
    issuer: str | None = None,
    mount: str = "/media",
) -> Pass | Deny:
    """One check without memory; `Edge` is what serves traffic."""
    return Edge(ring, barred, issuer=issuer, mount=mount, remember=0).check(request, now)


def split_path(raw: str, mount: str) -> tuple[str, str | None] | None:
    """(path below the mount, token in it or None); None when the URI is not in the one spelling.

    Nothing is decoded or resolved: a URI with an encoded character, an empty, `.` or `..`
    segment, a backslash, a parameter (`;`) or any character outside the list is refused, so the
    edge and whatever reads the file behind it can't read it differently.
    """
    if len(raw) > MAX_PATH_BYTES or not raw.startswith(mount + "/"):
        return None
    segments = raw[len(mount) + 1 :].split("/")
    token = None
    if segments[0] == "t" and len(segments) > 1:
        token, segments = segments[1], segments[2:]
        if not _TOKEN_SEGMENT.fullmatch(token):
            return None
    if not segments or len(segments) > MAX_SEGMENTS:
        return None
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        return None
    return "/" + "/".join(segments), token


def covers(prefix: str, cls: str, path: str) -> bool:
    """Is the path below the prefix, on a segment boundary, in the family that the class opens?

    The last segment of a prefix is its family (`live/`, `replay/`), so that a token of one class
    opens nothing of another even where both lie under one event. Case counts.
    """
    return prefix.endswith(f"/{cls}/") and path.startswith(prefix) and len(path) > len(prefix)


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def _country_allowed(rule: Any, country: str) -> bool:
    if rule is None or rule == "g":
        return True
    return isinstance(rule, list) and bool(country) and country in rule[:5]


def denial_headers() -> Mapping[str, str]:
    """Headers of every refusal: nothing of it may be cached or leak the URL with its token."""
    return {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
