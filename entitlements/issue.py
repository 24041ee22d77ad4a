"""Letting a player in: decide, write the session, mint its tokens, and renew them with beats.

`issue_many` and `sessions.beat` take lists inside a transaction, so that waiting requests share
one (infra.kernel.group); signing happens afterwards, with no transaction open.
"""

from __future__ import annotations

import hmac
import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from entitlements import grants, jose, sessions
from entitlements.edge_keys import EdgeRing
from entitlements.grants import Allowed, Refused
from entitlements.keys import KeyRing
from entitlements.ports import Kind, Watchable, Window
from entitlements.sessions import Alive, BeatSecrets, NewSession
from entitlements.tables import Transport
from entitlements.tokens import (
    NBF_BACKDATE_S,
    EntitlementClaims,
    PlaybackClaims,
    mint_entitlement,
    mint_playback,
)
from infra.kernel.clock import epoch_s, from_epoch_s
from infra.kernel.db import Tx
from infra.kernel.seal import Sealer

_DEVICE_ID = re.compile(r"[\x20-\x7e]{0,64}")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long tokens live and where things are; one per installation. URLs end without a slash."""

    media_url: str
    api_url: str
    entitlement_audience: str = "entitlement"
    entitlement_life_s: int = 600
    header_life_s: int = 300
    path_life_max_s: int = 6 * 3600
    path_margin_s: int = 1800
    """A path token can't be renewed, so it outlives the right by this much: concerts overrun."""
    beat_jitter: float = 0.2
    """Players spread their beats by this share of the interval, so that they don't come at once."""


class IssueRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One player that asks to be let in. The caller has proven who `customer_id` is.

    `issuer` is the venue's issuer URL; `clock_offset_s` its clock's (business time).
    """

    venue_id: str
    issuer: str
    customer_id: str
    event: Watchable
    kind: Kind
    transport: Transport
    device_id: str = ""
    clock_offset_s: int = 0


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is written; `Issuer.answer` makes the tokens after the commit."""

    request: IssueRequest
    sid: str
    grant_id: str
    window: Window
    token_until_at: datetime
    epoch: int
    now: datetime


class Urls(msgspec.Struct, frozen=True):
    hls: str


class Heartbeat(msgspec.Struct, frozen=True):
    url: str
    interval_s: int
    jitter: float
    secret: str


class WindowView(msgspec.Struct, frozen=True):
    """When the right holds, in the venue's business time, whole seconds."""

    from_: datetime = msgspec.field(name="from")
    until: datetime


class PlaybackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of 201. `exp` is the playback token's end, in RFC 3339 and whole seconds: the same
    moment as the token's own `exp` claim, which counts Unix seconds. `refresh_after` counts seconds
    from now (a player's clock may be wrong) and is null where the token can't be renewed."""

    session_id: str
    urls: Urls
    transport: Transport
    token: str
    exp: datetime
    refresh_after: int | None
    heartbeat: Heartbeat
    window: WindowView
    entitlement: str


class RenewedToken(msgspec.Struct, frozen=True):
    token: str
    exp: datetime
    refresh_after: int


async def issue_many(
    tx: Tx, requests: Sequence[IssueRequest], terms: Terms, now: datetime
) -> list[Admitted | Refused]:
    """Judge each request and write the sessions of those let in; answers in order.

    `now` is machine time. Three statements for any number of requests, one more when a
    play window begins. The grants stay locked until the commit, so a refund at the same moment
    either refuses the session or finds and ends it.
    """
    held = await grants.grants_of(
        tx, [(request.customer_id, request.event) for request in requests], lock=True
    )
    epochs = await sessions.min_epochs(tx, {request.event.event_id for request in requests})
    answers = [
        _judge(request, held.get(request.customer_id, []), terms, epochs, now)
        for request in requests
    ]
    begun: dict[datetime, list[str]] = {}
    opened = []
    for answer in answers:
        if isinstance(answer, Refused):
            continue
        admitted, decision = answer
        opened.append(_session(admitted))
        if decision.starts_play:
            begun.setdefault(_business(admitted.request, now), []).append(decision.grant_id)
    for moment, grant_ids in begun.items():
        played = await grants.start_first_play(tx, grant_ids, moment)
        assert played.keys() == set(grant_ids), "a locked grant changed"
    await sessions.open_sessions(tx, opened, now)
    return [answer if isinstance(answer, Refused) else answer[0] for answer in answers]


def _judge(
    request: IssueRequest,
    held: Sequence[grants.GrantFacts],
    terms: Terms,
    epochs: dict[str, int],
    now: datetime,
) -> tuple[Admitted, Allowed] | Refused:
    # Refused and not raised: a bad request must not fail the others in its transaction.
    if not _DEVICE_ID.fullmatch(request.device_id):
        return Refused("device_id", "Send a device_id of up to 64 printable ASCII characters.")
    business_now = _business(request, now)
    decision = grants.decide(held, request.event, request.kind, business_now)
    if isinstance(decision, Refused):
        return decision
    # Business time runs ahead of machine time by the venue's offset; tokens are machine time.
    ends_at = decision.window.end - timedelta(seconds=request.clock_offset_s)
    if request.transport is Transport.PATH:
        ends_at += timedelta(seconds=terms.path_margin_s)
        until = min(ends_at, now + timedelta(seconds=terms.path_life_max_s))
    else:
        until = min(ends_at, now + timedelta(seconds=terms.header_life_s))
    if epoch_s(until) <= epoch_s(now):
        return Refused("over", "The time to watch this is over.")
    admitted = Admitted(
        request=request,
        sid=sessions.new_sid(),
        grant_id=decision.grant_id,
        window=decision.window,
        token_until_at=until,
        epoch=epochs.get(request.event.event_id, 0),
        now=now,
    )
    return admitted, decision


def _business(request: IssueRequest, now: datetime) -> datetime:
    return now + timedelta(seconds=request.clock_offset_s)


def _session(admitted: Admitted) -> NewSession:
    request = admitted.request
    right_ends_at = admitted.window.end - timedelta(seconds=request.clock_offset_s)
    path = request.transport is Transport.PATH
    return NewSession(
        sid=admitted.sid,
        venue_id=request.venue_id,
        customer_id=request.customer_id,
        event_id=request.event.event_id,
        grant_id=admitted.grant_id,
        kind=request.kind,
        transport=request.transport,
        device_id=request.device_id,
        path_prefix=request.event.prefix(request.kind),
        until_at=admitted.token_until_at if path else right_ends_at,
        token_until_at=admitted.token_until_at,
    )


class Issuer:
    """Mints what sessions need. Holds loaded keys only; the caller replaces it when rings turn."""

    def __init__(self, keys: KeyRing, edge: EdgeRing, sealer: Sealer, terms: Terms) -> None:
        self._keys = keys
        self._edge = edge
        self._terms = terms
        self._secrets = BeatSecrets(sealer)
        self._pseudonyms = sealer.key("playback subject v1")

    def answer(self, admitted: Admitted) -> PlaybackAnswer:
        """The 201 body: one ES256 and one HS256 signature."""
        request, terms = admitted.request, self._terms
        header = request.transport is Transport.HEADER
        token = mint_playback(
            self._edge.signer(admitted.now),
            self._playback_claims(
                issuer=request.issuer,
                venue_id=request.venue_id,
                customer_id=request.customer_id,
                event_id=request.event.event_id,
                sid=admitted.sid,
                prefix=request.event.prefix(request.kind),
                kind=request.kind,
                epoch=admitted.epoch,
                now=admitted.now,
                until=admitted.token_until_at,
            ),
        )
        mount = terms.media_url if header else f"{terms.media_url}/t/{token}"
        return PlaybackAnswer(
            session_id=admitted.sid,
            urls=Urls(mount + request.event.prefix(request.kind) + request.event.manifest),
            transport=request.transport,
            token=token,
            exp=_second(admitted.token_until_at),
            refresh_after=_refresh_after(admitted.token_until_at, admitted.now) if header else None,
            heartbeat=Heartbeat(
                f"{terms.api_url}/v1/playback/sessions/{admitted.sid}/beat",
                sessions.BEAT_S,
                terms.beat_jitter,
                self._secrets.of(admitted.sid),
            ),
            window=WindowView(_second(admitted.window.start), _second(admitted.window.end)),
            entitlement=self._entitlement(admitted),
        )

    def renewed(self, issuer: str, alive: Alive, now: datetime) -> RenewedToken:
        """A newer playback token of the same session, after a beat that said `renew`."""
        assert alive.renew, "this beat earned no token"
        session = alive.session
        until = min(session.until_at, now + timedelta(seconds=self._terms.header_life_s))
        claims = self._playback_claims(
            issuer=issuer,
            venue_id=session.venue_id,
            customer_id=session.customer_id,
            event_id=session.event_id,
            sid=session.id,
            prefix=session.path_prefix,
            kind=session.kind,
            epoch=alive.min_epoch,
            now=now,
            until=until,
        )
        token = mint_playback(self._edge.signer(now), claims)
        return RenewedToken(token, _second(until), _refresh_after(until, now))

    def beat_secret_fits(self, sid: str, secret: str) -> bool:
        return self._secrets.fits(sid, secret)

    def _entitlement(self, admitted: Admitted) -> str:
        request = admitted.request
        issued = epoch_s(admitted.now)
        right_ends = epoch_s(admitted.window.end) - request.clock_offset_s
        claims = EntitlementClaims(
            iss=request.issuer,
            aud=self._terms.entitlement_audience,
            sub=request.customer_id,
            sid=admitted.sid,
            evt=request.event.event_id,
            cls=request.kind,
            win=(epoch_s(admitted.window.start), epoch_s(admitted.window.end)),
            iat=issued,
            nbf=issued - NBF_BACKDATE_S,
            exp=min(issued + self._terms.entitlement_life_s, max(right_ends, issued + 1)),
        )
        return mint_entitlement(self._keys.signer, claims)

    def _playback_claims(
        self,
        *,
        issuer: str,
        venue_id: str,
        customer_id: str,
        event_id: str,
        sid: str,
        prefix: str,
        kind: Kind,
        epoch: int,
        now: datetime,
        until: datetime,
    ) -> PlaybackClaims:
        # Not the customer's id: edge logs belong to others. The same person has another
        # pseudonym at every event.
        whom = f"{venue_id} {customer_id} {event_id}".encode()
        subject = jose.b64(hmac.digest(self._pseudonyms, whom, "sha256")[:16]).decode()
        issued = epoch_s(now)
        return PlaybackClaims(
            iss=issuer,
            aud=self._edge.audience,
            sub=subject,
            sid=sid,
            evt=event_id,
            pth=prefix,
            cls=kind,
            ep=epoch,
            iat=issued,
            nbf=issued - NBF_BACKDATE_S,
            exp=epoch_s(until),
        )


def _second(at: datetime) -> datetime:
    """The whole second that a token's claim would say."""
    return from_epoch_s(epoch_s(at))


def _refresh_after(until: datetime, now: datetime) -> int:
    """At 50 to 80 % of the token's life, at random, so that a crowd doesn't renew at once."""
    share = random.uniform(0.5, 0.8)  # noqa: S311 - spreads load, protects nothing
    return max(1, int((until - now).total_seconds() * share))
