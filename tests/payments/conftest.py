"""A till for tests: our payment desk over a real sandbox, its consequences written down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest
from sqlalchemy import select, update

from infra.adapters.sandbox import SandboxCredentials, SandboxGateway
from infra.kernel.clock import HandClock
from infra.kernel.db import Database, Tx
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from infra.kernel.seal import Sealer
from paywall.catalogue.tables import Mode
from paywall.payments.credentials import Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.port import Redirect, Snapshot
from paywall.payments.start import Started, Wanted, intend
from paywall.payments.tables import Dispute, GatewayAccount, InboxRow, Payment, Refund
from tests.conformance.benches.sandbox import Process, SandboxBench, merchant
from tests.conformance.gateway_bench import Act


class Recorder:
    """Consequences that only write down what they were told, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.dispute_fees: list[int] = []
        self.refuse: set[str] = set()  # payments whose capture can't be carried out

    def of(self, row_id: str) -> list[str]:
        return [what for what, whom in self.heard if whom == row_id]

    def _note(self, what: str, rows: Sequence[Payment | Refund | Dispute]) -> None:
        assert len({row.id for row in rows}) == len(rows) > 0
        for row in rows:
            assert row.id not in self.refuse, "told to refuse"
        self.heard += [(what, row.id) for row in rows]

    async def captured(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        self._note("captured", payments)

    async def fees_told(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        self._note("fee", payments)

    async def failed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        self._note("failed", payments)

    async def reversed(self, tx: Tx, payments: Sequence[Payment], now: datetime) -> None:
        self._note("reversed", payments)

    async def refunded(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        self._note("refunded", refunds)

    async def refund_failed(self, tx: Tx, refunds: Sequence[Refund], now: datetime) -> None:
        self._note("refund_failed", refunds)

    async def disputed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        self._note("disputed", disputes)

    async def dispute_closed(self, tx: Tx, disputes: Sequence[Dispute], now: datetime) -> None:
        self._note("dispute_closed", disputes)

    async def dispute_fees_told(
        self, tx: Tx, told: Sequence[tuple[Dispute, int]], now: datetime
    ) -> None:
        self._note("dispute_fee", [dispute for dispute, _ in told])
        self.dispute_fees += [more for _, more in told]


class Till:
    """One venue with one sandbox account, and the hands to move everything around it."""

    def __init__(self, db: Database, bench: SandboxBench, clock: HandClock) -> None:
        self.db, self.bench, self.clock = db, bench, clock
        self.heard = Recorder()
        self.url = bench.url
        self.gateways = Gateways(db, clock, Sealer(b"m" * 32), {"sandbox": self._build})
        self.desk = PaymentDesk(db, clock, self.gateways, self.heard)
        self.account: GatewayAccount

    def _build(self, credentials: dict[str, str]) -> SandboxGateway:
        return SandboxGateway(
            self.bench.wire, self.url, SandboxCredentials(**credentials), timeout_s=1
        )

    async def open(self) -> None:
        async with self.db.transaction() as tx:
            self.account = self.gateways.open_account(
                tx,
                self.clock.machine(),
                venue_id="ven_1",
                venue_mode=Mode.TEST,
                gateway="sandbox",
                credentials={
                    "secret_key": self.bench.credentials.secret_key,
                    "webhook_secret": self.bench.credentials.webhook_secret,
                },
            )

    def reborn(self) -> PaymentDesk:
        """A new process over the same database: nothing that was in memory is left."""
        self.gateways = Gateways(self.db, self.clock, Sealer(b"m" * 32), {"sandbox": self._build})
        self.desk = PaymentDesk(self.db, self.clock, self.gateways, self.heard)
        return self.desk

    async def intend(self, minor: int = 1299, *, later: bool = False, **more: object) -> Payment:
        wanted = Wanted(
            order_id=new_id("ord"),
            account=self.account,
            amount=Money(minor, "EUR"),
            description="Maud & the Tides, live",
            return_url="http://127.0.0.1:9/back/{payment_id}",
            email="ada@example.com",
            **more,  # type: ignore[arg-type]
        )
        async with self.db.transaction() as tx:
            (payment,) = intend(tx, [wanted], self.clock.machine(), later=later)
        return payment

    async def start(self, minor: int = 1299, **more: object) -> Started:
        return await self.desk.starter.send(await self.intend(minor, **more))

    async def pay(self, started: Started, act: Act = Act.SUCCEED) -> None:
        assert isinstance(started.next, Redirect)
        await self.bench._fill(started.next.url, act)

    async def paid(self, minor: int = 1299) -> Payment:
        started = await self.start(minor)
        await self.pay(started)
        await self.desk.reconciler.look(started.payment_id)
        return await self.payment(started.payment_id)

    async def deliver(self) -> list[str]:
        """Hand the webhooks that came to the inbox, and handle them; their kinds."""
        for inbound in await self.bench.webhooks():
            await self.desk.inbox.receive(self.account.hook_token, inbound)
        return await self.handle()

    async def handle(self) -> list[str]:
        await self.desk.inbox.tick()
        async with self.db.read() as tx:
            return list(await tx.scalars(select(InboxRow.kind).order_by(InboxRow.id)))

    async def move(self, **delta: float) -> None:
        """Time passes, here and at the processor."""
        before = self.clock.machine()
        self.clock.move(**delta)
        await self.bench.move_clock((self.clock.machine() - before).total_seconds())

    async def payment(self, payment_id: str) -> Payment:
        async with self.db.read() as tx:
            return await tx.get_one(Payment, payment_id)

    async def refund(self, refund_id: str) -> Refund:
        async with self.db.read() as tx:
            return await tx.get_one(Refund, refund_id)

    async def disputes(self) -> list[Dispute]:
        async with self.db.read() as tx:
            return list(await tx.scalars(select(Dispute)))

    async def inbox_row(self) -> InboxRow:
        async with self.db.read() as tx:
            return (await tx.scalars(select(InboxRow))).one()

    async def put(self, payment_id: str, **values: object) -> None:
        """Arrange a row as a crash would have left it."""
        async with self.db.transaction() as tx:
            await tx.execute(update(Payment).where(Payment.id == payment_id).values(**values))

    async def at_processor(self, payment_id: str) -> Snapshot:
        found = await self.bench.gateway.read(processor_ref="", payment_id=payment_id)
        assert found is not None
        return found


@pytest.fixture
async def till(database: Database, sandbox_process: Process) -> AsyncIterator[Till]:
    async with merchant(sandbox_process.url) as bench:
        made = Till(database, bench, HandClock(bench.now()))
        await made.open()
        yield made
        await bench.ask("POST", "/test/faults/clear")
