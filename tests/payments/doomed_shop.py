"""A shop's process that sends one committed payment; tests kill it in the middle of the call."""

from __future__ import annotations

import asyncio
import base64
import sys

from infra.adapters.sandbox import SandboxCredentials, SandboxGateway
from infra.adapters.wire import Wire
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.payments.credentials import Gateways
from paywall.payments.desk import PaymentDesk
from paywall.payments.tables import Payment
from tests.payments.conftest import Recorder


async def send(database_url: str, sandbox_url: str, payment_id: str, master: str) -> None:
    db, clock = Database(database_url), SystemClock()
    async with Wire() as wire:
        gateways = Gateways(
            db,
            clock,
            Sealer(base64.b64decode(master)),
            {"sandbox": lambda c: SandboxGateway(wire, sandbox_url, SandboxCredentials(**c))},
        )
        desk = PaymentDesk(db, clock, gateways, Recorder())
        async with db.read() as tx:
            payment = await tx.get_one(Payment, payment_id)
        await desk.starter.send(payment)


if __name__ == "__main__":
    asyncio.run(send(*sys.argv[1:5]))
