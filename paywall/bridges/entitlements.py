"""Answers what entitlements asks of the catalogue, and lets players in, together in a crowd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import bindparam, select

from entitlements import sessions
from entitlements.denylist import Denylist
from entitlements.edge import Edge
from entitlements.edge_keys import load_edge_ring
from entitlements.grants import Allowed, Refused, decide, grants_of
from entitlements.issue import (
    Admitted,
    Issuer,
    IssueRequest,
    PlaybackAnswer,
    RenewedToken,
    Terms,
    issue_many,
)
from entitlements.keys import KeyRing, ensure_key, load_ring
from entitlements.ports import Kind, Watchable, Window
from entitlements.sessions import Alive, Beat, Ended
from entitlements.tables import Transport
from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock, iso
from infra.kernel.db import Database, Tx, padded
from infra.kernel.errors import Forbidden, Gone, NotFound, PaymentRequired
from infra.kernel.group import GroupCommit
from infra.kernel.seal import Sealer
from paywall.accounts.tables import Customer
from paywall.catalogue.tables import Event, EventState, Mode, Replay, Stream, Venue

log = structlog.get_logger("paywall.playback")

FAR = timedelta(days=365 * 50)
OVERRUN = timedelta(hours=2)
"""A concert may run over; the picture stays open this long after its announced end."""
RING_LIFE_S = 60.0
EMBEDDED_EDGE = "embedded"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One event with what playing it needs: where its pictures come from, and its venue's clock."""

    watchable: Watchable
    venue_id: str
    issuer: str
    clock_offset_s: int
    test: bool
    live: tuple[str, str] | None  # (kind, source)
    replay: tuple[str, str] | None


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks to watch."""

    account_id: str
    event_id: str
    kind: Kind
    transport: Transport
    device_id: str


# Built once: everybody who presses play asks for it.
_STAGES = (
    select(Event, Venue.clock_offset_s, Venue.mode, Venue.slug, Stream, Replay)
    .join(Venue, Venue.id == Event.venue_id)
    .outerjoin(Stream, Stream.event_id == Event.id)
    .outerjoin(Replay, Replay.event_id == Event.id)
    .where(Event.id.in_(bindparam("events", expanding=True)), Event.state != EventState.DRAFT)
    .order_by(Stream.id.desc(), Replay.id.desc())
)


async def load_stages(tx: Tx, event_ids: Sequence[str], public_url: str) -> dict[str, Stage]:
    """The stages of published or cancelled events, by id; one statement."""
    stages: dict[str, Stage] = {}
    for event, offset_s, mode, slug, stream, replay in await tx.execute(
        _STAGES, {"events": padded(event_ids)}
    ):
        stages[event.id] = _stage(event, offset_s, mode, slug, stream, replay, public_url)
    return stages


def _stage(
    event: Event,
    offset_s: int,
    mode: Mode,
    slug: str,
    stream: Stream | None,
    replay: Replay | None,
    public_url: str,
) -> Stage:
    live = replay_window = None
    if stream is not None:
        doors = event.starts_at - timedelta(seconds=event.doors_s)
        live = Window(doors, event.ends_at + OVERRUN)
    if replay is not None:
        replay_window = Window(replay.available_from, replay.available_until or event.ends_at + FAR)
    return Stage(
        watchable=Watchable(
            event_id=event.id,
            venue_id=event.venue_id,
            season_id=event.season_id or "",
            live=live,
            replay=replay_window,
            path_prefix=f"/{slug}/{event.id}/",
            stopped="the event was cancelled" if event.state is EventState.CANCELLED else "",
        ),
        venue_id=event.venue_id,
        issuer=f"{public_url}/venues/{slug}",
        clock_offset_s=offset_s,
        test=mode is Mode.TEST,
        live=None if stream is None else (stream.kind, stream.source),
        replay=None if replay is None else (replay.kind, replay.source),
    )


def refusal(refused: Refused) -> PaymentRequired | Forbidden:
    """The problem that says why not: 402 for what was not bought, else 403 with the code."""
    kind = PaymentRequired if refused.code == "not_bought" else Forbidden
    problem = kind(refused.detail, code=refused.code)
    if refused.opens_at is not None:
        problem.extra["opens_at"] = iso(refused.opens_at)
    return problem


class Playback:
    """Lets players in and keeps them in. One per process; keys and denials are caches of rows."""

    def __init__(
        self, db: Database, clock: Clock, sealer: Sealer, terms: Terms, public_url: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer
        self._terms = terms
        self._public_url = public_url
        self._issuer: Issuer | None = None
        self._ring: KeyRing | None = None
        self._loaded_at = 0.0
        self.denylist = Denylist()
        self.edge: Edge | None = None
        self._seats: GroupCommit[Seat, Admitted] = GroupCommit(self._admit, max_size=64)
        self._beats: GroupCommit[Beat, Alive] = GroupCommit(self._keep, max_size=128)

    async def start(self, seat: Seat) -> PlaybackAnswer:
        """Admit the seat and mint its tokens, or raise 402, 403 or 404 with the reason."""
        issuer, _ = await self.keys()
        return issuer.answer(await self._seats.submit(seat))

    async def beat(self, beat: Beat, secret: str) -> tuple[Alive, RenewedToken | None]:
        """Keep a session alive; a renewed token comes with it when one is due."""
        issuer, _ = await self.keys()
        self._check_secret(issuer, beat.sid, secret)
        alive = await self._beats.submit(beat)
        renewed = None
        if alive.renew:
            venue_issuer = await self._issuer_of(alive.session.venue_id)
            renewed = issuer.renewed(venue_issuer, alive, self._clock.machine())
        return alive, renewed

    async def stop(self, sid: str, secret: str, last: Beat | None = None) -> None:
        """The player stopped. `last`: what it had to say since its last beat."""
        issuer, _ = await self.keys()
        self._check_secret(issuer, sid, secret)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            if last is not None and last.says_something:
                await sessions.beat(tx, [last], now)
            await sessions.stop(tx, [sid], now)

    async def may_watch(
        self, tx: Tx, customer_id: str, stage: Stage, kind: Kind
    ) -> Allowed | Refused:
        """What would be answered now, without opening anything: for pages."""
        held = await grants_of(tx, [(customer_id, stage.watchable)])
        now = self._clock.now(stage.clock_offset_s)
        return decide(held.get(customer_id, []), stage.watchable, kind, now)

    async def keys(self) -> tuple[Issuer, KeyRing]:
        """The loaded keys, at most a minute old; the first call makes the first key."""
        now = self._clock.monotonic()
        if self._issuer is None or self._ring is None:
            await self._load(now)
        elif now - self._loaded_at > RING_LIFE_S:
            self._loaded_at = now  # the others go on with the old ring while one looks
            try:
                await self._load(now)
            except DatabaseAway:
                # Players go on without the database: the keys at hand are good for hours.
                log.warning("signing keys were not read again")
        assert self._issuer is not None
        assert self._ring is not None
        return self._issuer, self._ring

    async def _load(self, now: float) -> None:
        if self._issuer is None:
            async with self._db.transaction() as tx:
                await ensure_key(tx, self._sealer, self._clock.machine())
        async with self._db.read() as tx:
            ring = await load_ring(tx, self._sealer)
            edge_ring = await load_edge_ring(tx, self._sealer, EMBEDDED_EDGE)
        self._ring = ring
        if self.edge is None or self.edge.ring.generation != edge_ring.generation:
            self.edge = Edge(edge_ring, self.denylist)
        self._issuer = Issuer(ring, self.edge.ring, self._sealer, self._terms)
        self._loaded_at = now

    async def refresh_denials(self) -> None:
        """One poll of the denylist; the web process does it each second."""
        async with self._db.read() as tx:
            await self.denylist.refresh(tx, self._clock.machine())

    def _check_secret(self, issuer: Issuer, sid: str, secret: str) -> None:
        if not issuer.beat_secret_fits(sid, secret):
            raise Forbidden("This is not the session's own secret.", code="bad_session_secret")

    async def _admit(self, seats: Sequence[Seat]) -> list[Admitted | Exception]:
        async with self._db.transaction() as tx:
            stages = await load_stages(tx, [s.event_id for s in seats], self._public_url)
            customers = await _customers(tx, seats, stages)
            answers: dict[int, Admitted | Exception] = {}
            requests: dict[int, IssueRequest] = {}
            for n, seat in enumerate(seats):
                stage = stages.get(seat.event_id)
                if stage is None:
                    answers[n] = NotFound("event")
                    continue
                customer_id = customers.get((stage.venue_id, seat.account_id), "")
                requests[n] = _issue_request(seat, stage, customer_id)
            now = self._clock.machine()
            judged = await issue_many(tx, list(requests.values()), self._terms, now)
        for n, answer in zip(requests, judged, strict=True):
            answers[n] = refusal(answer) if isinstance(answer, Refused) else answer
        return [answers[n] for n in range(len(seats))]

    async def _keep(self, beats: Sequence[Beat]) -> list[Alive | Exception]:
        async with self._db.transaction() as tx:
            answers = await sessions.beat(
                tx, beats, self._clock.machine(), header_life_s=self._terms.header_life_s
            )
        return [_ended(a) if isinstance(a, Ended) else a for a in answers]

    async def _issuer_of(self, venue_id: str) -> str:
        async with self._db.read() as tx:
            slug = await tx.scalar(select(Venue.slug).where(Venue.id == venue_id))
        return f"{self._public_url}/venues/{slug}"


def _ended(ended: Ended) -> Gone:
    words = {
        "refunded": "This was refunded, so it can't be watched any more.",
        "over": "The time to watch this is over.",
        "stopped": "This player was stopped.",
        "silent": "This player was silent for too long. Press play to go on.",
    }
    # Only a word is a code; other reasons are sentences for the venue's staff.
    code = ended.reason if ended.reason.isidentifier() else "stopped"
    return Gone(words.get(ended.reason, "This player's session has ended."), code=code)


async def _customers(
    tx: Tx, seats: Sequence[Seat], stages: Mapping[str, Stage]
) -> dict[tuple[str, str], str]:
    query = select(Customer.venue_id, Customer.account_id, Customer.id).where(
        Customer.account_id.in_(padded(seat.account_id for seat in seats)),
        Customer.venue_id.in_(padded(stage.venue_id for stage in stages.values())),
    )
    return {(v, a): id_ for v, a, id_ in await tx.execute(query)}


def _issue_request(seat: Seat, stage: Stage, customer_id: str) -> IssueRequest:
    return IssueRequest(
        venue_id=stage.venue_id,
        issuer=stage.issuer,
        customer_id=customer_id,
        event=stage.watchable,
        kind=seat.kind,
        transport=seat.transport,
        device_id=seat.device_id,
        clock_offset_s=stage.clock_offset_s,
    )


async def stage_now(tx: Tx, event_id: str, public_url: str) -> Stage:
    """One event's stage, or NotFound."""
    stages = await load_stages(tx, [event_id], public_url)
    if event_id not in stages:
        raise NotFound("event")
    return stages[event_id]


def business_now(stage: Stage, clock: Clock) -> datetime:
    return clock.now(stage.clock_offset_s)
