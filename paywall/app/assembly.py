"""Builds the parts of one installation from its settings: the only place that picks adapters."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from entitlements.issue import Terms
from infra.adapters.outside_http import OutsideClient
from infra.adapters.pull_http import HttpOutside
from infra.adapters.sandbox import SandboxCredentials, SandboxGateway
from infra.adapters.wire import Wire
from infra.kernel.clock import Clock, SystemClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from infra.kernel.key_desk import KeyDesk
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.accounts.identify import Identities
from paywall.accounts.limits import MemoryLimiter
from paywall.accounts.people import make_people
from paywall.accounts.ports import Limiter
from paywall.app.support import support
from paywall.bridges.churn_acts import VenueActs
from paywall.bridges.entitlements import Playback
from paywall.bridges.media import MediaStore
from paywall.bridges.pull import Pull
from paywall.checkout.announce import Announcer
from paywall.checkout.buy import Buy
from paywall.checkout.consequences import OrderConsequences
from paywall.checkout.go_live import GoLive
from paywall.checkout.refund import RefundOrder
from paywall.checkout.sell_directly import SellDirectly
from paywall.checkout.shelf import Shelves
from paywall.crm.visits import Visits
from paywall.http.parts import Parts
from paywall.mailings.clicks import Clicks
from paywall.mailings.unsubscribe import Unsubscribes
from paywall.notices.account_mails import AccountMails
from paywall.notices.outbox import Outbox
from paywall.notices.receipts import ReceiptShelf
from paywall.notices.webhooks import Webhooks
from paywall.payments.credentials import Factory, Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.port import Gateway
from support_bot.ports import Bots

if TYPE_CHECKING:
    from infra.adapters.taskiq_kick import SoonKicks

NAME = "Paywall"
"""What the installation calls itself in mails and to authenticators."""


def assemble(
    settings: Settings,
    *,
    clock: Clock | None = None,
    db: Database | None = None,
    bots: Bots | None = None,
) -> Parts:
    """Everything that a web process or a worker needs. Opens no connection by itself."""
    clock, wire = clock or SystemClock(), Wire()
    db = db or Database(settings.database(), pool_size=settings.db_pool)
    sealer = Sealer(settings.master())
    public_url = settings.public_url.rstrip("/")
    outbox = Outbox(sealer)
    unsubscribes = Unsubscribes(db, clock, sealer, public_url)
    clicks = Clicks(db, clock, sealer, public_url)
    announcer = Announcer(outbox, public_url)
    gateways = Gateways(db, clock, sealer, factories(settings, wire))
    desk = PaymentDesk(db, clock, gateways, OrderConsequences(announcer))
    outside = OutsideClient()
    pull = Pull(
        HttpOutside(outside, loopback_in_test=settings.webhooks_to_loopback),
        clock,
        sealer.key("pulled names v1"),
    )
    closing: list[Callable[[], Awaitable[None]]] = [
        *(db.close, wire.close, gateways.close, outside.close, pull.close)
    ]
    limiter, quotas = _limits(settings, clock, db, closing)
    people = make_people(
        db, clock, sealer=sealer, limiter=limiter, notices=AccountMails(outbox),
        public_url=public_url, name=NAME,
    )  # fmt: skip
    playback = Playback(db, clock, sealer, _terms(settings), public_url)
    refunds = RefundOrder(db, clock, announcer, desk.refunder)
    helping = support(
        settings, db, clock, sealer, outbox, announcer=announcer, limiter=limiter, people=people,
        playback=playback, refunds=refunds, bots=bots,
    )  # fmt: skip
    return Parts(
        settings=settings,
        clock=clock,
        db=db,
        sealer=sealer,
        keys=KeyDesk(db, clock, sealer),
        identities=Identities(db, clock),
        people=people,
        limiter=limiter,
        quotas=quotas,
        outbox=outbox,
        receipts=ReceiptShelf(db, clock),
        webhooks=Webhooks(db, clock, sealer, outbox),
        desk=desk,
        shelves=Shelves(db),
        buy=Buy(db, clock, announcer, desk.starter, desk.finisher, public_url),
        sell=SellDirectly(db, clock, sealer, announcer),
        refunds=refunds,
        live=GoLive(db, clock, settings),
        playback=playback,
        media=MediaStore(db, clock, settings.data_dir / "media", public_url, pull),
        bots=helping.bots,
        talk=helping.talk,
        acts=helping.acts,
        help=helping.help,
        cases=helping.cases,
        unsubscribes=unsubscribes,
        clicks=clicks,
        venue_acts=VenueActs(outbox, unsubscribes, clicks, public_url),
        visits=Visits(db, clock),
        closing=closing + helping.closing,
    )


def _terms(settings: Settings) -> Terms:
    public_url = settings.public_url.rstrip("/")
    return Terms(
        media_url=settings.media_url or f"{public_url}/media",
        api_url=public_url,
        header_life_s=settings.playback_token_s,
    )


def _limits(
    settings: Settings, clock: Clock, db: Database, closing: list[Callable[[], Awaitable[None]]]
) -> tuple[Limiter, Limiter]:
    """Who counts guesses and who counts requests; with Redis, jobs are rung there as well."""
    limiter: Limiter = MemoryLimiter(clock)
    # Apart, so that a flood of requests pushes no count of guesses out of memory.
    quotas: Limiter = MemoryLimiter(clock)
    if settings.redis_url:
        limiter, quotas, close = _shared_limits(settings.redis_url, clock)
        kicks = _kicks(settings.redis_url)
        db.woken = kicks
        closing += [close, kicks.close]
    return limiter, quotas


def _shared_limits(
    url: str, clock: Clock
) -> tuple[Limiter, Limiter, Callable[[], Awaitable[None]]]:
    # Redis is for the grown size alone: 7 MiB that an embedded web process need not carry.
    from redis.asyncio import Redis

    from infra.adapters.redis_limits import RedisLimiter

    redis = Redis.from_url(url)
    return RedisLimiter(redis, clock), RedisLimiter(redis, clock, prefix="quota"), redis.aclose


def _kicks(redis_url: str) -> SoonKicks:
    # Taskiq is for the grown size alone; an embedded web process need not carry it.
    from infra.adapters.taskiq_kick import SoonKicks, TaskiqKick

    return SoonKicks(TaskiqKick(redis_url))


def factories(settings: Settings, wire: Wire) -> dict[str, Factory]:
    """How each gateway is built from a merchant's credentials."""
    sandbox_url = settings.sandbox_url or f"http://127.0.0.1:{settings.port + 1}"

    def sandbox(raw: dict[str, Any]) -> Gateway:
        credentials = _credentials(raw, SandboxCredentials)
        credentials.check()
        return SandboxGateway(wire, sandbox_url, credentials)

    # The two SDKs are read only by an installation that has such an account: 10 MiB a process.
    def stripe(raw: dict[str, Any]) -> Gateway:
        from infra.adapters.stripe import StripeCredentials, StripeGateway

        return StripeGateway(_credentials(raw, StripeCredentials))

    def adyen(raw: dict[str, Any]) -> Gateway:
        from infra.adapters.adyen import AdyenCredentials, AdyenGateway

        credentials = _credentials(raw, AdyenCredentials)
        try:
            return AdyenGateway(credentials)
        except ValueError as error:  # a sentence that begins with the field's name
            raise Invalid(str(error).partition(" ")[0], str(error)) from error

    return {"sandbox": sandbox, "stripe": stripe, "adyen": adyen}


T = TypeVar("T")


def _credentials(raw: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, ValueError) as error:
        # "... missing required field `secret_key`", "... - at `$.secret_key`"
        named = re.search(r"field `(\w+)`|at `\$\.(\w+)", str(error))
        field = (named[1] or named[2]) if named else "credentials"
        raise Invalid(field, f"These credentials can't be used: {error}") from error
