"""What routes and pages may reach for: the parts that create_app was given, and the use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.key_desk import KeyDesk
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.accounts.identify import Identities
from paywall.accounts.people import People
from paywall.accounts.ports import Limiter
from paywall.bridges.churn_acts import VenueActs
from paywall.bridges.entitlements import Playback
from paywall.bridges.help import Help
from paywall.bridges.media import MediaStore
from paywall.bridges.support_cases import CaseWork
from paywall.bridges.support_desk import ActDesk
from paywall.bridges.support_talk import SupportTalk
from paywall.checkout.buy import Buy
from paywall.checkout.go_live import GoLive
from paywall.checkout.refund import RefundOrder
from paywall.checkout.sell_directly import SellDirectly
from paywall.checkout.shelf import Shelves
from paywall.crm.visits import Visits
from paywall.mailings.clicks import Clicks
from paywall.mailings.unsubscribe import Unsubscribes
from paywall.notices.outbox import Outbox
from paywall.notices.receipts import ReceiptShelf
from paywall.notices.webhooks import Webhooks
from paywall.payments.desk import PaymentDesk
from support_bot.ports import Bots


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """One running product's organs. Tests build others; nothing here is a singleton."""

    settings: Settings
    clock: Clock
    db: Database
    sealer: Sealer
    keys: KeyDesk
    identities: Identities
    people: People
    limiter: Limiter
    """Counts guesses: log-ins, codes, coupons."""
    quotas: Limiter
    """Counts requests."""
    outbox: Outbox
    receipts: ReceiptShelf
    webhooks: Webhooks
    desk: PaymentDesk
    shelves: Shelves
    buy: Buy
    sell: SellDirectly
    refunds: RefundOrder
    live: GoLive
    playback: Playback
    media: MediaStore
    bots: Bots
    """The bot process, which may be away."""
    talk: SupportTalk
    acts: ActDesk
    cases: CaseWork
    unsubscribes: Unsubscribes
    venue_acts: VenueActs
    """What triggers do to people."""
    clicks: Clicks
    """Links of marketing mails."""
    visits: Visits
    """Who came to the pages, until it is written."""
    help: Help = field(default_factory=Help)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What is closed, in reverse order, when the process ends."""

    async def close(self) -> None:
        for close in reversed(self.closing):
            await close()
