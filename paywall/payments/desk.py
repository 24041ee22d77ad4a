"""The payment use cases of one installation, wired once by create_app."""

from __future__ import annotations

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.payments.consequences import Consequences
from paywall.payments.credentials import Gateways
from paywall.payments.finish import Finisher
from paywall.payments.inbox import Inbox
from paywall.payments.mandates import MandateDesk
from paywall.payments.reconcile import Reconciler
from paywall.payments.refund import Refunder
from paywall.payments.settle import Settler
from paywall.payments.start import Starter


class PaymentDesk:
    """Everything that starts, settles and gives back money, over one database and clock."""

    def __init__(
        self, db: Database, clock: Clock, gateways: Gateways, consequences: Consequences
    ) -> None:
        self.gateways = gateways
        self.settler = Settler(db, clock, consequences)
        self.starter = Starter(db, clock, gateways, self.settler)
        self.refunder = Refunder(db, clock, gateways, self.settler)
        self.finisher = Finisher(db, clock, gateways, self.settler)
        self.mandates = MandateDesk(db, clock, gateways)
        self.inbox = Inbox(db, clock, gateways, self.settler)
        self.reconciler = Reconciler(
            db, clock, gateways, self.settler, self.starter, self.refunder, self.finisher
        )

    async def tick(self) -> int:
        """One round of the worker: webhooks first, then what is still open. How many rows."""
        done = await self.inbox.tick() + await self.reconciler.tick()
        return done + await self.mandates.tick()
